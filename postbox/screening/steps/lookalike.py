"""Step ``lookalike``: whether the mail pretends to be from somebody else than its addresses say.

Decides by what a reader sees: the author's display name against the address behind it, the domains against those of the
owner and of who writes often, where an answer would go, and whether anybody knows this domain. Each finding is told
with its evidence; what it leads to is the policy's word, a flag where it says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from postbox.lib.orgdomain import organisational, organisational_label
from postbox.mail.models import Outcome
from postbox.mail.parsed import Mailbox, ParsedMail
from postbox.screening.case import Case, Verdict
from postbox.screening.likeness.own import ADDED, Own, look_of, name_words
from postbox.screening.likeness.shapes import one_off, shape, shown
from postbox.screening.steps.harm import GRAVEST_FIRST, outcome_of

name = "lookalike"
_ADDRESS = re.compile(r"[\w.+=-]{1,64}@([\w-]{1,63}(?>(?:\.[\w-]{1,63}){1,8}))")
_DOMAIN = re.compile(r"(?<![\w@.-])([\w-]{2,63}(?>(?:\.[\w-]{2,63}){1,8}))(?![\w@-])")
_NAME_CHARACTERS = 300
_QUOTED = 80
_COMPARED = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """What pretends: its code, its evidence in a sentence, and which setting of the policy has the word on it."""

    code: str
    words: str
    setting: str = "lookalike"


def check(case: Case) -> Verdict:
    if case.parsed is None or not case.parsed.from_:
        return Verdict(name, Outcome.SKIP, "no_author", "There is no author to compare.")
    found = list(_found(case, case.parsed, case.own or Own()))
    if not found:
        return Verdict(name, Outcome.PASS, "itself", "Nobody else is imitated.")
    checks = case.policy.checks
    outcome = min((outcome_of(getattr(checks, one.setting)) for one in found), key=GRAVEST_FIRST.index)
    return Verdict(name, outcome, found[0].code, " ".join(one.words for one in found))


def _found(case: Case, parsed: ParsedMail, own: Own) -> Iterator[Finding]:
    """The gravest first."""
    author = parsed.from_[0]
    root = _root(author)
    if author.name:
        yield from _in_name(author, root, own, case.policy.checks.people)
    for place, box in (
        ("The author's domain", author),
        *(("The domain of Reply-To", box) for box in parsed.reply_to[:5]),
    ):
        yield from _of_domain(place, box.address.rpartition("@")[2].lower(), own)
    yield from _elsewhere(parsed, root)
    if case.domain_is_new:
        yield Finding("new_domain", f"No mail from {_cut(root)} came to this owner before.", "new_domain")


def _in_name(author: Mailbox, root: str, own: Own, people: tuple[str, ...]) -> Iterator[Finding]:
    shown_name = unicodedata.normalize("NFKC", author.name[:_NAME_CHARACTERS])
    if held := _ADDRESS.search(shown_name):
        if organisational(held[1].lower()) != root:
            yield Finding(
                "name_holds_address",
                f"The author's name holds the address {_cut(held[0])}, but the mail is from {_cut(author.address)}.",
            )
        return
    if root in own.domains:
        return
    for word in _DOMAIN.findall(shown_name):
        if organisational(word.lower()) in own.domains | own.often and organisational(word.lower()) != root:
            yield Finding(
                "name_holds_domain", f"The author's name holds {_cut(word)}, but its address is at {_cut(root)}."
            )
            return
    words = name_words(shown_name)
    imitated = own.names.get(words) if words else None
    imitated = imitated or next((one for one in people if words and name_words(one) == words), None)
    if imitated:
        yield Finding(
            "lookalike_name",
            f'The author calls itself "{_cut(author.name)}", as {_cut(imitated)} is called here, but writes from '
            f"{_cut(root)}.",
        )


def _of_domain(place: str, domain: str, own: Own) -> Iterator[Finding]:
    """A domain that looks like one of ours, or of somebody who writes often, and is another."""
    root = organisational(domain)
    if not root or root in own.domains or root in own.often:
        return
    if domain not in own.compared:
        if len(own.compared) >= _COMPARED:
            own.compared.clear()
        own.compared[domain] = _imitated(domain, root, own)
    if imitated := own.compared[domain]:
        as_shown = shown(domain)
        spelt = f" (shown as {_cut(as_shown)})" if as_shown != domain else ""
        yield Finding("lookalike_domain", f"{place}, {_cut(domain)}{spelt}, looks like {imitated} and is another.")


def _imitated(domain: str, root: str, own: Own) -> str | None:
    look = look_of(root)
    found = own.looks.get(look) or next((own.near[near] for near in one_off(look) if near in own.near), None)
    if found and not _is_namesake(root, found, own):
        return found
    for protected in own.domains:  # mercer-bikes.example.login.test
        if f".{protected}." in f".{domain}":
            return protected
    return _with_added_words(root, look, own)


def _is_namesake(root: str, found: str, own: Own) -> bool:
    """Whether it is only somebody's name under another suffix: of our own that is an imitation, of others it is common,
    unless the suffix is nearly the same.
    """
    if found in own.domains or organisational_label(root) != organisational_label(found):
        return False
    return one_off(root.partition(".")[2]).isdisjoint(one_off(found.partition(".")[2]))


def _with_added_words(root: str, look: str, own: Own) -> str | None:
    """``mercer-bikes-support`` and ``supportmercerbikes`` for ``mercer-bikes``."""
    parts = shown(organisational_label(root)).split("-")
    own_parts = [part for part in parts if part.casefold() not in ADDED]
    if len(own_parts) < len(parts) and (found := own.looks.get(shape("".join(own_parts)))):
        return found
    for word in _ADDED_SHAPES:
        rest = look.removesuffix(word) if look.endswith(word) else look.removeprefix(word)
        if len(rest) < len(look) and (found := own.looks.get(rest)):
            return found
    return None


def _elsewhere(parsed: ParsedMail, root: str) -> Iterator[Finding]:
    """An answer would go to another organisation, and not to an address that the mail openly goes to as well."""
    open_to = {box.address.lower() for box in (*parsed.to, *parsed.cc)}
    for box in parsed.reply_to[:5]:
        other = _root(box)
        if other and other != root and box.address.lower() not in open_to:
            words = f"The mail says it is from {_cut(root)}, but an answer would go to {_cut(box.address)}."
            yield Finding("reply_to_elsewhere", words, "reply_to")
            return


def _root(box: Mailbox) -> str:
    return organisational(box.address.rpartition("@")[2])


def _cut(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


_ADDED_SHAPES = sorted({shape(word) for word in ADDED if len(word) > 3}, key=len, reverse=True)
