"""`postbox bounces`, in the process that an operator starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.reputation.bounces.judging import SAMPLES


def test_a_row_for_each_recipient_and_one_for_a_mail_without() -> None:
    done = _run(SAMPLES / "dsn-two.eml", SAMPLES / "question.eml")
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        _row("dsn-two.eml", "anna@shop.example.net", "bounce", False, "5.2.2", "mailboxfull"),
        _row("dsn-two.eml", "ben@shop.example.net", "bounce", True, "5.1.1", "userunknown"),
        _row("question.eml", "", "none", False, "", ""),
    ]


def test_a_folder_and_what_is_no_mail(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes((SAMPLES / "qmail.eml").read_bytes())
    (tmp_path / "b.txt").write_text("nothing of the kind")
    done = _run(tmp_path)
    assert [json.loads(line)["recipient"] for line in done.stdout.splitlines()] == ["anna@shop.example.net"]
    assert done.returncode == 1
    assert "b.txt: not a mail" in done.stderr


def _row(name: str, recipient: str, kind: str, hard: bool, status: str, reason: str) -> dict[str, object]:
    return {
        "file": str(SAMPLES / name),
        "recipient": recipient,
        "kind": kind,
        "hard": hard,
        "status": status,
        "reason": reason,
    }


def _run(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "postbox", "bounces", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
