"""The loop of an MTA that asks for its mail: ``/outbound/next``, ``/outbound/result``, ``/outbound/bounce``.

Decides that a mail which was given out is being handed over from that moment on: an MTA that never says what became of
it leaves it unknown, and it is not given out again.
"""

from __future__ import annotations

import base64
import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from outbound import asked, batch, results, work
from outbound.draft import mailbox
from outbound.models import OutboundRecipient, Outgoing, RecipientState, ReportKind
from outbound.reports import Report, record_bounce
from outbound.transports.base import Answer, Outcome, Result
from postbox.api.fields import Choice, Id, Several, Text, Whole
from postbox.api.schema import ERRORS
from postbox.api.serializers import Body, read
from postbox.identity.http import BridgeView, holder
from postbox.lib import clock
from reputation.bounces import is_hard_bounce

name = "poll"


class NextBody(Body):
    limit = Whole(min_value=1, max_value=batch.BATCH, default=10)


class LetterBody(serializers.Serializer[dict[str, Any]]):
    id = serializers.UUIDField()
    token = serializers.UUIDField(help_text="Send it with the result.")
    mail_from = serializers.CharField()
    rcpt_to = serializers.ListField(child=serializers.CharField())
    raw = serializers.CharField(help_text="The mail in base64.")


class NextAnswer(serializers.Serializer[dict[str, Any]]):
    count = serializers.IntegerField()
    messages = LetterBody(many=True)


class SaidBody(Body):
    address = Text(max_length=320)
    outcome = Choice(choices=[outcome.value for outcome in Outcome])
    code = Text(default="", allow_blank=True, max_length=32)
    detail = Text(default="", allow_blank=True, max_length=1000)


class ResultBody(Body):
    id = Id()
    token = Id()
    recipients = Several(child=SaidBody(), min_length=1, max_length=50)
    provider_id = Text(default="", allow_blank=True, max_length=255)


class ResultAnswer(serializers.Serializer[dict[str, Any]]):
    recorded = serializers.BooleanField(help_text="false: the lease had run out, or it was recorded before.")


class MtaBounceBody(Body):
    id = Id(help_text="The message's id.")
    address = Text(max_length=320, help_text="Whose mail came back, as local@domain.")
    code = Text(default="", allow_blank=True, max_length=32, help_text="A status code, as 5.1.1.")
    detail = Text(default="", allow_blank=True, max_length=1000)

    def validate_address(self, value: str) -> str:
        """As it was written to: the mail's own recipients are no other. Raises BadAddress."""
        return mailbox(value, "address").address


class NextView(BridgeView):
    @extend_schema(
        operation_id="outbound_next",
        summary="Mail to hand over",
        description="With POSTBOX_TRANSPORT=poll. What is given out is never given out again by itself.",
        request=NextBody,
        responses={200: NextAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(NextBody, request)
        results.give_up_lost()
        asked.take()
        claimed = batch.next_outbound_batch(values["limit"], holder(request).owner_id)
        work.settle_emptied(claimed, name)
        letters = work.opened_letters(claimed, claimed.parcels)
        shown = [
            {
                "id": str(letter.id),
                "token": str(claimed.token),
                "mail_from": letter.mail_from,
                "rcpt_to": list(letter.addresses),
                "raw": base64.b64encode(letter.raw).decode(),
            }
            for letter, _, _ in letters
        ]
        return Response({"count": len(shown), "messages": shown})


class ResultView(BridgeView):
    @extend_schema(
        operation_id="outbound_result",
        summary="What became of a mail",
        request=ResultBody,
        responses={200: ResultAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(ResultBody, request)
        said = {item["address"].lower(): item for item in values["recipients"]}
        parcel = _parcel(values["id"], holder(request).owner_id)
        if parcel is None:
            return Response({"recorded": False})
        answers = tuple(_answer(target.address, said.get(target.address.lower())) for target in parcel.targets)
        end = results.ending(parcel, Result(parcel.id, answers, values["provider_id"]), work.key_of(parcel))
        return Response({"recorded": bool(results.record_send_result(values["token"], [end], name))})


class MtaBounceView(BridgeView):
    @extend_schema(
        operation_id="outbound_bounce",
        summary="A bounce that came to the MTA",
        request=MtaBounceBody,
        responses={200: ResultAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(MtaBounceBody, request)
        if not _is_served(values["id"], holder(request).owner_id):
            return Response({"recorded": False})
        is_hard = is_hard_bounce(f"{values['code']} {values['detail']}".strip())
        report = Report(
            source="mta",
            event=values["code"],
            kind=ReportKind.BOUNCE,
            at=clock.now(),
            address=values["address"],
            message_id=values["id"],
            bounce_type="HardBounce" if is_hard else "SoftBounce",
            is_hard=is_hard,
            detail=f"{values['code']} {values['detail']}".strip(),
        )
        return Response({"recorded": record_bounce(report) is not None})


def _parcel(message_id: uuid.UUID, owner_id: uuid.UUID | None) -> batch.Parcel | None:
    """The mail that was given out, as its claim had it, with the recipients that were open."""
    row = Outgoing.objects.select_related("message__content", "agent").filter(pk=message_id).first()
    if row is None or owner_id not in {None, row.agent.owner_id}:
        return None
    open_ones = OutboundRecipient.objects.filter(message_id=message_id, state=RecipientState.QUEUED).order_by("id")
    targets = [batch.Target(one.id, one.address, one.role) for one in open_ones]
    return work.parcel_of(row, targets)


def _is_served(message_id: uuid.UUID, owner_id: uuid.UUID | None) -> bool:
    """Whether a key of this owner, or of none, may tell of this message; one that is not here yet may be its."""
    if owner_id is None:
        return True
    return not Outgoing.objects.filter(pk=message_id).exclude(agent__owner_id=owner_id).exists()


def _answer(address: str, said: dict[str, Any] | None) -> Answer:
    if said is None:
        return Answer(address, Outcome.UNKNOWN, "not_said", "The MTA said nothing of this recipient.")
    return Answer(address, Outcome(said["outcome"]), said["code"], said["detail"])
