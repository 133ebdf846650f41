"""Writing an event of a sent message that is stored already: opened, and told with its recipients as they are now.

Decides that an agent hears nothing of a notice about it to its owner's human, whom it is not to know.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q

from outbound import events
from outbound.models import Origin, OutboundRecipient
from postbox.events.emit import emit
from postbox.events.models import EventKind
from postbox.identity.models import AgentKey
from postbox.lib.envelope import SealBroken
from postbox.mail.content import Content, facts_of
from postbox.mail.keys import KeyErased, message_key, open_part
from postbox.mail.models import Message

NOTICES = Q(outgoing__origin=Origin.NOTICE)


def tell(kind: EventKind, message_id: uuid.UUID, **more: Any) -> None:
    """Write the event in the caller's transaction; of a message that was erased nothing is told."""
    message = Message.objects.select_related("agent", "content", "outgoing").get(pk=message_id)
    if message.outgoing.origin == Origin.NOTICE:
        return
    try:
        key = message_key(message.id, message.agent_id)
        content = Content.load(open_part(key, bytes(message.content.body), message.id, "content", message.agent_id))
    except (KeyErased, AgentKey.DoesNotExist, SealBroken, ObjectDoesNotExist):
        return
    rows = OutboundRecipient.objects.filter(message_id=message_id).values_list("address", "role", "state")
    emit([events.of_message(kind, facts_of(message), content, key, message.agent_id, events.told(rows) | more)])
