"""A stored mail made a case again, for what looks at it a second time.

Decides nothing: the case is what the pipeline had made of the mail, with the verdicts that are not to be made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.conf import settings

from postbox.ingest.mime import parse_whole
from postbox.mail.authentication import authentication_of
from postbox.mail.content import Content
from postbox.mail.keys import open_part
from postbox.mail.models import Message, MessageContent, Outcome, StepVerdict
from postbox.mail.parsed import Distilled, Hidden, Image, Link, Score
from postbox.mail.raw import raw_of
from postbox.screening.auth.results import without_claims
from postbox.screening.case import Case, Verdict

# So many at once that look-ups are shared, and so few octets that they are held without harm.
_AT_ONCE, _OCTETS_AT_ONCE = 25, 16 * 1024 * 1024


def batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Messages as they are looked at together."""
    batch: list[Message] = []
    for message in messages:
        if batch and (len(batch) == _AT_ONCE or sum(one.size for one in batch) + message.size > _OCTETS_AT_ONCE):
            yield batch
            batch = []
        batch.append(message)
    if batch:
        yield batch


def content_of(message: Message, key: bytes) -> Content:
    """What the message says. Raises MessageContent.DoesNotExist, SealBroken."""
    sealed = MessageContent.objects.values_list("body", flat=True).get(pk=message.id)
    return Content.load(open_part(key, bytes(sealed), message.id, "content", message.agent_id))


def case_of(message: Message, content: Content, rows: Iterable[StepVerdict], anew: Sequence[str]) -> Case:
    """The case; ``anew`` names the steps whose verdicts it must not have.

    Raises KeyErased, SealBroken, OSError, LimitExceeded, Unparsable. The message's agent must be loaded.
    """
    raw = raw_of(message.id, message.agent_id)
    case = Case(
        message.id,
        message.agent_id,
        message.agent.name,
        raw,
        message.mail_from,
        message.rcpt_to,
        message.received_at,
        owner_id=message.agent.owner_id,
        address_id=message.address_id,
        client_ip=message.client_ip,
        helo=message.helo,
        tls=message.tls,
        authentication=authentication_of(message),
    )
    parsed, case.files = parse_whole(raw)
    case.parsed = without_claims(parsed, settings.POSTBOX_TRUSTED_AUTHSERV_ID)
    case.distilled = Distilled(
        text=content.text,
        truncated=content.text_truncated,
        hidden=tuple(Hidden(item.get("reason", ""), item.get("text", "")) for item in content.hidden),
        links=tuple(
            Link(item.get("text", ""), item.get("url", ""), item.get("mismatch", False)) for item in content.links
        ),
        own=None if content.own is None else tuple((place[0], place[1]) for place in content.own),
        images=tuple(Image(item.get("alt", "")) for item in content.images),
    )
    case.score = None if message.injection_score is None else Score(message.injection_score)
    case.verdicts = [Verdict(row.step, Outcome(row.outcome), row.code, "") for row in rows if row.step not in anew]
    return case
