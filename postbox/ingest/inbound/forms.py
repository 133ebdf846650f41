"""Reading the forms that providers post, octet by octet.

Decides nothing about a mail. Django reads forms as UTF-8 and replaces what is none; a raw mail in a form is of any
charset, so fields are read as Latin-1, which gives every octet back.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import BadRequest
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError

from postbox.ingest.inbound.provider import Unusable

_FILES = 500
_URLENCODED = "application/x-www-form-urlencoded"


def prepare(request: HttpRequest) -> None:
    """Have the form read so that every octet can be got back, before anybody reads it. Raises Unusable."""
    _ = request.body  # a signature may be over it
    try:
        if request.content_type != _URLENCODED and request.encoding != "latin-1":
            request.encoding = "latin-1"
        _ = request.POST
    except (MultiPartParserError, BadRequest) as error:
        raise Unusable("The body is not a form.") from error


class Form:
    """The fields and files of a posted form. Where a field comes twice its last value holds, as anymail has it."""

    def __init__(self, request: HttpRequest) -> None:
        prepare(request)
        urlencoded = request.content_type == _URLENCODED  # which Django takes in UTF-8 alone
        self._fields: QueryDict = QueryDict(request.body, encoding="latin-1") if urlencoded else request.POST
        self._files = request.FILES

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def octets(self, name: str) -> bytes:
        """A field as it was sent; empty where there is none."""
        value = self._fields.get(name, "")
        return value.encode("latin-1") if isinstance(value, str) else b""

    def text(self, name: str) -> str:
        """A field in UTF-8."""
        return self.octets(name).decode("utf-8", "replace")

    def json(self, name: str) -> Any:
        """A field that holds JSON. Raises Unusable."""
        try:
            return json.loads(self.text(name))
        except (ValueError, RecursionError) as error:
            raise Unusable(f"The field {name} holds no JSON.") from error

    def attachments(self) -> list[dict[str, Any]]:
        """The files, as postbox.ingest.compose takes them, ordered by their fields' names."""
        found = [(name, file) for name in sorted(self._files) for file in self._files.getlist(name)]
        return [_attachment(file) for _, file in found[:_FILES]]


def _attachment(file: UploadedFile[Any]) -> dict[str, Any]:
    name = (file.name or "").encode("latin-1", "replace").decode("utf-8", "replace")
    return {"name": name, "type": file.content_type or "", "content": file.read()}


def headers_of(pairs: Any) -> dict[str, list[str]]:
    """``[[name, value], …]`` as postbox.ingest.compose takes headers."""
    found: dict[str, list[str]] = {}
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(item, str) for item in pair):
            found.setdefault(pair[0], []).append(pair[1])
    return found


def headers_in(lines: str) -> dict[str, list[str]]:
    """A header section in one text, unfolded."""
    pairs: list[list[str]] = []
    for line in lines.splitlines():
        if line[:1] in {" ", "\t"} and pairs:
            pairs[-1][1] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            pairs.append([name.strip(), value.strip()])
    return headers_of(pairs)
