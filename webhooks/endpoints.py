"""What an agent does with its endpoints: register, list, rotate, ping, disable, enable, delete.

Decides which URLs are taken, how many endpoints an agent may have, and that an agent sees its own only. It posts
nothing: a ping is a delivery like any other.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from postbox.api.errors import ApiError, NotFound
from postbox.audit.record import record
from postbox.events.body import public_id, render
from postbox.events.models import Event, EventKind
from postbox.events.wakeups import wake
from postbox.identity.keys import data_key
from postbox.identity.models import Agent
from postbox.lib import clock, envelope, resolver
from postbox.lib.egress import Client, Refused, Trouble
from postbox.lib.ids import uuid7
from webhooks import endpoint_secrets, health, kinds
from webhooks.models import (
    ENDPOINT_TRANSITIONS,
    Delivery,
    DeliveryState,
    DisabledReason,
    Endpoint,
    EndpointState,
    check_transition,
)
from webhooks.outcomes import Failure

MAX_ENDPOINTS = 20
DEFAULT_GRACE = timedelta(hours=24)
MAX_GRACE = timedelta(days=7)


class UrlRefused(ApiError):
    code = "url_refused"
    message = "Webhooks cannot go to this URL."
    fix = "Use an https URL whose host has public addresses only, without user name and password."


class TooManyEndpoints(ApiError):
    status = 409
    code = "too_many_endpoints"
    message = f"This agent has {MAX_ENDPOINTS} endpoints already."
    fix = "Delete one that is not needed with /webhook/delete."


class NotActive(ApiError):
    status = 409
    code = "endpoint_not_active"
    message = "This endpoint is disabled."
    fix = "Enable it with /webhook/enable first."


_FIXES = {
    Trouble.LOOPBACK: "Use an https URL with a public address. For development, have the operator set "
    "POSTBOX_WEBHOOK_ALLOW_LOOPBACK=on, which lets webhooks go to loopback.",
    Trouble.SCHEME: "Use https. Plain http is taken for loopback only, and only where the operator has set "
    "POSTBOX_WEBHOOK_ALLOW_LOOPBACK=on.",
    Trouble.USERINFO: "Leave the user name and password out of the URL; verify the signature instead.",
    Trouble.ADDRESS: "Use a host whose addresses are all public; private and other special ones are refused.",
    Trouble.DNS: "Check the host name, and register again once it resolves.",
    Trouble.URL: "Send an absolute https URL in ASCII: an internationalised host in its xn-- form, other characters "
    "percent-encoded.",
}


def check_url(url: str, resolve: resolver.Resolver | None = None) -> None:
    """Raise UrlRefused for a URL that no webhook could be sent to now. Every attempt checks again."""
    resolve = resolve or resolver.of(settings.POSTBOX_DNS_SERVERS)
    client = Client(allow_loopback=settings.POSTBOX_WEBHOOK_ALLOW_LOOPBACK, resolver=resolve)
    try:
        client.check(url)
    except Refused as error:
        problem = {"path": "url", "message": f"{error.trouble.value}: {error}"}
        raise UrlRefused(str(error), fix=_FIXES.get(error.trouble, ""), errors=[problem]) from error


def register(
    agent_id: uuid.UUID, url: str, wanted: Sequence[str], description: str, *, actor: str
) -> tuple[Endpoint, str]:
    """A new endpoint and its secret. Raises UrlRefused, TooManyEndpoints."""
    check_url(url)
    with transaction.atomic():
        Agent.objects.select_for_update(no_key=True).get(pk=agent_id)  # so that two cannot both be the twentieth
        if _of(agent_id).count() >= MAX_ENDPOINTS:
            raise TooManyEndpoints()
        endpoint = Endpoint.objects.create(
            agent_id=agent_id, url=url, kinds=kinds.stored(wanted), description=description
        )
        secret = endpoint_secrets.make(endpoint)
        record(actor, "endpoint.registered", endpoint.id, agent=str(agent_id))
    return endpoint, secret


@dataclass(frozen=True, slots=True)
class Listed:
    """An endpoint as it is listed: ``pending`` and ``dead`` count deliveries, ``last_attempt`` is one's time."""

    endpoint: Endpoint
    pending: int
    dead: int
    last_attempt: datetime | None


def listing(agent_id: uuid.UUID) -> list[Listed]:
    """The agent's endpoints, newest first, in two queries."""
    rows = list(_of(agent_id).order_by("-id"))
    counted = (
        Delivery.objects.filter(endpoint__in=rows, state__in=(DeliveryState.PENDING, DeliveryState.DEAD))
        .values_list("endpoint")
        .annotate(pending=Count("id", filter=Q(state="pending")), dead=Count("id", filter=Q(state="dead")))
    )
    counts = {endpoint: (pending, dead) for endpoint, pending, dead in counted}
    return [
        Listed(
            row,
            *counts.get(row.id, (0, 0)),
            max((at for at in (row.last_success_at, row.last_failure_at) if at), default=None),
        )
        for row in rows
    ]


def rotate(agent_id: uuid.UUID, endpoint_id: uuid.UUID, grace: timedelta, *, actor: str) -> tuple[str, datetime]:
    """A new secret, and when the old one stops signing."""
    with transaction.atomic():
        endpoint = locked(agent_id, endpoint_id)
        secret, until = endpoint_secrets.rotate(endpoint, grace)
        record(actor, "endpoint.secret_rotated", endpoint.id, grace_seconds=round(grace.total_seconds()))
    return secret, until


def ping(agent_id: uuid.UUID, endpoint_id: uuid.UUID, *, actor: str) -> str:
    """Send a ``ping`` event to this endpoint alone, whatever kinds it takes. Returns its ``webhook-id``."""
    with transaction.atomic():
        endpoint = locked(agent_id, endpoint_id)
        if endpoint.state != EndpointState.ACTIVE:
            raise NotActive()
        event = _ping_event(endpoint)
        Endpoint.objects.filter(pk=endpoint.pk).update(sequence=F("sequence") + 1)
        Delivery.objects.create(endpoint=endpoint, event=event, sequence=endpoint.sequence + 1)
        record(actor, "endpoint.pinged", endpoint.id)
        wake("webhooks")
    return public_id(event.id)


def disable(agent_id: uuid.UUID, endpoint_id: uuid.UUID, *, actor: str) -> Endpoint:
    """Stop sending to an endpoint; what waits for it becomes dead letters. Disabling twice changes nothing."""
    endpoint = own(agent_id, endpoint_id)
    health.disable(endpoint.id, DisabledReason.AGENT, actor=actor)
    endpoint.refresh_from_db()
    return endpoint


def enable(agent_id: uuid.UUID, endpoint_id: uuid.UUID, *, actor: str) -> Endpoint:
    """Send to a disabled endpoint again, from the next event on; a replay brings back what it missed."""
    endpoint = own(agent_id, endpoint_id)
    if endpoint.state == EndpointState.DISABLED:
        check_url(endpoint.url)
        revive(endpoint.id, actor=actor)
        endpoint.refresh_from_db()
    return endpoint


def revive(endpoint_id: uuid.UUID, *, actor: str) -> bool:
    """Make a disabled endpoint active with its health unknown. False when it was not disabled."""
    check_transition(ENDPOINT_TRANSITIONS, EndpointState.DISABLED, EndpointState.ACTIVE)
    with transaction.atomic():
        changed = Endpoint.objects.filter(pk=endpoint_id, state=EndpointState.DISABLED).update(
            state=EndpointState.ACTIVE,
            disabled_reason="",
            disabled_at=None,
            first_failure_at=None,
            consecutive_failures=0,
            not_before=clock.now(),
        )
        if changed:
            record(actor, "endpoint.enabled", endpoint_id)
    return bool(changed)


def delete(agent_id: uuid.UUID, endpoint_id: uuid.UUID, *, actor: str) -> None:
    """End an endpoint: its secrets go, what waits is never sent; its history stays for the operator."""
    with transaction.atomic():
        endpoint = locked(agent_id, endpoint_id)
        check_transition(ENDPOINT_TRANSITIONS, endpoint.state, EndpointState.DELETED)
        Endpoint.objects.filter(pk=endpoint.pk).update(
            state=EndpointState.DELETED, disabled_reason="", secret_version=F("secret_version") + 1
        )
        endpoint.secrets.all().delete()
        health.bury(endpoint.id, Failure.ENDPOINT_DELETED)
        record(actor, "endpoint.deleted", endpoint.id)


def own(agent_id: uuid.UUID, endpoint_id: uuid.UUID) -> Endpoint:
    """The agent's endpoint. Raises NotFound for another's, and for a deleted one."""
    endpoint = _of(agent_id).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound("There is no such endpoint.", fix="List the agent's endpoints with /webhook/list.")
    return endpoint


def locked(agent_id: uuid.UUID, endpoint_id: uuid.UUID) -> Endpoint:
    """``own``, with its row locked until the transaction ends."""
    endpoint = _of(agent_id).select_for_update(no_key=True).filter(pk=endpoint_id).first()
    return endpoint if endpoint is not None else own(agent_id, endpoint_id)


def _of(agent_id: uuid.UUID) -> QuerySet[Endpoint]:
    return Endpoint.objects.filter(agent=agent_id).exclude(state=EndpointState.DELETED)


def _ping_event(endpoint: Endpoint) -> Event:
    """An event that no consumer has a copy of."""
    now, event_id, kind = clock.now(), uuid7(), EventKind.PING
    name = Agent.objects.values_list("name", flat=True).get(pk=endpoint.agent_id)
    data = {"endpoint_id": str(endpoint.id), "agent_id": name}
    context = envelope.part_context(event_id, "event", endpoint.agent_id)
    body = envelope.seal(data_key(endpoint.agent_id), render(event_id, kind, now, data), context)
    return Event.objects.create(id=event_id, kind=kind, agent_id=endpoint.agent_id, created_at=now, body=body)
