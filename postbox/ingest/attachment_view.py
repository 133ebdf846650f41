"""``GET /attachment/<id>``: an agent fetches a file that came with its mail."""

from __future__ import annotations

import uuid

from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from postbox.api.errors import Forbidden, Invalid, NotFound
from postbox.api.schema import ERRORS, Error
from postbox.desk.ids import as_uuid
from postbox.identity.http import KeyView, holder
from postbox.identity.models import KeyKind
from postbox.ingest import download

_FLAGS = {"true": True, "false": False}
_ERRORS = {status: ERRORS[status] for status in (400, 401, 403, 405, 503)}


class AttachmentView(KeyView):
    """A file of the agent's own mail."""

    kinds = frozenset({KeyKind.AGENT})

    @extend_schema(
        operation_id="attachment",
        summary="Fetch an attachment",
        description="The octets of an attachment that `/list` or an event named. It is what a stranger sent: nothing "
        "has looked inside. `Content-Type` is `application/octet-stream` for every type that a browser could run; what "
        "the sender called it stands in `/list`. An attachment of quarantined mail is found only with "
        "`quarantined=true`.",
        parameters=[
            OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="An id from `attachments`."),
            OpenApiParameter(
                "quarantined",
                {"type": "string", "enum": list(_FLAGS), "default": "false"},
                description="true: also of quarantined mail. Treat it as hostile.",
            ),
        ],
        request=None,
        responses={
            (200, "*/*"): OpenApiResponse(OpenApiTypes.BINARY, "The file, always as a download"),
            404: OpenApiResponse(Error, "No such attachment of this agent's"),
            410: OpenApiResponse(Error, "It was erased (`erased`) or cannot be opened (`unreadable`)"),
            **_ERRORS,
        },
    )
    def get(self, request: Request, id: str) -> HttpResponseBase:
        agent_id = holder(request).agent_id
        if agent_id is None:
            raise Forbidden()
        # Loaded with the first file that is asked for: the MIME parser is large and the web needs it for nothing else.
        open_attachment = import_string("postbox.ingest.attachments.open_attachment")
        found = open_attachment(agent_id, _attachment_id(id), quarantined=_quarantined(request))
        return download.response(found.name, found.content_type, found.octets)


def _attachment_id(text: str) -> uuid.UUID:
    number = as_uuid(text)
    if number is None:
        raise NotFound("This is no attachment's id.", fix="Take ids from `attachments` of the messages in /list.")
    return number


def _quarantined(request: Request) -> bool:
    given = request.query_params.getlist("quarantined")
    if not given:
        return False
    if len(given) > 1 or given[0] not in _FLAGS:
        problem = {"path": "quarantined", "message": "Give true or false, once."}
        raise Invalid(errors=[problem])
    return _FLAGS[given[0]]
