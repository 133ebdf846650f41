"""``GET /attachment/<id>``: an agent's own files, and nothing that a browser would run."""

from __future__ import annotations

import base64
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from postbox.identity import keys
from postbox.identity.models import AgentKey
from postbox.ingest import download, spool, work
from postbox.mail.models import Attachment, Message, MessageContent, MessageKey, SpooledMail, Status
from tests.callers import ERROR
from tests.people import ANN, Known, deliver, known_agent

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 700  # of several portions


@pytest.fixture
def bucket(tmp_path: Path, settings: Any) -> Path:
    settings.STORAGES = settings.STORAGES | {
        "postbox-mime": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "mime")},
        }
    }
    return tmp_path / "mime"


@pytest.fixture
def robin(bucket: Path) -> Known:
    return known_agent()


def with_file(octets: bytes = PDF, name: str = "invoice.pdf", content_type: str = "application/pdf") -> bytes:
    head = f"From: Ann <{ANN}>\r\nMessage-ID: <{uuid.uuid4()}@x.example>\r\nMIME-Version: 1.0\r\n"
    body = base64.encodebytes(octets).decode().replace("\n", "\r\n")
    return (
        f"{head}Date: Mon, 16 Nov 2026 09:12:41 +0100\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\nAttached.\r\n--b\r\nContent-Type: {content_type}\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{body}--b--\r\n"
    ).encode()


def attached(known: Known, raw: bytes | None = None) -> Attachment:
    deliver(raw or with_file(), known.address)
    work.run()
    return Attachment.objects.latest("id")


def fetch(known: Known, number: object, query: str = "") -> Any:
    return Client().get(f"/attachment/{number}{query}", HTTP_AUTHORIZATION=f"Bearer {known.agent_key}")


def refused(answer: Any) -> tuple[int, str]:
    assert set(answer.json()) == ERROR
    return answer.status_code, answer.json()["code"]


def test_an_agent_gets_its_own_file_as_a_download(robin: Known) -> None:
    answer = fetch(robin, attached(robin).id)
    assert answer.status_code == 200
    assert answer.streaming
    portions = list(answer.streaming_content)
    assert len(portions) > 1
    assert b"".join(portions) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Length"] == str(len(PDF))
    assert answer["Content-Disposition"] == 'attachment; filename="invoice.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "private, no-store"


def test_it_is_listed_under_the_id_that_fetches_it(robin: Known) -> None:
    made = attached(robin)
    listed = Client().post(
        "/list", "{}", content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {robin.agent_key}"
    )
    (file,) = listed.json()["messages"][0]["attachments"]
    assert file == {"id": str(made.id), "name": "invoice.pdf", "type": "application/pdf", "size": len(PDF)}
    assert fetch(robin, file["id"].upper()).status_code == 200


def test_the_second_file_is_not_the_first(robin: Known) -> None:
    one, two = with_file(b"one", "1.txt", "text/plain"), with_file(b"two", "2.txt", "text/plain")
    part = two.partition(b"Attached.\r\n")[2]
    deliver(one.replace(b"--b--\r\n", b"") + part, robin.address)
    work.run()
    first, second = Attachment.objects.order_by("position")
    assert [fetch(robin, made.id).getvalue() for made in (first, second)] == [b"one", b"two"]
    assert '"2.txt"' in fetch(robin, second.id)["Content-Disposition"]


@pytest.mark.parametrize("number", [uuid.uuid4(), "x", "1", "../list", "%00", "é"])
def test_what_is_not_there_is_404(robin: Known, number: object) -> None:
    assert refused(fetch(robin, number)) == (404, "not_found")


def test_another_agents_file_does_not_exist(robin: Known) -> None:
    hers = attached(known_agent("wren"))
    assert refused(fetch(robin, hers.id)) == (404, "not_found")


def test_a_key_of_an_agent_is_needed(robin: Known) -> None:
    made = attached(robin)
    path = f"/attachment/{made.id}"
    assert refused(Client().get(path)) == (401, "unauthenticated")
    owner = Client().get(path, HTTP_AUTHORIZATION=f"Bearer {robin.owner_key}")
    assert refused(owner) == (403, "forbidden")
    assert refused(Client().post(path, HTTP_AUTHORIZATION=f"Bearer {robin.agent_key}")) == (405, "method_not_allowed")


def test_quarantined_files_come_only_when_asked_for_and_refused_ones_never(robin: Known) -> None:
    made = attached(robin)
    Message.objects.update(status=Status.QUARANTINED, quarantined=True)
    assert refused(fetch(robin, made.id)) == (404, "not_found")
    assert refused(fetch(robin, made.id, "?quarantined=false")) == (404, "not_found")
    assert fetch(robin, made.id, "?quarantined=true").getvalue() == PDF
    Message.objects.update(status=Status.REFUSED)
    assert refused(fetch(robin, made.id, "?quarantined=true")) == (404, "not_found")


@pytest.mark.parametrize("query", ["?quarantined=1", "?quarantined=", "?quarantined=true&quarantined=false"])
def test_a_wrong_flag_is_named(robin: Known, query: str) -> None:
    answer = fetch(robin, uuid.uuid4(), query)
    assert refused(answer) == (400, "invalid")
    assert answer.json()["errors"][0]["path"] == "quarantined"


def test_it_comes_from_the_bucket_as_from_the_spool(robin: Known, bucket: Path) -> None:
    made = attached(robin)
    assert spool.empty() == 1
    assert not SpooledMail.objects.exists()
    assert fetch(robin, made.id).getvalue() == PDF


def test_a_bucket_that_is_away_is_503(robin: Known, bucket: Path) -> None:
    made = attached(robin)
    spool.empty()
    bucket.rename(bucket.with_name("elsewhere"))
    answer = fetch(robin, made.id)
    assert refused(answer) == (503, "storage_unavailable")
    assert answer["Retry-After"] == "60"
    bucket.with_name("elsewhere").rename(bucket)
    assert fetch(robin, made.id).getvalue() == PDF


def test_what_was_erased_is_410(robin: Known) -> None:
    made = attached(robin)
    MessageKey.objects.all().delete()
    answer = fetch(robin, made.id)
    assert refused(answer) == (410, "erased")
    assert "erased" in answer.json()["message"]


def test_an_agents_erased_key_is_410(robin: Known) -> None:
    made = attached(robin)
    AgentKey.objects.all().delete()
    keys.forget()
    assert refused(fetch(robin, made.id)) == (410, "erased")


def test_what_was_exchanged_is_not_handed_out(robin: Known) -> None:
    one, two = attached(robin), attached(robin)
    other = SpooledMail.objects.get(pk=one.message_id).body
    assert SpooledMail.objects.filter(pk=two.message_id).update(body=other) == 1
    assert refused(fetch(robin, two.id)) == (410, "unreadable")
    MessageContent.objects.filter(pk=one.message_id).delete()
    assert refused(fetch(robin, one.id)) == (410, "unreadable")


def test_a_missing_master_key_is_503(robin: Known, settings: Any) -> None:
    from postbox.lib.envelope import MasterKeys

    made = attached(robin)
    keys.forget()
    settings.POSTBOX_MASTER_KEYS = MasterKeys("b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q=")
    assert refused(fetch(robin, made.id)) == (503, "keys_unavailable")


def test_few_queries_fetch_a_file(robin: Known) -> None:
    made = attached(robin)
    fetch(robin, made.id)
    keys.forget()
    with CaptureQueriesContext(connection) as queries:
        fetch(robin, made.id)
    # The API key, the file, the address's policy, the agent's data key; of these two are kept for a while.
    assert len(queries) == 4
    with CaptureQueriesContext(connection) as queries:
        fetch(robin, made.id)
    assert len(queries) == 2


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html", "TEXT/HTML", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml",
        "text/javascript", "application/javascript", "application/ecmascript", "text/css", "message/rfc822",
        "multipart/related", "application/x-shockwave-flash", "application/wasm", "text/html; charset=utf-7",
        "x", "", "text/", "application/octet-stream", "text/vbscript", "application/x-msdownload", "image/png\r\nX: y",
    ],
)  # fmt: skip
def test_no_type_that_a_browser_could_run_is_named(content_type: str) -> None:
    assert download.safe_type(content_type) == "application/octet-stream"


def test_a_page_with_scripts_is_a_download_of_no_type(robin: Known) -> None:
    octets = b"<script>alert(1)</script>"
    made = attached(robin, with_file(octets, "page.html", "text/html"))
    answer = fetch(robin, made.id)
    assert answer.getvalue() == octets
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="page.html"'


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.pdf", 'filename="a.pdf"'),
        ("two words.pdf", 'filename="two words.pdf"'),
        ("", 'filename="attachment"'),
        ("...", 'filename="attachment"'),
        (".htaccess", 'filename="htaccess"'),
        ("../../etc/passwd", 'filename="passwd"'),
        ("C:\\Windows\\evil.exe", 'filename="evil.exe"'),
        ('a"; filename="b.exe', "filename=\"a__ filename=_b.exe\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe"),
        ("a\r\nSet-Cookie: x=1.txt", "filename=\"aSet-Cookie_ x=1.txt\"; filename*=UTF-8''aSet-Cookie%3A%20x%3D1.txt"),
        ("50%41.txt", "filename=\"50_41.txt\"; filename*=UTF-8''50%2541.txt"),
        ("résumé.doc", "filename=\"resume.doc\"; filename*=UTF-8''r%C3%A9sum%C3%A9.doc"),
        ("請求書.pdf", "filename=\"attachment.pdf\"; filename*=UTF-8''%E8%AB%8B%E6%B1%82%E6%9B%B8.pdf"),
        ("invoice\u202efdp.exe", 'filename="invoicefdp.exe"'),
        ("nul\x00byte.txt", 'filename="nulbyte.txt"'),
    ],
)
def test_a_hostile_name_stays_in_its_quotes(name: str, said: str) -> None:
    assert download.disposition(name) == f"attachment; {said}"


def test_no_name_breaks_out_of_its_header() -> None:
    for number in (*range(0x3000), *range(0xD7F0, 0xE010), *range(0xFE00, 0x10000), 0x1F600, 0xE0041):
        for name in (f"a{chr(number)}b.txt", f"{chr(number)}.txt", f"a.{chr(number)}", chr(number)):
            said = download.disposition(name)
            assert said.isascii()
            assert said.isprintable()
            first = said.removeprefix('attachment; filename="').partition('"')
            assert first[0].strip(". ")
            assert first[2] == "" or first[2].startswith("; filename*=UTF-8''")
            assert said.count('"') == 2
