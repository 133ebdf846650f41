"""Finding the spans that a score points at in the text that it scored.

Decides only where a span stands. Spans come lower-cased and with each run of blanks as one, so that is how text is
compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# So that a text made of one span costs no more than any other.
_PLACES_PER_SPAN = 20
_MOST_SPANS = 20


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text, whether a span points at it, and whether it is quoted history or a signature."""

    text: str
    marked: bool = False
    quoted: bool = False


def segments(text: str, spans: Sequence[str], own: Sequence[Sequence[int]] | None = None) -> list[Segment]:
    """The text cut at the places that the spans point at and at those of the writer's ``own`` words (None: all of it).

    Joined again it is the text. Linear in its length.
    """
    found = _marked(text, spans)
    return found if own is None else list(_told_apart(found, own))


def _told_apart(found: Sequence[Segment], own: Sequence[Sequence[int]]) -> Iterator[Segment]:
    """The segments cut again where the writer's own words begin and end."""
    cuts = [place for stretch in own for place in stretch]
    at = passed = 0
    for segment in found:
        rest = segment.text
        while passed < len(cuts) and cuts[passed] < at + len(rest):
            head, rest = rest[: max(cuts[passed] - at, 0)], rest[max(cuts[passed] - at, 0) :]
            if head:
                yield Segment(head, segment.marked, passed % 2 == 0)
            at += len(head)
            passed += 1
        if rest:
            yield Segment(rest, segment.marked, passed % 2 == 0)
        at += len(rest)


def _marked(text: str, spans: Sequence[str]) -> list[Segment]:
    found: list[Segment] = []
    end = 0
    for begin, stop in _merged(_places(text, spans)):
        if begin > end:
            found.append(Segment(text[end:begin]))
        found.append(Segment(text[begin:stop], marked=True))
        end = stop
    if end < len(text):
        found.append(Segment(text[end:]))
    return found


def _places(text: str, spans: Sequence[str]) -> list[tuple[int, int]]:
    wanted = [plain for span in spans[:_MOST_SPANS] if (plain := _plain(span)[0].strip())]
    if not wanted:
        return []
    plain, origins = _plain(text)
    places = []
    for span in wanted:
        at = plain.find(span)
        for _ in range(_PLACES_PER_SPAN):
            if at < 0:
                break
            places.append((origins[at], origins[at + len(span) - 1] + 1))
            at = plain.find(span, at + len(span))
    return places


def _plain(text: str) -> tuple[str, list[int]]:
    """The text as spans are written, and for each of its characters where it stood."""
    letters: list[str] = []
    origins: list[int] = []
    for index, letter in enumerate(text):
        if letter.isspace():
            if letters and letters[-1] == " ":
                continue
            letter = " "
        lowered = letter.lower()
        letters.append(lowered if len(lowered) == 1 else letter)
        origins.append(index)
    return "".join(letters), origins


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, stop in sorted(places):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((begin, stop))
    return merged
