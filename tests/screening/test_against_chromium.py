"""Distilling against what headless Chromium paints: variants of hiding, and real mail.

What Chromium paints of each variant is recorded in ``variants/painted.json``. Every run holds distilling against the
record, and the record against Chromium for a part of it; ``POSTBOX_ALL_VARIANTS=1`` asks Chromium about all, and
``POSTBOX_RECORD_VARIANTS=1`` records what it says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from postbox.bench.painted.browser import Painter, executable, painting
from postbox.bench.painted.command import DOCUMENT, measure, rendered, write
from postbox.bench.painted.corpora import CORPORA, FOLDERS
from postbox.screening.distil import distil_html
from tests.screening.variants_of import BEYOND, key_of, record, recorded, shown_words, variants

_SAMPLE = 8
_STEP = 34
_ALL = bool(os.environ.get("POSTBOX_ALL_VARIANTS"))
_RECORD = bool(os.environ.get("POSTBOX_RECORD_VARIANTS"))
_VARIANTS = variants()


@pytest.fixture(scope="module")
def painter() -> Iterator[Painter]:
    if not executable() and os.environ.get("CI"):
        pytest.fail("CI has no chromium, so distilling was held against nothing.")
    if not executable():
        pytest.skip("No chromium here (Debian: apt-get install chromium).")
    with painting() as one:
        yield one


def families() -> list[str]:
    return sorted({family for family, _ in _VARIANTS})


class TestVariants:
    @pytest.mark.parametrize("family", families())
    def test_what_chromium_paints_is_shown_and_nothing_else(self, family: str) -> None:
        painted = recorded()
        wrong = [
            (painted[key_of(html)], html)
            for name, html in _VARIANTS
            if name == family and shown_words(distil_html(html).text) != painted[key_of(html)]
        ]
        assert not wrong

    @pytest.mark.timeout(900)
    def test_the_record_is_what_chromium_paints(self, painter: Painter) -> None:
        painted = recorded()
        asked = _VARIANTS if _ALL or _RECORD else _VARIANTS[::_STEP]
        said = {}
        for _, html in asked:
            words = painter.words(html)
            said[key_of(html)] = shown_words(" ".join(word.text for word in words if word.painted))
        if _RECORD:
            record(painted | said)
        assert _RECORD or said == {key: painted[key] for key in said}

    def test_there_are_many_of_them_and_few_are_beyond_us(self) -> None:
        assert len(_VARIANTS) > 3_800
        assert len(BEYOND) < 20

    def test_both_kinds_are_among_them(self) -> None:
        painted = recorded()
        shown = sum(painted[key_of(html)] == 3 for _, html in _VARIANTS)
        hidden = sum(painted[key_of(html)] == 0 for _, html in _VARIANTS)
        assert shown > 900
        assert hidden > 1_500


class TestRealMail:
    @pytest.mark.parametrize("folder", FOLDERS)
    @pytest.mark.timeout(120)
    def test_words_are_those_that_chromium_paints(self, painter: Painter, folder: str) -> None:
        if not (CORPORA / folder).is_dir():
            pytest.skip(f"the shared corpora are not here: {folder} is missing beside the repository")
        reading = {"Postbox": lambda html: distil_html(html).text}
        table = measure(painter, _SAMPLE, reading, [folder])
        tally = table[folder]["Postbox"]
        assert tally.mails >= _SAMPLE - 2
        assert tally.recall >= 0.99
        assert tally.precision >= 0.99
        assert tally.order >= 0.98
        assert folder in rendered(table)


class TestTable:
    def test_the_document_holds_a_row_for_each_corpus(self) -> None:
        text = DOCUMENT.read_text("utf-8")
        assert all(f"| `{folder}` |" in text for folder in FOLDERS)
        assert "| Postbox |" in text

    def test_a_table_is_put_between_the_marks(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        document = tmp_path_factory.mktemp("doc") / "distil.md"
        document.write_text("a\n<!-- table: begin -->\nold\n<!-- table: end -->\nb\n", "utf-8")
        write("new", document)
        assert document.read_text("utf-8") == "a\n<!-- table: begin -->\nnew\n<!-- table: end -->\nb\n"
