"""Reading a JSON body: bounded in size and depth, UTF-8 whatever the header says (RFC 8259, section 8.1).

Decides what counts as JSON here; never what a body means. A lone surrogate becomes U+FFFD, since no encoder takes it.
"""

from __future__ import annotations

import json
import re
from typing import IO, Any, NoReturn

from rest_framework.parsers import BaseParser

from postbox.api.bodies import Readable, drain
from postbox.api.errors import ApiError, TooLarge

BODY_BYTES = 1024 * 1024
DEPTH = 32
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class MalformedJson(ApiError):
    code = "malformed_json"
    message = "The body is not JSON."
    fix = "Send one JSON object in UTF-8, without NaN or Infinity."


class JsonBody(BaseParser):
    """``application/json``. A view that takes more than 1 MiB says so in ``body_bytes``."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        view = (parser_context or {}).get("view")
        return load(read_bounded(stream, getattr(view, "body_bytes", BODY_BYTES)))


def read_bounded(stream: Readable, most: int) -> bytes:
    """The whole stream. Raises TooLarge when it holds more than ``most`` octets; no more are kept."""
    body = stream.read(most + 1)
    if len(body) > most:
        drain(stream)
        raise TooLarge(f"The request is larger than {most} octets.")
    return body


def load(body: bytes) -> Any:
    """The value of a JSON text. Raises MalformedJson."""
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not UTF-8: octet {error.start} does not fit.") from error
    except ValueError as error:  # JSONDecodeError, or a number of more digits than Python reads
        raise MalformedJson(f"The body is not JSON: {str(error)[:200]}.") from error
    _check_depth(value)
    return _without_surrogates(value) if _SURROGATE.search(body) else value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEPTH):
        level = [item for node in level for item in _children(node)]
        if not level:
            return
    raise _too_deep()


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [item for item in node.values() if isinstance(item, (dict, list))]
    if isinstance(node, list):
        return [item for item in node if isinstance(item, (dict, list))]
    return []


def _too_deep() -> MalformedJson:
    return MalformedJson(f"The body is nested more than {DEPTH} deep.", fix="Send a flatter body.")


def _without_surrogates(value: Any) -> Any:
    """The depth is known to be bounded by now."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value
