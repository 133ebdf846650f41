"""The JSON of ``/send``: what is taken and what is answered."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from outbound import answers
from outbound.draft import (
    ATTACHMENTS,
    MESSAGE_ID,
    NAME,
    RECIPIENTS,
    SUBJECT,
    TEXT_BYTES,
    Draft,
    File,
    header_text,
    mailbox,
    recipients_of,
)
from outbound.models import Role
from outbound.unsubscribing import OURS
from postbox.api.fields import Base64, Flag, Id, Prose, Several, Text, Time
from postbox.api.serializers import Body
from postbox.mail.models import Status

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": RECIPIENTS}


@extend_schema_field({"oneOf": [{"type": "string", "minLength": 3}, _TEXTS]})
class Addresses(serializers.Field[list[str], Any, Any, Any]):
    """One address, or a list of them: ``local@domain`` or ``Name <local@domain>``."""

    default_error_messages = {
        "invalid": "Send an address, or a list of addresses.",
        "many": f"At most {RECIPIENTS} addresses.",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        given = [data] if isinstance(data, str) else data
        if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            self.fail("invalid")
        if len(given) > RECIPIENTS:
            self.fail("many")
        return given


class FileBody(Body):
    name = Prose(default="attachment", max_length=NAME)
    type = Prose(default="application/octet-stream", max_length=127)
    content = Base64(help_text="base64")


class SendBody(Body):
    to = Addresses(required=False, default=list)
    cc = Addresses(required=False, default=list)
    bcc = Addresses(required=False, default=list)
    subject = Prose(default="", max_length=SUBJECT)
    text = Prose(default="", max_length=TEXT_BYTES, help_text="Made from `html` where only that is given.")
    html = Prose(default="", max_length=TEXT_BYTES)
    in_reply_to = Prose(default="", max_length=998, help_text="A Message-ID, or the id of a stored message.")
    reply_all = Flag(default=False, help_text="With `in_reply_to` of a stored message: to everybody it went to.")
    forward = Id(required=False, help_text="A stored message to send on, with its attachments.")
    attachments = Several(child=FileBody(), default=list, max_length=ATTACHMENTS)
    send_at = Time(required=False, help_text="Not before then.")
    by_person = Flag(default=False, help_text="A person wrote it, or read it before: it bears no Auto-Submitted.")
    unsubscribe = Several(
        child=Text(max_length=2000),
        default=list,
        max_length=2,
        help_text="https: or mailto: for List-Unsubscribe; auto for an address, and a URL, of Postbox's own.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["from"] = Text(required=False, help_text="One of the agent's addresses; its first where left out.")
        return fields


class SendAnswer(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=[Status.QUEUED.value, Status.HELD.value])
    reason = serializers.CharField(required=False, help_text="Of held mail: why.")


def draft_of(values: dict[str, Any], agent_id: uuid.UUID) -> Draft:
    """The draft of a checked request. Raises ApiError for what is no address, no header or no message."""
    boxes = [
        (mailbox(text, f"{role.value}.{number}"), role)
        for role in Role
        for number, text in enumerate(values[role.value])
    ]
    draft = Draft(
        recipients=recipients_of(boxes) if boxes else (),
        subject=header_text(values["subject"], "subject"),
        text=values["text"],
        html=values["html"],
        attachments=tuple(_files(values["attachments"])),
        send_at=values.get("send_at"),
        by_person=values["by_person"],
        sender=mailbox(values["from"], "from").address if values.get("from") else "",
        unsubscribe=tuple(_urls(values["unsubscribe"])),
    )
    if "forward" in values:
        draft = answers.forwarding(draft, agent_id, answers.stored(agent_id, values["forward"]))
    draft = _answer(draft, values, agent_id)
    if not draft.recipients:
        recipients_of(())  # which says so
    _check_whole(values)
    return draft


def _check_whole(values: dict[str, Any]) -> None:
    """What is left out must not change what was meant without a word. Raises ValidationError."""
    if not (values["text"] or values["html"] or values["attachments"] or "forward" in values):
        raise serializers.ValidationError({"text": ["Say something: give `text`, `html`, `attachments` or `forward`."]})
    if values["reply_all"] and not _ID.fullmatch(values["in_reply_to"].strip()):
        raise serializers.ValidationError({"reply_all": ["It needs `in_reply_to` with the id of a stored message."]})


def _answer(draft: Draft, values: dict[str, Any], agent_id: uuid.UUID) -> Draft:
    asked = header_text(values["in_reply_to"], "in_reply_to").strip()
    if not asked:
        return draft
    if _ID.fullmatch(asked):
        message = answers.stored(agent_id, uuid.UUID(asked))
        return answers.answering(draft, agent_id, message, everybody=values["reply_all"])
    name = asked if asked.startswith("<") else f"<{asked}>"
    if not MESSAGE_ID.fullmatch(name):
        raise serializers.ValidationError({"in_reply_to": ["Neither a Message-ID nor the id of a message."]})
    return replace(draft, in_reply_to=name, references=(name,))


def _files(given: Iterable[dict[str, Any]]) -> Iterable[File]:
    for number, item in enumerate(given):
        name = header_text(item["name"], f"attachments.{number}.name").strip() or f"attachment-{number + 1}"
        yield File(name, header_text(item["type"], f"attachments.{number}.type"), item["content"])


def _urls(given: Iterable[str]) -> Iterable[str]:
    for number, url in enumerate(given):
        checked = header_text(url, f"unsubscribe.{number}").strip()
        if checked != OURS and (not checked.startswith(("https:", "mailto:")) or set(checked) & set("<>, ")):
            raise serializers.ValidationError({f"unsubscribe.{number}": ["Send an https: or mailto: URL, or auto."]})
        yield checked
