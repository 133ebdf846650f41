"""The blocks of a document, typed into bash one after the other as a reader would, with the real curl.

Each block runs in a shell of its own that begins with the variables and functions that the one before left.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.markdown import Block

# A function of curl's name, so that what was asked and answered is seen while the document's lines stay as they are.
_CURL = """
curl() { command curl -D "$SEEN.head" -w '%{stderr}@asked %{method} %{url_effective}\\n' "$@"; }
"""
_SECONDS = 60


@dataclass(frozen=True)
class Ran:
    """What a block did. ``asked``: method and address of each request; status, headers, body are of the last."""

    block: Block
    exit_status: int
    output: str
    complaints: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Reader:
    """Somebody who follows a document in ``folder``, with more variables in the environment."""

    def __init__(self, folder: Path, more: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._more = dict(more or {})
        self._state = folder / "state.sh"
        self._state.write_text("")
        self._seen = folder / "seen"

    def type(self, block: Block) -> Ran:
        """Run one block."""
        head = Path(f"{self._seen}.head")
        head.unlink(missing_ok=True)
        script = "\n".join(
            (f". {self._state}", _CURL, "set -a", block.text, "status=$?", "unset -f curl")
            + (f"{{ export -p; declare -f; }} > {self._state}", "exit $status")
        )
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self._environment(), capture_output=True, timeout=_SECONDS
        )
        errors = done.stderr.decode().splitlines()
        asked = [line.split()[1:3] for line in errors if line.startswith("@asked ")]
        status, headers = _last_head(head.read_text() if head.exists() else "")
        return Ran(
            block,
            done.returncode,
            done.stdout.decode(errors="replace"),
            "\n".join(line for line in errors if not line.startswith("@asked ")),
            [(method, url) for method, url in asked],
            status,
            headers,
        )

    def _environment(self) -> dict[str, str]:
        clean = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        return clean | self._more | {"SEEN": str(self._seen), "no_proxy": "*"}


def _last_head(text: str) -> tuple[int, dict[str, str]]:
    """Status and headers of the last answer: one with 100 (Continue) may stand before it."""
    heads = [part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    if not heads:
        return 0, {}
    first, *fields = heads[-1].splitlines()
    pairs = (line.partition(":") for line in fields)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
