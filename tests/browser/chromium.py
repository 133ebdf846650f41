"""A real headless Chromium that is told to talk to nobody on its own, and a watch on what pages make it do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect, sync_playwright

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_AT_REST = "document.fonts.ready.then(() => new Promise(done => requestIdleCallback(() => done())))"

# A busy machine takes longer than the five seconds that Playwright would wait.
expect.set_options(timeout=20_000)


@dataclass
class Watched:
    """A page, what it complained of, and what it asked of whom."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page and wait until it has its fonts and nothing to do; Playwright's networkidle takes 0.5 s more."""
        self.page.goto(self.base + path)
        self.page.evaluate(_AT_REST)

    def shoot(self, name: str) -> None:
        """Keep a picture for whoever looks at the run."""
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


def executable() -> str:
    """Chromium's path. Without one the test is skipped, in CI it fails: there it must have been seen."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), "")
    if not found and os.environ.get("CI"):
        pytest.fail("CI has no chromium, so the admin was not seen in a browser.")
    if not found:
        pytest.skip("No chromium here (Debian: apt-get install chromium).")
    return found


@contextmanager
def browsing(base: str, *, scheme: str = "light", width: int = 1400, height: int = 900) -> Iterator[Watched]:
    """A fresh browser window on ``base``; ``scheme`` is light or dark."""
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            watched = Watched(context.new_page(), base)
            _watch(watched)
            yield watched
        finally:
            browser.close()


def _watch(watched: Watched) -> None:
    page = watched.page
    page.on("console", lambda said: watched.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("dialog", lambda dialog: _refuse(watched, dialog))
    page.on("request", lambda asked: None if _is_own(watched, asked.url) else watched.elsewhere.append(asked.url))
    page.on(
        "response",
        lambda answer: watched.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )


def _refuse(watched: Watched, dialog: Dialog) -> None:
    watched.complaints.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _is_own(watched: Watched, url: str) -> bool:
    return url.startswith((watched.base + "/", "data:", "blob:"))
