"""The main job, as its user has it: real mail in, a signed webhook out, and the same in lists."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.e2e.system import REPOSITORY, System, eventually
from tests.ingest.lmtp.door import Talk
from tests.people import mail
from tests.receiver import Reaction, Received, Receiver
from tests.webhooks.test_nothing_leaks import CARD, KEY, SPACED, holds, letter

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(180),
]
SAMPLES = sorted((REPOSITORY / "postbox" / "config" / "samples").glob("*.eml"))
CORPUS = REPOSITORY.parent / "shared" / "corpora" / "ham" / "hard_ham"


@pytest.fixture
def receiver(system: System) -> Iterator[tuple[Receiver, Webhook]]:
    """An endpoint of the sample agent, alone: what other tests registered is removed first."""
    status, listed = system.call("/webhook/list")
    assert status == 200, listed
    for endpoint in listed["endpoints"]:
        system.call("/webhook/delete", {"id": endpoint["id"]})
    with Receiver() as started:
        status, answer = system.call("/webhook/register", {"url": started.url})
        assert status == 201, answer
        yield started, Webhook(answer["secret"])


def genuine(webhook: Webhook, request: Received) -> dict[str, object]:
    """The payload, verified by the Standard Webhooks library."""
    payload: dict[str, object] = webhook.verify(request.body, request.headers)
    return payload


def test_each_mail_arrives_once_signed_distilled_and_scored(system: System, receiver: tuple[Receiver, Webhook]) -> None:
    endpoint, webhook = receiver
    ids = {}
    for path in SAMPLES:
        status, answer = system.ingest(path.read_bytes())
        assert status == 202
        ids[answer["messages"][0]["id"]] = path.name
    events = [genuine(webhook, request) for request in endpoint.wait_for(len(SAMPLES))]
    came = {event["data"]["id"]: event for event in events}  # type: ignore[index]
    assert set(came) == set(ids)
    by_name = {ids[id_]: event for id_, event in came.items()}
    newsletter = by_name["3-newsletter.eml"]["data"]
    assert "The Lighthouse Ledger" in newsletter["text"]  # type: ignore[index]
    for hidden in ("Only this week", "ref 8812"):
        assert hidden not in newsletter["text"]  # type: ignore[index]
    injection = by_name["5-injection.eml"]
    assert injection["type"] == "message.quarantined"
    assert "text" not in injection["data"]  # type: ignore[operator]
    assert injection["data"]["injection_score"] > 0.8  # type: ignore[index]
    assert injection["data"]["reasons"]  # type: ignore[index]
    invoice = by_name["4-invoice.eml"]["data"]
    assert [(a["name"], a["type"]) for a in invoice["attachments"]] == [("invoice-2026-1180.csv", "text/csv")]  # type: ignore[index]
    time.sleep(0.3)
    assert len(endpoint.requests) == len(SAMPLES)


def test_what_was_pushed_is_listed_and_can_be_marked_read(system: System, receiver: tuple[Receiver, Webhook]) -> None:
    endpoint, webhook = receiver
    system.ingest(mail("Listed", "Kingfisher"))
    pushed = genuine(webhook, endpoint.wait_for(1)[0])["data"]
    status, page = system.call("/list", {"limit": 1, "unread": True})
    assert status == 200
    assert page["messages"] == [pushed]
    assert system.call("/mark_read", {"ids": [pushed["id"]]}) == (200, {"updated": 1})  # type: ignore[index]
    assert pushed["id"] not in [m["id"] for m in system.call("/list", {"unread": True})[1]["messages"]]  # type: ignore[index]


def test_a_retry_is_the_same_mail(system: System, receiver: tuple[Receiver, Webhook]) -> None:
    raw = mail()
    first = system.ingest(raw)[1]["messages"][0]
    again = system.ingest(raw)[1]["messages"][0]
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert first["id"] == again["id"]
    receiver[0].wait_for(1)
    time.sleep(0.3)
    assert len(receiver[0].requests) == 1


def test_an_endpoint_that_fails_gets_the_same_event_again(system: System, receiver: tuple[Receiver, Webhook]) -> None:
    endpoint, webhook = receiver
    endpoint.script(Reaction(status=500))
    system.ingest(mail())
    first, second = endpoint.wait_for(2, seconds=40)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    genuine(webhook, second)


def test_a_new_agent_gets_only_its_own_mail(system: System, receiver: tuple[Receiver, Webhook]) -> None:
    status, given = system.call("/alloc", {"agent_id": f"wren-{time.time_ns()}", "aliases": []}, key="owner_key")
    assert status == 201
    # Nobody vouches for a mail from here, and that is quarantined where no policy says otherwise.
    status, _ = system.call("/policy/put", {"agent_id": given["agent_id"], "auth": "monitor"}, key="owner_key")
    assert status == 200
    status, answer = system.ingest(mail(), to=f"{given['address'].replace('@', '+tag@')},nobody@agents.localhost")
    assert [m["agent_id"] for m in answer["messages"]] == [given["agent_id"]]
    assert [r["code"] for r in answer["rejected"]] == ["unknown_recipient"]
    assert eventually(lambda: system.count(f"id = '{answer['messages'][0]['id']}' AND status = 'processed'"), 30)
    time.sleep(0.3)
    assert receiver[0].requests == []


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpora of real mail are not beside this checkout")
def test_real_newsletters_all_arrive(system: System, receiver: tuple[Receiver, Webhook]) -> None:
    endpoint, webhook = receiver
    sent = set()
    for path in sorted(CORPUS.iterdir())[:60]:
        status, answer = system.ingest(path.read_bytes())
        assert status == 202
        sent.add(answer["messages"][0]["id"])
    came = [genuine(webhook, request) for request in endpoint.wait_for(len(sent), seconds=30)]
    assert {event["data"]["id"] for event in came} == sent  # type: ignore[index]
    texts = [len(event["data"]["text"]) for event in came if event["type"] == "message.received"]  # type: ignore[index]
    assert sum(size > 200 for size in texts) > 50


def test_a_card_number_that_is_masked_is_in_no_file_that_was_written(
    system: System, receiver: tuple[Receiver, Webhook]
) -> None:
    """By each way that this system has, refused and taken; the files of bucket, database and broker are among them."""
    agent = {"agent_id": system.credentials["agent_id"]}
    checks = {"dlp": "mask", "dlp_outbound": "mask", "attachments_active": "flag"}
    assert system.call("/policy/put", agent | {"checks": checks}, key="owner_key")[0] == 200
    address = system.credentials["address"]
    lmtp = Talk(json.loads((system.home.path / "environment.json").read_text())["POSTBOX_LMTP_PORT"])
    assert lmtp(f"{CARD} is no command").startswith("500")
    lmtp.open_mail(address)
    lmtp.send(letter("Lines end in LF") + b".\r\n")
    assert lmtp.reply().startswith("550 5.6.0")
    (reply,) = lmtp.mail(b"\r\n".join(letter(f"{CARD} by LMTP").splitlines()) + b"\r\n", address)
    lmtp.close()
    status, answer = system.ingest(letter())
    assert (reply[:3], status) == ("250", 202)
    ids = [reply.rpartition(" ")[2], answer["messages"][0]["id"]]
    status, sent = system.call("/send", {"to": "bo@ek.example", "subject": CARD, "text": f"It is {SPACED}."})
    assert (status, sent["status"]) == (202, "queued")
    assert system.call("/send", {"to": CARD, "subject": [CARD], "text": CARD})[0] == 400
    assert system.call(f"/list?card={CARD}", {CARD: CARD})[0] == 400
    assert not [request for request in receiver[0].wait_for(3) if holds(request.body)]
    in_bucket = "id = ANY (ARRAY['{}', '{}', '{}']::uuid[]) AND body_ref <> ''".format(*ids, sent["id"])
    assert eventually(lambda: system.count(in_bucket) == 3, 30)

    # The database's own log holds each row as it was committed.
    files = [path for path in system.home.path.rglob("*") if path.is_file()]
    written = {path: octets for path in files if (octets := content(path))}
    top = {path.relative_to(system.home.path).parts[0] for path in written}
    assert {"logs", "mime", "postgres", "valkey"} <= top
    clear = {ids[1], "ann@mercer-bikes.example"}  # in a log, in the database: or nothing below shows anything
    assert not {one for one in clear if not any(one.encode() in octets for octets in written.values())}
    forms = [CARD, SPACED, SPACED.replace(" ", "-"), KEY]
    forms += [form.encode().hex() for form in forms]
    assert not [path for path, octets in written.items() for form in forms if form.encode() in octets]
    texts = [path for path in written if path.suffix in {".log", ".json"}]
    assert texts
    assert not [path for path in texts if holds(written[path])]
    assert system.call("/policy/put", agent | {"checks": dict.fromkeys(checks)}, key="owner_key")[0] == 200


def content(path: Path) -> bytes:
    """Nothing where it has just gone, as files of a database may."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def test_keys_are_not_in_the_logs(system: System) -> None:
    keys = [value for name, value in system.credentials.items() if name.endswith("_key")]
    for path in Path(system.home.logs).glob("*.log"):
        text = path.read_text(errors="replace")
        assert not any(key in text for key in keys), path
    assert json.loads(system.home.credentials.read_text())
    assert system.home.credentials.stat().st_mode & 0o777 == 0o600
