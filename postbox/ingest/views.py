"""``POST /ingest``: the door for bridges that speak HTTP.

Decides only how a mail and its envelope are read from a request. 202 is said after COMMIT and never before; what
cannot be parsed is stored all the same, and only its size can refuse a mail.

A raw mail goes past DRF's request, negotiation and rendering, which would cost as much as storing it does. It is
checked and answered by the same functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.bodies import drain, is_announced_larger
from postbox.api.errors import ApiError, answer
from postbox.api.parsers import JsonBody
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import read
from postbox.identity.http import BridgeView, bridge_holder, check_kind, holder
from postbox.identity.keys import KeyHolder
from postbox.identity.return_paths import Purpose
from postbox.ingest import compose, envelope, metrics
from postbox.ingest.door import MailTooLarge, Receipt, receive
from postbox.ingest.limits import MESSAGE_BYTES
from postbox.ingest.serializers import IngestAnswer, IngestBody
from postbox.mail.store import Envelope

# base64 of the largest mail, and room for the envelope and JSON around it.
MAX_BODY_BYTES = MESSAGE_BYTES * 4 // 3 + 256 * 1024

RAW = "message/rfc822"
_NAMES = {Purpose.BOUNCE: "bounces", Purpose.UNSUBSCRIBE: "unsubscribed"}


class RawMail(BaseParser):
    """Declares the raw form; ``IngestView.dispatch`` reads it."""

    media_type = RAW

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read(MESSAGE_BYTES + 1)


class EmptyMail(ApiError):
    code = "empty_mail"
    message = "The request holds no mail."
    fix = "Put the raw mail into the body as message/rfc822, or into `raw` as base64."


class IncompleteRequest(ApiError):
    code = "incomplete_request"
    message = "The mail was cut off on its way here; nothing was stored."
    fix = "Send the whole mail again."


class LengthRequired(ApiError):
    status = 411
    code = "length_required"
    message = "The mail came without its length, so nobody could tell whether it is whole."
    fix = "Send Content-Length instead of Transfer-Encoding: chunked."


class IngestView(BridgeView):
    """Take a mail in."""

    parser_classes = [RawMail, JsonBody]
    body_bytes = MAX_BODY_BYTES
    body_required = True

    @extend_schema(
        operation_id="ingest",
        summary="Hand a mail to Postbox",
        description="As `message/rfc822` the envelope stands in the `x-postbox-*` headers; as JSON beside the mail. "
        "202 means that it is durable. A retry with the same bytes gives the same ids and `duplicate: true`.",
        request={"application/json": IngestBody, "message/rfc822": bytes},
        parameters=[
            OpenApiParameter("x-postbox-mail-from", str, OpenApiParameter.HEADER, description="Envelope sender."),
            OpenApiParameter("x-postbox-rcpt-to", str, OpenApiParameter.HEADER, description="Comma separated."),
            OpenApiParameter("x-postbox-client-ip", str, OpenApiParameter.HEADER, description="Connecting client."),
            OpenApiParameter("x-postbox-helo", str, OpenApiParameter.HEADER, description="What it said of itself."),
            OpenApiParameter(
                "x-postbox-tls", str, OpenApiParameter.HEADER, description="TLS version and cipher, or none."
            ),
        ],
        responses={
            202: OpenApiResponse(IngestAnswer, "Stored"),
            **ERRORS,
            429: OpenApiResponse(Error, "Too much mail for now: send it again after `Retry-After` seconds"),
        },
        examples=[
            OpenApiExample(
                "parsed",
                value={
                    "envelope": {"mail_from": "ann@example.org", "rcpt_to": ["agent@agents.localhost"]},
                    "parsed": {"headers": {"From": "Ann <ann@example.org>", "Subject": "Hi"}, "text": "Hello"},
                },
                request_only=True,
                media_type="application/json",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        _check_length(request._request, MAX_BODY_BYTES)
        return Response(_take(holder(request), *_from_json(request)), status=202)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = self._dispatch(request, *args, **kwargs)
        if response.status_code >= 400 and request.method == "POST":
            metrics.refused_by(response)
        return response

    def _dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or request.content_type != RAW:
            return super().dispatch(request, *args, **kwargs)
        try:
            who = bridge_holder(request.META)
            check_kind(who, self.kinds)
            _check_length(request, MESSAGE_BYTES)
            taken = _take(who, *_from_raw(request))
        except Exception as error:  # as DRF does: every error becomes an answer
            return answer(error)
        return HttpResponse(json.dumps(taken), content_type="application/json", status=202)


def _take(who: KeyHolder, raw: bytes, said: Envelope) -> dict[str, Any]:
    if not raw.strip():
        raise EmptyMail()
    return _shape(receive(raw, said, who.owner_id))


def _check_length(request: HttpRequest, most: int) -> None:
    """Refuse by the length that was announced, before anything is kept."""
    if is_announced_larger(request.META, most):
        drain(request)
        raise MailTooLarge()


def _from_raw(request: HttpRequest) -> tuple[bytes, Envelope]:
    meta = request.META
    said = envelope.read(
        _header(meta, "MAIL_FROM"),
        _header(meta, "RCPT_TO").split(","),
        _header(meta, "CLIENT_IP"),
        _header(meta, "HELO"),
        _header(meta, "TLS"),
        path="x-postbox-{}",
    )
    return _body(request), said


def _body(request: HttpRequest) -> bytes:
    """All of the mail that was announced. A part of one is refused: the sender will come again with the whole."""
    announced = request.META.get("CONTENT_LENGTH") or ""
    if not announced and request.META.get("HTTP_TRANSFER_ENCODING"):
        raise LengthRequired()
    try:
        raw = request.read(MESSAGE_BYTES + 1)
    except OSError as error:
        raise IncompleteRequest() from error
    if announced.isdecimal() and len(raw) < int(announced[:12]):
        raise IncompleteRequest(f"{announced} octets were announced and {len(raw)} came.")
    return raw


def _header(meta: Mapping[str, Any], name: str) -> str:
    """WSGI hands headers over as Latin-1 (PEP 3333); addresses in them are UTF-8 (RFC 6532)."""
    value: str = meta.get(f"HTTP_X_POSTBOX_{name}", "")
    return value if value.isascii() else value.encode("latin-1", "replace").decode("utf-8", "replace")


def _from_json(request: Request) -> tuple[bytes, Envelope]:
    values = read(IngestBody, request)
    given = values["envelope"]
    names = ("mail_from", "rcpt_to", "client_ip", "helo", "tls")
    said = envelope.read(*(given[name] for name in names), path="envelope.{}")
    return values["raw"] if "raw" in values else compose.raw_from(values["parsed"]), said


def _shape(receipt: Receipt) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "messages": [
            {
                "id": str(row.id),
                "to": row.recipient.rcpt_to,
                "agent_id": row.recipient.agent_name,
                "status": row.status,
                "duplicate": row.duplicate,
            }
            for row in receipt.stored
        ],
        "rejected": [
            {"rcpt_to": item.rcpt_to, "code": item.code, "message": item.message} for item in receipt.rejected
        ],
    }
    for item in receipt.answers:
        shape.setdefault(_NAMES[item.purpose], []).append({"to": item.rcpt_to, "id": str(item.message_id)})
    return shape
