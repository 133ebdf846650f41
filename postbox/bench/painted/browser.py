"""The words that headless Chromium paints of an HTML mail, by comparing pictures.

Decides that a word is painted when the picture changes inside its box once the word alone is made transparent: that
takes covering, clipping, opacity, colours, transforms and overflow for what they do, not for what they are called.
Scripts of the mail are off and nothing is fetched.
"""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops
from playwright.sync_api import Page, Route, sync_playwright

from postbox.bench.painted.script import ADOPT, CLEAR, COLLECT

WIDTH, HEIGHT = 1000, 800
_TALLEST = 30_000
_TILE = 6_000
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
_ADDRESS = "http://mail.invalid/"
_NOTICEABLE = 18
"""Steps of 255 in one channel by which ink must differ from what is behind it."""
_LEGIBLE_HEIGHT = 4.5
_LEGIBLE_ADVANCE = 1.2
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Word:
    """A stretch without white space; ``glued`` says that it continues the word before it."""

    text: str
    painted: bool
    glued: bool


class TooTall(Exception):
    """A page of which no picture can be taken."""


def executable() -> str:
    """Chromium's path, empty where there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), "")


class Painter:
    """One browser page that is given mail after mail."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._html = ""
        self._devtools = page.context.new_cdp_session(page)
        page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        if route.request.url == _ADDRESS:
            route.fulfill(body=self._html, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    def words(self, html: str) -> list[Word]:
        """Every word of the page in document order, with whether it is painted."""
        self._html = html
        self._page.goto(_ADDRESS, wait_until="load", timeout=20_000)
        found: dict[str, Any] = self._page.evaluate(COLLECT)
        height = max(HEIGHT, int(found["height"]))
        if height > _TALLEST:
            raise TooTall(f"{height} pixels")
        words: list[dict[str, Any]] = found["words"]
        candidates = [index for index, word in enumerate(words) if _on_page(word["boxes"], height)]
        groups = _groups(candidates, words)
        painted: set[int] = set()
        if groups:
            self._page.evaluate(ADOPT)
            normal = self._pictures(height)
            for group in groups:
                self._page.evaluate(CLEAR, group)
                changed = _difference(normal, self._pictures(height))
                painted.update(index for index in group if _inked(words[index], changed))
        return [Word(word["text"], index in painted, word["glued"]) for index, word in enumerate(words)]

    def _pictures(self, height: int) -> list[Image.Image]:
        taken = []
        for top in range(0, height, _TILE):
            clip = {"x": 0, "y": top, "width": WIDTH, "height": min(_TILE, height - top)}
            taken_now = self._devtools.send("Page.captureScreenshot", {
                "format": "png", "clip": clip | {"scale": 1}, "captureBeyondViewport": height > HEIGHT,
                "optimizeForSpeed": True,
            })  # fmt: skip
            taken.append(Image.open(io.BytesIO(base64.b64decode(taken_now["data"]))).convert("RGB"))
        return taken


def _on_page(boxes: list[_Box], height: int) -> bool:
    return any(x + w > 0 and x < WIDTH and y + h > 0 and y < height and h >= _LEGIBLE_HEIGHT for x, y, w, h in boxes)


def _groups(candidates: list[int], words: list[dict[str, Any]]) -> list[list[int]]:
    """Words sorted so that no two of a group overlap, or stand in one control; at most eight groups."""
    groups: list[list[int]] = []
    taken: list[dict[tuple[int, int], list[tuple[_Box, int]]]] = []
    for index in candidates:
        boxes = [tuple(box) for box in words[index]["boxes"]]
        for group, cells in zip(groups, taken, strict=True):
            last = len(groups) >= 8 and group is groups[-1]
            if last or not _overlaps(boxes, cells, words[index]["whole"]):
                break
        else:
            group, cells = [], {}
            groups.append(group)
            taken.append(cells)
        group.append(index)
        for box in boxes:
            for cell in _cells(box):
                cells.setdefault(cell, []).append((box, words[index]["whole"]))
    return groups


def _cells(box: _Box) -> Iterator[tuple[int, int]]:
    x, y, w, h = box
    for across in range(int(x) // 100, int(min(x + w, x + 3000)) // 100 + 1):
        for down in range(int(y) // 50, int(min(y + h, y + 3000)) // 50 + 1):
            yield across, down


def _overlaps(boxes: list[Any], cells: dict[tuple[int, int], list[tuple[_Box, int]]], whole: bool) -> bool:
    for box in boxes:
        for cell in _cells(box):
            for other, other_whole in cells.get(cell, ()):
                if whole and other_whole and other == box:
                    continue
                if _shared(box, other):
                    return True
    return False


def _shared(one: _Box, other: _Box) -> bool:
    """Whether boxes share more than the hair's breadth by which lines and letters overlap."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return across > 1.5 and down > 0.35 * min(one[3], other[3])


def _difference(before: list[Image.Image], after: list[Image.Image]) -> list[Image.Image]:
    """For each tile, where it changed noticeably: a picture of 0 and 255."""
    changed = []
    for one, other in zip(before, after, strict=True):
        if one.size != other.size:
            other = other.crop((0, 0, *one.size))
        red, green, blue = ImageChops.difference(one, other).split()
        most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        changed.append(most.point(lambda step: 255 if step >= _NOTICEABLE else 0))
    return changed


def _inked(word: dict[str, Any], changed: list[Image.Image]) -> bool:
    """Whether enough of the word's box changed for it to be read."""
    wide = sum(box[2] for box in word["boxes"])
    if not word["whole"] and wide < _LEGIBLE_ADVANCE * len(word["text"]):
        return False
    seen = 0.0
    for x, y, w, h in word["boxes"]:
        if h < _LEGIBLE_HEIGHT:
            continue
        tile = int(max(0, y)) // _TILE
        if tile >= len(changed):
            continue
        top = y - tile * _TILE
        area = (max(0, int(x)), max(0, int(top)), max(0, int(x + w + 1)), max(0, int(top + h + 1)))
        ink = changed[tile].crop(area).getbbox() if area[2] > area[0] and area[3] > area[1] else None
        if ink and (ink[3] - ink[1] >= 0.2 * h or not any(c.isalnum() for c in word["text"])):
            seen += w if word["whole"] else min(w, ink[2] - ink[0] + 3)
    return seen >= (1 if word["whole"] else 0.5 * wide)


@contextmanager
def painting() -> Iterator[Painter]:
    """A headless Chromium in which the scripts of pages do not run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=_ARGUMENTS)
        try:
            context = browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, java_script_enabled=False, color_scheme="light"
            )
            yield Painter(context.new_page())
        finally:
            browser.close()
