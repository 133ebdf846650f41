"""What comes back: `/bounce`, an MTA's own words, and what both mean for whom may be written to."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from outbound import reports, work
from outbound.models import DeliveryReport, OutboundRecipient, Outgoing, ReportState
from outbound.transports.mailbox import Mailbox
from postbox.audit.models import AuditRecord
from postbox.events.models import Event
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import Message, Status
from reputation import suppressions
from reputation.models import EmailReputation, SenderDay, Suppression, SuppressionReason
from tests.callers import Answer, call
from tests.people import Known, bridge_key, known_agent

ANN = "ann@mercer-bikes.example"


@pytest.fixture
def robin(transactional_db: None) -> Known:
    return known_agent()


def sent(robin: Known, *to: str) -> str:
    answer = call("/send", {"to": list(to or (ANN,)), "subject": "Hi", "text": f"Hello {uuid7()}"}, robin.agent_key)
    assert answer.status == 202, answer.body
    work.run(Mailbox())
    return str(answer.body["id"])


def bounce(message_id: str, secret: str = "", **changes: Any) -> Any:
    body = {
        "RecordType": "Bounce",
        "ID": 42,
        "Type": "HardBounce",
        "MessageID": message_id,
        "Email": ANN,
        "Details": "smtp;550 5.1.1 no such user",
        "BouncedAt": "2026-11-20T09:00:00Z",
    } | changes
    octets = json.dumps(body).encode()
    key = (secret or settings.POSTBOX_BOUNCE_SECRET).encode()
    signature = hmac.new(key, octets, hashlib.sha256).hexdigest()
    headers = {"x-postbox-signature": signature}
    return Client().post("/bounce", octets, content_type="application/json", headers=headers)


def test_a_hard_bounce_ends_writing_to_that_address(robin: Known) -> None:
    message_id = sent(robin)
    assert bounce(message_id).status_code == 200
    row = OutboundRecipient.objects.get()
    assert (row.state, row.bounce_type) == ("bounced", "HardBounce")
    assert row.bounced_at is not None
    assert "5.1.1" in row.bounce_detail
    reputation = EmailReputation.objects.get()
    assert (reputation.sent, reputation.hard_bounces) == (1, 1)
    assert reputation.blocked_until == row.bounced_at + timedelta(days=30)
    assert Suppression.objects.get().reason == "hard_bounce"
    assert SenderDay.objects.get().bounced == 1
    assert AuditRecord.objects.filter(action="postbox.bounce", subject=message_id).count() == 1
    assert Event.objects.filter(kind="message.bounced").count() == 1
    refused = call("/send", {"to": ANN, "text": "again"}, robin.agent_key)
    assert (refused.status, refused.body["code"]) == (403, "recipient_suppressed")


def test_the_same_bounce_again_changes_nothing(robin: Known) -> None:
    message_id = sent(robin)
    for _ in range(3):
        assert bounce(message_id).status_code == 200
    assert EmailReputation.objects.get().hard_bounces == 1
    assert Event.objects.filter(kind="message.bounced").count() == 1


def test_a_complaint_blocks_and_a_soft_bounce_does_not(robin: Known) -> None:
    bounce(sent(robin, "bo@ek.example"), Type="Transient", Email="bo@ek.example")
    assert call("/send", {"to": "bo@ek.example", "text": "again"}, robin.agent_key).status == 202
    bounce(sent(robin), Type="SpamComplaint")
    assert OutboundRecipient.objects.get(address=ANN).state == "complained"
    assert call("/send", {"to": ANN, "text": "again"}, robin.agent_key).status == 403


@pytest.mark.parametrize("shown", ["wrong", "missing"])
def test_an_unsigned_bounce_is_a_bare_401(robin: Known, shown: str) -> None:
    if shown == "wrong":
        answer = bounce(sent(robin), secret="x" * 40)
    else:
        answer = Client().post("/bounce", b"{}", content_type="application/json")
    assert (answer.status_code, answer.content) == (401, b"")
    assert not DeliveryReport.objects.exists()


@pytest.mark.parametrize("form", ["id", "hex", "header"])
def test_a_message_is_known_by_each_of_its_names(robin: Known, form: str) -> None:
    message_id = sent(robin)
    bare = message_id.replace("-", "")
    names = {"id": message_id, "hex": bare, "header": f"<{bare}@agents.localhost>"}
    bounce(names[form])
    assert OutboundRecipient.objects.get().state == "bounced"


def test_a_bounce_that_comes_before_its_message_is_matched_later(robin: Known) -> None:
    message_id = sent(robin)
    bounce("pm-77")
    assert DeliveryReport.objects.get().state == ReportState.WAITING
    Outgoing.objects.filter(pk=UUID(message_id)).update(provider_id="pm-77")
    with clock.frozen(clock.now() + timedelta(seconds=30)):
        assert reports.due()
        assert reports.reconcile() == 1
    assert OutboundRecipient.objects.get().state == "bounced"


def test_what_never_matches_stays_visible(robin: Known) -> None:
    bounce("pm-nobody")
    for days in range(1, 10):
        with clock.frozen(clock.now() + timedelta(days=2 * days)):
            reports.reconcile()
    assert DeliveryReport.objects.get().state == ReportState.UNMATCHED
    assert not reports.due()


def test_a_bounce_settles_what_a_dead_worker_left_open(robin: Known) -> None:
    message_id = sent(robin)
    Outgoing.objects.update(state=Status.UNKNOWN)
    Message.objects.update(status=Status.UNKNOWN)
    bounce(message_id)
    assert Message.objects.get().status == Status.ACCEPTED


def test_a_signed_body_that_is_none_is_told_so(robin: Known) -> None:
    assert bounce("", Type="").status_code == 400


@pytest.mark.parametrize(
    "changes", [{"Type": "AutoResponder"}, {"Type": "Subscribe"}, {"RecordType": "Open", "Type": None}]
)
def test_what_is_no_bounce_changes_nothing(robin: Known, changes: dict[str, Any]) -> None:
    assert bounce(sent(robin), **changes).json() == {"recorded": False}
    assert OutboundRecipient.objects.get().state == "accepted"
    assert not DeliveryReport.objects.exists()


def test_a_delivery_at_the_bounces_address_is_a_delivery(robin: Known) -> None:
    assert bounce(sent(robin), RecordType="Delivery", Type=None, BouncedAt=None).json() == {"recorded": True}
    row = OutboundRecipient.objects.get()
    assert (row.state, row.bounce_type, row.bounced_at) == ("delivered", "", None)


def test_words_that_no_column_takes_are_taken_without_what_is_wrong(robin: Known) -> None:
    said = {"Type": "Hard\x00Bounce", "Email": f"{ANN}\x00", "Details": "550\x00 \ud800"}
    assert bounce(sent(robin), **said).json() == {"recorded": True}
    assert OutboundRecipient.objects.get().bounce_type == "HardBounce"


class TestPolling:
    def ask(self, path: str, body: Any, bridge: str) -> Answer:
        return call(f"/outbound/{path}", body, bridge=bridge)

    def test_an_mta_takes_its_mail_and_says_what_became_of_it(self, robin: Known) -> None:
        bridge = bridge_key()
        call("/send", {"to": [ANN, "bo@ek.example"], "text": "Hello"}, robin.agent_key)
        given = self.ask("next", {}, bridge).body["messages"]
        assert len(given) == 1
        assert given[0]["rcpt_to"] == [ANN, "bo@ek.example"]
        assert self.ask("next", {}, bridge).body["count"] == 0
        result = {
            "id": given[0]["id"],
            "token": given[0]["token"],
            "recipients": [
                {"address": ANN, "outcome": "accepted", "code": "250"},
                {"address": "bo@ek.example", "outcome": "permanent", "code": "550", "detail": "5.1.1 gone"},
            ],
        }
        assert self.ask("result", result, bridge).body == {"recorded": True}
        assert self.ask("result", result, bridge).body == {"recorded": False}
        states = dict(OutboundRecipient.objects.values_list("address", "state"))
        assert states == {ANN: "accepted", "bo@ek.example": "failed"}
        told = {"id": given[0]["id"], "address": ANN, "code": "5.1.1", "detail": "no such user"}
        assert self.ask("bounce", told, bridge).body == {"recorded": True}
        assert OutboundRecipient.objects.get(address=ANN).bounce_type == "HardBounce"

    @pytest.mark.parametrize("address", ["postmaster", "ann mercer-bikes.example", f"{ANN}, bo@ek.example", "<>"])
    def test_a_bounce_of_what_is_no_address_is_told_so(self, robin: Known, address: str) -> None:
        told = {"id": str(uuid7()), "address": address, "code": "5.1.1"}
        answer = self.ask("bounce", told, bridge_key())
        assert (answer.status, answer.body["code"]) == (400, "bad_address")
        assert answer.body["errors"][0]["path"] == "address"
        assert not DeliveryReport.objects.exists()

    def test_another_owners_bridge_gets_nothing(self, robin: Known) -> None:
        bridge = bridge_key(known_agent("heron", "Oscar").owner)
        call("/send", {"to": ANN, "text": "Hello"}, robin.agent_key)
        assert self.ask("next", {}, bridge).body["count"] == 0

    def test_another_owners_bridge_tells_of_no_bounce(self, robin: Known) -> None:
        told = {"id": sent(robin), "address": ANN, "code": "5.1.1", "detail": "no such user"}
        assert self.ask("bounce", told, bridge_key(known_agent("heron", "Oscar").owner)).body == {"recorded": False}
        assert OutboundRecipient.objects.get().bounced_at is None
        assert not DeliveryReport.objects.exists()
        assert self.ask("bounce", told, bridge_key(robin.owner)).body == {"recorded": True}


def test_suppressions_are_listed_added_and_lifted(robin: Known) -> None:
    added = call("/suppression/put", {"address": "Cy@ek.example", "agent_id": "robin"}, robin.owner_key)
    assert added.status == 200, added.body
    assert added.body["address"] == "cy@ek.example"
    listed = call("/suppression/list", {}, robin.owner_key).body
    assert [row["agent_id"] for row in listed["suppressions"]] == ["robin"]
    assert call("/send", {"to": "cy@ek.example", "text": "x"}, robin.agent_key).status == 403
    assert call("/suppression/lift", {"address": "cy@EK.example"}, robin.owner_key).body == {"lifted": 1}
    assert call("/send", {"to": "cy@ek.example", "text": "x"}, robin.agent_key).status == 202
    assert call("/suppression/list", {}, robin.agent_key).status == 403


def test_a_person_s_own_words_are_a_reason_too(robin: Known) -> None:
    for words, reason, detail in (("unsubscribed", "unsubscribed", ""), ("asked by phone", "manual", "asked by phone")):
        added = call("/suppression/put", {"address": f"{reason}@ek.example", "reason": words}, robin.owner_key)
        assert (added.status, added.body["reason"], added.body["detail"]) == (200, reason, detail)
    assert call("/suppression/put", {"address": "x@ek.example", "reason": "x" * 501}, robin.owner_key).status == 400


def test_a_bounce_leaves_a_longer_suppression_its_reason(robin: Known) -> None:
    message_id = sent(robin)
    said = {"address": ANN, "reason": "he asked on the phone"}
    assert call("/suppression/put", said, robin.owner_key).status == 200
    assert bounce(message_id).json() == {"recorded": True}
    row = Suppression.objects.get()
    assert (row.reason, row.detail, row.expires_at) == ("manual", "he asked on the phone", None)
    assert call("/suppression/put", {"address": ANN, "reason": "unsubscribed"}, robin.owner_key).status == 200
    assert Suppression.objects.get().reason == "unsubscribed"


def test_what_is_put_while_it_is_lifted_is_kept_from(robin: Known) -> None:
    """Whoever lifts commits between what the other looked for and what it writes."""

    def put(expires_at: datetime | None = None) -> Suppression:
        why = SuppressionReason.MANUAL
        return suppressions.suppress(robin.owner.pk, ANN, why, expires_at=expires_at, actor="test")

    put()
    with ThreadPoolExecutor(1) as beside, transaction.atomic():
        assert suppressions.lift(robin.owner.pk, ANN, actor="test") == 1
        putting = beside.submit(in_its_own_connection, put)
        waits_for_a_lock()
    assert putting.result(10).lifted_at is None
    soon = clock.now() + timedelta(hours=1)
    assert put(soon).expires_at is None
    assert Suppression.objects.filter(lifted_at=None).count() == 1


def in_its_own_connection(what: Callable[[], Suppression]) -> Suppression:
    try:
        return what()
    finally:
        connection.close()


def waits_for_a_lock() -> None:
    """Until another connection waits for what this one holds."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waited.")


def test_a_suppression_that_has_ended_is_refused(robin: Known) -> None:
    body = {"address": "cy@ek.example", "expires_at": "2026-01-01T00:00:00Z"}
    answer = call("/suppression/put", body, robin.owner_key)
    assert (answer.status, [error["path"] for error in answer.body["errors"]]) == (400, ["expires_at"])


def test_an_owner_stops_and_resumes_an_agent(robin: Known) -> None:
    body = {"agent_id": "robin", "state": "paused", "reason": "holiday"}
    assert call("/agent/state", body, robin.owner_key).body["state"] == "paused"
    assert call("/send", {"to": ANN, "text": "x"}, robin.agent_key).body["code"] == "agent_paused"
    assert call("/agent/state", body | {"state": "active"}, robin.owner_key).status == 200
    assert call("/send", {"to": ANN, "text": "x"}, robin.agent_key).status == 202
    assert call("/agent/state", body | {"agent_id": "nobody"}, robin.owner_key).status == 404
