"""``python -m tests.browser.keep``: copies the pictures of the documents from test-artifacts to docs/images."""

from __future__ import annotations

import shutil

from tests.browser.chromium import ARTIFACTS

PICTURES = (
    "desk-front-light", "desk-messages-light", "desk-message-light", "desk-message-dark", "desk-thread-light",
    "desk-rule-light", "desk-domain-light", "desk-domain-dark", "desk-endpoint-light",
    "sending-outbox-light", "sending-held-light", "sending-suppressions-light", "sending-senders-light",
    "sending-senders-dark",
)  # fmt: skip
IMAGES = ARTIFACTS.parent / "docs" / "images"


def main() -> None:
    """Copy each; FileNotFoundError where tests/browser has not run."""
    for name in PICTURES:
        shutil.copyfile(ARTIFACTS / f"{name}.png", IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
