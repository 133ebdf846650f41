"""A policy tried on stored mail: what would change, and that nothing does."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from postbox.audit.models import AuditRecord
from postbox.identity.keys import forget
from postbox.ingest import release
from postbox.ingest.policy_trial import try_policy
from postbox.mail.models import Message, Status
from postbox.screening.models import Policy
from tests.ingest.test_gate import brought, settled, vouch
from tests.nameserver import Nameserver, nameserver
from tests.people import Known, known_agent
from tests.screening.auth.signing import plain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def robin() -> Iterator[Known]:
    forget()
    yield known_agent()
    forget()


@pytest.fixture
def ns(settings: Settings) -> Iterator[Nameserver]:
    with nameserver() as made:
        settings.POSTBOX_DNS_SERVERS = (made.server,)
        vouch(made, "wren.example")
        yield made


@pytest.fixture
def mails(robin: Known, ns: Nameserver) -> list[Message]:
    """One that all vouch for, one that SPF alone does, one forged."""
    raws = [None, plain("Ann <ann@wren.example>"), plain("Ann <ann@bank.example>")]
    return [settled(brought(robin, raw=raw)) for raw in raws]


def would(robin: Known, **draft: object) -> dict[str, str]:
    found = try_policy(robin.owner.pk, draft)
    assert found.tried == 3
    return {str(change.id): change.after for change in found.changes}


def test_what_would_change_is_shown_and_nothing_is(robin: Known, ns: Nameserver, mails: list[Message]) -> None:
    whole, half, forged = (str(message.id) for message in mails)
    asked, audited = len(ns.asked), AuditRecord.objects.count()
    assert would(robin, auth="quarantine") == {forged: "quarantined"}
    assert would(robin, auth="enforce", address=robin.address) == {half: "refused", forged: "refused"}
    assert would(robin, auth="monitor") == {}
    assert would(robin, mode="allowlist", allow=["wren.example"], strangers="refuse") == {forged: "refused"}
    assert would(robin, mode="allowlist", strangers="hold", agent_id="robin") == dict.fromkeys(
        [whole, half, forged], "quarantined"
    )
    assert would(robin, block=["bank.example"]) == {forged: "refused"}
    assert len(ns.asked) == asked
    assert AuditRecord.objects.count() == audited
    assert not Policy.objects.exists()
    assert set(Message.objects.values_list("status", flat=True)) == {Status.PROCESSED}


def test_mail_that_was_refused_can_be_seen_to_come_in(robin: Known, ns: Nameserver) -> None:
    Policy.objects.create(owner=robin.owner, auth="enforce")
    message = settled(brought(robin, raw=plain("Ann <ann@wren.example>")))
    assert message.status == Status.REFUSED
    found = try_policy(robin.owner.pk, {"auth": "quarantine"})
    assert [(change.before, change.after) for change in found.changes] == [("refused", "processed")]


def test_an_operators_word_stands(robin: Known, mails: list[Message]) -> None:
    release.quarantine(mails[0].id, actor="operator:ann")
    found = try_policy(robin.owner.pk, {"auth": "enforce"})
    assert (found.tried, found.decided) == (2, 1)


def test_the_command(robin: Known, mails: list[Message]) -> None:
    out = io.StringIO()
    call_command("policy", "try", "--auth", "enforce", "--address", robin.address, stdout=out)
    assert "3 mails tried, 2 would have gone another way." in out.getvalue()
    assert "SPF, DKIM and DMARC must all pass here." in out.getvalue()
    out = io.StringIO()
    call_command("policy", "try", "--block", "bank.example", "--json", stdout=out)
    assert json.loads(out.getvalue())["changes"] == {"processed to refused": 1}
    with pytest.raises(CommandError, match="neither an address nor a domain"):
        call_command("policy", "try", "--block", "x y")
    with pytest.raises(CommandError, match="no owner"):
        call_command("policy", "list", "--owner", "Nobody")
    Policy.objects.create(owner=robin.owner, auth="enforce", block=["a.example"])
    out = io.StringIO()
    call_command("policy", "list", stdout=out)
    assert out.getvalue() == "(everything)  auth=enforce  block=a.example\n"
