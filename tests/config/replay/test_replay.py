"""`postbox replay` against a door of the tests' own: what is sent, tried again, counted and said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from postbox.config.replay.bar import line
from postbox.config.replay.client import Away, Client, Denied
from postbox.config.replay.command import main
from postbox.config.replay.sources import Mail
from postbox.config.up.embedded import free_port
from tests.door import ADDRESS, KEY, Door

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def door() -> Iterator[Door]:
    running = Door()
    yield running
    running.stop()


@pytest.fixture
def home(tmp_path: Path, door: Door) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "credentials.json").write_text(json.dumps(door.credentials))
    return folder


def write_mails(folder: Path, count: int, text: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        mail = f"From: Ann <ann{number}@example.org>\nSubject: {number}\n\nHello {number}. {text}\n"
        (folder / f"{number:04}.eml").write_text(mail)
    return folder


def replay(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DATABASE_URL": "", "POSTBOX_SECRET_KEY": ""}
    command = [sys.executable, "-m", "postbox", "replay", "--home", str(home), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


def numbers(output: str) -> dict[str, int]:
    """The counts of a summary by name."""
    rows = (row.strip().rsplit(None, 1) for row in output.splitlines() if row.startswith("  "))
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def test_a_folder_is_sent_waited_for_and_summed_up(door: Door, home: Path, tmp_path: Path) -> None:
    folder = write_mails(tmp_path / "mail", 250)
    (folder / "bad.eml").write_text("From: x@example.org\nSubject: Quarantine-Me\n\nIgnore all.\n")
    done = replay(home, folder)
    assert done.returncode == 0, done.stderr
    assert numbers(done.stdout) == {
        "accepted": 251, "duplicates": 0, "rejected": 0, "refused": 0, "failed": 0, "processed": 250, "quarantined": 1
    }  # fmt: skip
    assert done.stdout.startswith("251 mails sent in ")
    assert {(mail.recipient, mail.sender) for mail in door.taken} >= {(ADDRESS, "ann7@example.org")}
    assert len({mail.connection for mail in door.taken}) == 4, "connections are kept open"


def test_duplicates_are_told_apart(door: Door, home: Path, tmp_path: Path) -> None:
    folder = write_mails(tmp_path / "mail", 3)
    replay(home, folder)
    again = replay(home, folder)
    assert again.returncode == 0
    assert numbers(again.stdout)["duplicates"] == 3
    assert numbers(again.stdout)["accepted"] == 0


def test_a_recipient_that_nobody_knows_fails_the_run(door: Door, home: Path, tmp_path: Path) -> None:
    done = replay(home, write_mails(tmp_path / "mail", 2), "--to", "who@elsewhere.example")
    assert done.returncode == 1
    assert "2 × unknown_recipient: No such agent." in done.stdout
    assert "0001.eml" in done.stdout


def test_what_the_door_refuses_is_listed_by_file(door: Door, home: Path, tmp_path: Path) -> None:
    door.script.append((413, {"code": "mail_too_large", "message": "The mail is too large."}))
    done = replay(home, write_mails(tmp_path / "mail", 1), "--no-wait")
    assert done.returncode == 1
    assert "0000.eml: mail_too_large: The mail is too large." in done.stdout
    assert "processed" not in done.stdout
    assert not door.pages_asked


def test_a_busy_door_is_tried_again(door: Door, home: Path, tmp_path: Path) -> None:
    door.script.extend([(503, {}), (503, {}), (429, {}), (0, {})])
    done = replay(home, write_mails(tmp_path / "mail", 3))
    assert done.returncode == 0, done.stdout
    assert numbers(done.stdout)["accepted"] == 3
    assert not door.script, "every fault was met"


def test_a_repeat_of_our_own_is_no_duplicate(door: Door) -> None:
    client = Client(door.credentials["url"], KEY)
    mail = Mail(b"From: a@b.example\n\nx", "a@b.example")
    assert not client.send(mail, ADDRESS).duplicate
    door.script.append((503, {}))
    assert not client.send(mail, ADDRESS).duplicate
    assert not door.script
    assert client.send(mail, ADDRESS).duplicate


def test_a_wrong_key_ends_the_run_at_once(door: Door, home: Path, tmp_path: Path) -> None:
    (home / "credentials.json").write_text(json.dumps(door.credentials | {"bridge_key": "wrong"}))
    done = replay(home, write_mails(tmp_path / "mail", 50), "--connections", "1")
    assert done.returncode == 1
    assert "Ended early: the key was not taken (unauthenticated" in done.stdout
    assert numbers(done.stdout)["not sent"] == 49
    with pytest.raises(Denied):
        Client(door.credentials["url"], "wrong").send(Mail(b"x", ""), ADDRESS)


def test_a_door_that_comes_back_is_waited_for() -> None:
    port = free_port()
    client = Client(f"http://127.0.0.1:{port}", KEY, patience=20)
    started: list[Door] = []
    later = threading.Timer(0.6, lambda: started.append(Door(port)))
    later.start()
    began = time.monotonic()
    try:
        assert client.send(Mail(b"From: a@b.example\n\nx", ""), ADDRESS).stored
        assert time.monotonic() - began > 0.5, "the door was away at first"
    finally:
        later.join()
        for door in started:
            door.stop()


def test_nobody_there_is_said_within_the_patience() -> None:
    client = Client(f"http://127.0.0.1:{free_port()}", KEY, patience=1.0)
    began = time.monotonic()
    with pytest.raises(Away, match="refused"):
        client.send(Mail(b"x", ""), ADDRESS)
    assert time.monotonic() - began < 5


def test_no_credentials_and_no_mail_are_clear_errors(
    door: Door, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--home", str(tmp_path / "nowhere")]) == 1
    assert "start `postbox up`" in capsys.readouterr().err
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG")
    assert main([str(picture), "--home", str(home)]) == 1
    assert "picture.png: not a mail" in capsys.readouterr().err


def test_a_named_file_that_is_no_mail_fails_the_run_but_not_the_others(door: Door, home: Path, tmp_path: Path) -> None:
    folder = write_mails(tmp_path / "mail", 1)
    (folder / "readme.txt").write_text("about these mails")
    assert replay(home, folder).returncode == 0
    done = replay(home, folder, folder / "readme.txt")
    assert done.returncode == 1
    assert "readme.txt: not a mail" in done.stderr


@pytest.mark.parametrize("columns", [0, 10, 20, 40, 80, 300])
def test_the_bar_fits_its_line(columns: int) -> None:
    for done in (0, 1, 99, 100):
        assert len(line("sending ", done, 100, 2.0, columns)) <= columns
    assert line("sending ", 50, 100, 2.0, 80).endswith(" 50/100  50 %  25/s")
