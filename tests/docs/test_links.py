"""Documents point to what is there, and the index points to every document."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, anchors, documents, links
from tests.e2e.system import REPOSITORY

# Words that an address has and a file name has not.
_ELSEWHERE = ("https://", "http://", "mailto:")


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(path: Path) -> None:
    assert [link for link in links(path) if not leads_somewhere(link, path)] == []


def leads_somewhere(link: str, path: Path) -> bool:
    """Whether a file, and in it a heading, is where a link of ``path`` goes. Other sites are not asked."""
    if link.startswith(_ELSEWHERE):
        return True
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    return (
        target.exists()
        and target.is_relative_to(REPOSITORY)
        and (not anchor or (target.suffix == ".md" and anchor in anchors(target)))
    )


@pytest.mark.parametrize(
    "link", ["nowhere.md", "api.md#nothing", "#nothing", "../../..", "settings.md#", "api.md#errors"]
)
def test_a_link_to_nowhere_is_found(link: str) -> None:
    assert leads_somewhere(link, DOCS / "README.md") is (link in {"settings.md#", "api.md#errors"})


def test_the_index_names_every_document_and_the_readme_names_the_index() -> None:
    index = DOCS / "README.md"
    named = {(DOCS / link.partition("#")[0]).resolve() for link in links(index)}
    assert [path.name for path in sorted(DOCS.glob("*.md")) if path != index and path not in named] == []
    assert index in {(REPOSITORY / link).resolve() for link in links(REPOSITORY / "README.md")}
    decisions = DOCS / "adr" / "README.md"
    assert decisions in named
    numbered = {(decisions.parent / link).resolve() for link in links(decisions)}
    assert [path.name for path in sorted(decisions.parent.glob("0*.md")) if path not in numbered] == []
    pictures = {(path.parent / link).resolve() for path in documents() for link in links(path)}
    assert [path.name for path in sorted((DOCS / "images").iterdir()) if path not in pictures] == []
