"""Fingerprints of texts: the same, nearly the same, others; and what they do not give away."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.ingest.mime import parse
from postbox.lib.envelope import MasterKeys
from postbox.screening.distil import distil_mail
from postbox.screening.fingerprints.prints import FEWEST_WORDS, NEAR_BANDS, Prints, prints_of
from postbox.screening.reading import annotated
from tests.screening.corpora import bodies, folder

TEXT = (
    "We are glad to tell you that the yearly audit of your bicycle fleet is complete and the certificates lie at the "
    "office. Please come by until Friday, or name a colleague who may take them for you. The invoice follows by post. "
    "Should anything be unclear, call the workshop in the morning; in the afternoon nobody is at the telephone."
)


def printed(text: str) -> Prints:
    found = prints_of(text)
    assert found is not None
    return found


def alike(first: str, second: str) -> bool:
    return len(set(printed(first).bands) & set(printed(second).bands)) >= NEAR_BANDS


def edited(text: str, share: float, chance: random.Random) -> str:
    words = text.split()
    for at in chance.sample(range(len(words)), round(share * len(words))):
        words[at] = "".join(chance.choices("bcdfgaeiou", k=7))
    return " ".join(words)


def test_the_same_text_has_the_same_prints_whatever_its_blanks_and_case() -> None:
    assert printed(TEXT) == printed(TEXT.replace(" ", "\n  ").upper())


@pytest.mark.parametrize(
    "other",
    [
        TEXT.replace("Friday", "Monday"),
        f"Dear Robin,\n\n{TEXT}\n\nhttps://click.example/u/8f3a9c?r=77",
        TEXT.replace("bicycle", "lorry") + " Reference 4471-A.",
    ],
)
def test_nearly_the_same_text_has_bands_in_common(other: str) -> None:
    assert printed(TEXT).exact != printed(other).exact
    assert alike(TEXT, other)


def test_scripts_without_blanks_and_letters_with_marks_are_compared_too() -> None:
    japanese = (
        "お世話になっております。自転車の年次点検が完了しましたので、証明書を金曜日までに事務所でお受け取りください。"
        * 2
    )
    assert alike(japanese, japanese.replace("金曜日", "月曜日"))
    german = TEXT.replace("audit", "Überprüfung").replace("office", "Geschäftsstelle")
    assert alike(german, german.replace("Friday", "Montag"))


@pytest.mark.parametrize(
    "text",
    ["", "Thanks!", "Thank you, I will look at it tomorrow.", "1 2 3 4 5 6 7 8 9 10 11 12 13", "a@b/c " * 50],
)
def test_a_very_short_text_does_not_count(text: str) -> None:
    assert prints_of(text) is None


def test_a_short_one_is_only_compared_as_a_whole() -> None:
    words = "Please find enclosed the drawings of both frames that you asked for"
    assert len(words.split()) == FEWEST_WORDS
    assert printed(words).bands == ()


def test_other_keys_make_other_prints(settings: Any) -> None:
    before = printed(TEXT)
    settings.POSTBOX_MASTER_KEYS = MasterKeys("bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4=")
    after = printed(TEXT)
    assert not {before.exact, *before.bands} & {after.exact, *after.bands}


@given(st.text(max_size=3000))
def test_any_text_has_prints_or_none_and_always_the_same(text: str) -> None:
    assert prints_of(text) == prints_of(text)


@pytest.mark.parametrize("text", ["a b " * 60_000, "x" * 250_000, "漢" * 250_000, "a@" * 125_000, " \n" * 125_000])
def test_a_large_text_takes_no_longer_than_its_octets(text: str) -> None:
    prints_of(text)
    began = time.thread_time()
    prints_of(text)
    assert time.thread_time() - began < 0.1


def test_real_mail_is_known_again_after_small_edits_and_is_not_taken_for_others() -> None:
    texts = [text for text in bodies(folder("ham/hard_ham"), "text/html")[:120] if len(text.split()) > 60]
    chance = random.Random(7)
    found = sum(alike(text, edited(text, 0.04, chance)) for text in texts)
    assert found >= 0.9 * len(texts)


def test_mails_of_unrelated_people_share_nothing() -> None:
    read = [parse(path.read_bytes()) for path in folder("ham/easy_ham_2")[:300]]
    own = [annotated(mail, distil_mail(mail)).reply_text for mail in read]
    texts = [text for text in own if prints_of(text)]
    assert len(texts) > 200
    seen: dict[str, int] = {}
    taken = 0
    for number, text in enumerate(texts):
        bands = printed(text).bands
        others = [seen[band] for band in bands if band in seen]
        taken += max((others.count(one) for one in set(others)), default=0) >= NEAR_BANDS
        seen |= dict.fromkeys(bands, number)
    assert taken <= 0.05 * len(texts)  # some of them write twice about the same
