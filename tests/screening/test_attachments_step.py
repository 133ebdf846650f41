"""The step ``attachments``: what follows from what an attachment is, by policy, and a real virus scanner's word."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from postbox.ingest.mime import parse_whole
from postbox.lib.clamd import Scanner, Target, Unavailable, target
from postbox.mail.models import Outcome
from postbox.screening.case import Case, Verdict
from postbox.screening.policy import Checks, Effective
from postbox.screening.steps import attachments
from tests import clamav
from tests.screening.files.made import PDF, PE, encrypted_zip, ole_with, zipped

File = tuple[str, str, bytes]


def mail(*files: File) -> bytes:
    parts = [
        f'Content-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(octets).decode()}"
        for name, kind, octets in files
    ]
    body = "".join(f"--b\r\n{part}\r\n" for part in ["Content-Type: text/plain\r\n\r\nHi", *parts])
    return f"From: Ann <ann@ek.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b--\r\n".encode()


def judged(*files: File, **checks: Any) -> Verdict:
    case = Case(uuid.uuid4(), uuid.uuid4(), "robin", b"", "", "", datetime.now(UTC))
    case.policy = Effective(checks=Checks(**checks))
    case.parsed, case.files = parse_whole(mail(*files))
    verdict = attachments.check(case)
    assert case.files == ()
    return verdict


TEXT: File = ("a.txt", "text/plain", b"hello")


def test_without_attachments_nothing_is_done() -> None:
    verdict = judged()
    assert (verdict.outcome, verdict.code) == (Outcome.PASS, "none")
    case = Case(uuid.uuid4(), uuid.uuid4(), "robin", b"", "", "", datetime.now(UTC))
    case.parsed, case.files = parse_whole(mail())
    began = time.process_time()
    for _ in range(1000):
        attachments.check(case)
    assert time.process_time() - began < 0.02  # 20 µs each, on any machine


@pytest.mark.parametrize(
    ("file", "outcome", "code"),
    [
        (TEXT, Outcome.PASS, "clean"),
        (("a.pdf", "application/pdf", PE), Outcome.REFUSE, "executable"),
        (("a.zip", "application/zip", zipped({"a.js": b"x"})), Outcome.REFUSE, "executable"),
        (("a.zip", "application/zip", encrypted_zip()), Outcome.QUARANTINE, "encrypted"),
        (("a.doc", "application/msword", ole_with("_VBA_PROJECT")), Outcome.QUARANTINE, "macros"),
        (("a.rar", "application/vnd.rar", b"Rar!\x1a\x07\x01\x00"), Outcome.QUARANTINE, "not_looked_into"),
        (("a.jpg", "image/jpeg", PDF), Outcome.QUARANTINE, "type_mismatch"),
        (("a.html", "text/html", b"<html><script>1</script>"), Outcome.FLAG, "script"),
        (("=?utf-8?q?invoice=E2=80=AEfdp=2Etxt?=", "text/plain", b"hello"), Outcome.QUARANTINE, "name_disguised"),
    ],
)
def test_what_follows_where_no_policy_says_otherwise(file: File, outcome: Outcome, code: str) -> None:
    verdict = judged(TEXT, file)
    assert (verdict.outcome, verdict.code) == (outcome, code), verdict.reason


def test_the_policy_says_what_follows() -> None:
    program: File = ("a.exe", "application/x-msdownload", PE)
    assert judged(program, attachments_executables="flag").outcome == Outcome.FLAG
    assert judged(program, attachments_executables="quarantine").outcome == Outcome.QUARANTINE
    page: File = ("a.html", "text/html", b"<html><script>1</script>")
    assert judged(page, attachments_active="refuse").outcome == Outcome.REFUSE


def test_the_gravest_decides_and_all_are_told() -> None:
    page: File = ("a.html", "text/html", b"<html><script>1</script>")
    verdict = judged(page, ("b.exe", "application/octet-stream", PE))
    assert (verdict.outcome, verdict.code) == (Outcome.REFUSE, "executable")
    assert "“a.html” holds scripts" in verdict.reason.replace("(", "").replace(")", "")
    assert "b.exe" in verdict.reason


def test_number_and_size() -> None:
    assert judged(TEXT, TEXT, attachments_most=1).code == "too_many_attachments"
    large: File = ("a.bin", "application/octet-stream", bytes(range(1, 256)) * 4200)
    assert judged(large).code == "clean"
    assert judged(large, attachments_mib=1).code == "attachment_too_large"


@pytest.fixture(scope="module")
def daemon() -> Iterator[clamav.Clamd]:
    if not clamav.installed():
        assert not os.environ.get("CI"), "the Debian package clamav-daemon is not installed"
        pytest.skip("the Debian package clamav-daemon is not installed")
    with clamav.running() as started:
        yield started


@pytest.fixture
def scanner(settings: Any) -> Iterator[Any]:
    attachments._scanner.cache_clear()
    yield settings
    attachments._scanner.cache_clear()


def test_a_real_scanner_finds_the_test_file_and_nothing_else(daemon: clamav.Clamd, scanner: Any) -> None:
    virus: File = ("photo.dat", "application/octet-stream", clamav.eicar())
    assert judged(TEXT, virus).code == "clean"  # nobody was asked
    scanner.POSTBOX_CLAMD = target(daemon.target)
    assert judged(TEXT).code == "clean"
    verdict = judged(TEXT, virus)
    assert (verdict.outcome, verdict.code) == (Outcome.REFUSE, "malware"), verdict.reason
    assert clamav.NAME in verdict.reason
    assert "Attachment 2" in verdict.reason
    assert judged(virus, attachments_malware="quarantine").outcome == Outcome.QUARANTINE
    zipped_virus: File = ("a.zip", "application/zip", zipped({"x.dat": clamav.eicar()}))
    assert judged(zipped_virus).code == "malware"
    larger: File = ("a.bin", "application/octet-stream", b"x" * (2 << 20))  # than the daemon takes
    assert judged(larger).code == "scanner_unavailable"
    assert judged(TEXT).code == "clean"  # and it is asked on


def test_a_scanner_that_is_away_holds_the_mail(scanner: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        scanner.POSTBOX_CLAMD = Target("127.0.0.1", nobody.getsockname()[1])
        verdict = judged(TEXT)
    assert (verdict.outcome, verdict.code) == (Outcome.QUARANTINE, "scanner_unavailable")
    assert judged().code == "none"


def test_a_scanner_that_says_nothing_costs_its_time_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = Scanner(Target("127.0.0.1", server.getsockname()[1]), 0.3)
        began = time.monotonic()
        for _ in range(20):
            with pytest.raises(Unavailable):
                asked.scan([b"x"])
        assert 0.3 <= time.monotonic() - began < 5  # 6 s where each waits


def test_after_some_seconds_it_is_asked_again(daemon: clamav.Clamd) -> None:
    at, moment = Target("127.0.0.1", 1), [0.0]
    asked = Scanner(at, 20.0, now=lambda: moment[0])
    with pytest.raises(Unavailable):
        asked.scan([b"x"])
    asked._at = target(daemon.target)
    with pytest.raises(Unavailable):
        asked.scan([b"x"])
    moment[0] += 6
    assert asked.scan([b"x", clamav.eicar()])[0] == ""


@pytest.mark.parametrize("said", [b"stream: OK", b"nonsense\0", b"", b"stream: x ERROR\0"])
def test_only_a_whole_and_known_answer_counts(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=_answer, args=(server, said), daemon=True)
        answering.start()
        asked = Scanner(Target("127.0.0.1", server.getsockname()[1]), 20.0)
        with pytest.raises(Unavailable):
            asked.scan([b"x"])
        answering.join(30)


def _answer(server: socket.socket, said: bytes) -> None:
    sock, _ = server.accept()
    with sock:
        sock.recv(100)
        sock.sendall(said)


@pytest.mark.parametrize(
    "text", ["127.0.0.1:3310", "tcp 127.0.0.1", "tcp 8.8.8.8:3310", "unix run", "tcp x:0", "http x:1"]
)
def test_a_setting_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        target(text)


def test_settings_that_can() -> None:
    assert target("tcp [::1]:3310") == Target("::1", 3310)
    assert target("tcp clamav:3310") == Target("clamav", 3310)
    assert target("unix /run/clamav/clamd.ctl") == Target(path="/run/clamav/clamd.ctl")
