"""Getting no more mail: the URLs of List-Unsubscribe that are ours (RFC 2369, RFC 8058), and who used them.

Decides that whoever asks is on the list of suppressions for good, for the agent that wrote and for no other, and what a
mail may offer: an address always; a URL, which cannot tell one reader from another, only where the mail has one
recipient. Where several got it, the address that the asking mail is from says who asks. It never answers one.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from outbound.draft import Draft
from outbound.models import Outgoing
from postbox.audit.record import record
from postbox.identity.return_paths import unsubscribe_address, unsubscribe_token
from postbox.ingest.limits import LimitExceeded
from reputation.bounces.addresses import addresses
from reputation.bounces.letter import read_letter
from reputation.models import SuppressionReason
from reputation.suppressions import suppress

OURS = "auto"  # stands in the place of a URL


def urls(draft: Draft, message_id: uuid.UUID, sender: str) -> list[str]:
    """What stands in List-Unsubscribe of a mail from the address ``sender``."""
    return list(_urls(draft, message_id, sender))


def by_mail(message_id: uuid.UUID, encoded: str) -> bool:
    """Take a mail (base64) that came to a message's address; gives whether it suppresses somebody."""
    return _suppress(message_id, "mail", _writer(base64.b64decode(encoded)))


def by_click(message_id: uuid.UUID) -> bool:
    """The same of a message's URL. False where the message is gone, or went to several."""
    return _suppress(message_id, "click")


def _urls(draft: Draft, message_id: uuid.UUID, sender: str) -> Iterator[str]:
    public = settings.POSTBOX_PUBLIC_URL.rstrip("/")
    for url in draft.unsubscribe:
        if url != OURS:
            yield url
            continue
        if urlsplit(public).scheme == "https" and len(draft.recipients) == 1:
            yield f"{public}/unsubscribe/{unsubscribe_token(message_id)}"
        yield f"mailto:{unsubscribe_address(message_id, sender)}?subject=unsubscribe"


def _suppress(message_id: uuid.UUID, way: str, writers: Iterable[str] = ()) -> bool:
    with transaction.atomic():
        message = Outgoing.objects.select_related("agent").filter(pk=message_id).first()
        if message is None:
            return False
        who = _asking([row.address for row in message.recipients.all()], {writer.lower() for writer in writers})
        if not who:
            record("outbound", "outbound.unsubscribe_unknown", message_id, way=way)
            return False
        agent = message.agent
        said = f"Asked by {way} for no more mail, in answer to {message_id}"
        suppress(agent.owner_id, who, SuppressionReason.UNSUBSCRIBED, agent_id=agent.id, detail=said, actor="recipient")
    return True


def _asking(recipients: list[str], writers: set[str]) -> str:
    """The only recipient, whatever address he writes from; else the one that he writes from."""
    if len(recipients) == 1:
        return recipients[0]
    return next((address for address in recipients if address.lower() in writers), "")


def _writer(raw: bytes) -> list[str]:
    try:
        return addresses(read_letter(raw).field("from"))
    except LimitExceeded:
        return []
