"""Finding messages by what is in the clear: an id, a recipient, a sender.

Decides which index answers a question. Recipients are found by any beginning of their address, over all messages;
senders have no index and are looked for among the newest messages only, so that no search reads a whole table.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from postbox.desk.ids import as_uuid
from postbox.identity.models import Address
from postbox.mail.models import Message

# Senders are looked for among so many of the newest messages.
NEWEST = 50_000
_MOST_FOUND = 1_000
_MOST_ADDRESSES = 50


def find(rows: QuerySet[Message], text: str) -> QuerySet[Message]:
    """Those of ``rows`` that ``text`` names, at most some thousand. Nothing is found for what names nothing."""
    text = text.strip()
    if number := as_uuid(text):
        return rows.filter(pk=number)
    wanted = text.lower()
    ids = set(_ids(rows.filter(_to(wanted)))) | set(_ids(_newest(rows).filter(_from(text, wanted))))
    return rows.filter(pk__in=ids)


def _to(wanted: str) -> Q:
    """By the addresses that we gave out, of which there are few, and their agents, whose messages are indexed."""
    local, at, domain = wanted.partition("@")
    plain = f"{local.partition('+')[0]}{at}{domain}"
    addresses = list(Address.objects.filter(address__startswith=plain).values_list("pk", "agent_id")[:_MOST_ADDRESSES])
    by_address = Q(address_id__in=[row[0] for row in addresses], agent_id__in=[row[1] for row in addresses])
    return by_address & Q(rcpt_to__startswith=wanted) if "+" in local else by_address


def _from(text: str, wanted: str) -> Q:
    spellings = [text, wanted]
    return Q(mail_from__in=spellings) | Q(header_from__in=spellings)


def _newest(rows: QuerySet[Message]) -> QuerySet[Message]:
    oldest = Message.objects.order_by("-id").values_list("pk", flat=True)[NEWEST : NEWEST + 1].first()
    return rows.filter(pk__gt=oldest) if oldest else rows


def _ids(rows: QuerySet[Message]) -> list[Any]:
    return list(rows.order_by("-id").values_list("pk", flat=True)[:_MOST_FOUND])
