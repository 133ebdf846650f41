"""What a provider's file says: how its requests are verified and where in them the mail and its envelope stand.

Decides the shape that all share. Verifying is anymail's wherever it can; reading is ours, since anymail hands the mail
to the standard library's parser, which hostile input holds up for seconds.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import warnings
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from postbox.api.errors import ApiError, Unavailable
from postbox.ingest.envelope import is_address


@dataclass(frozen=True, slots=True)
class Delivered:
    """One mail as a provider hands it over.

    ``event`` is what stays the same when the provider sends it again and differs for every other mail.
    """

    event: str
    raw: bytes
    mail_from: str
    rcpt_to: tuple[str, ...]
    client_ip: str = ""


class Unverified(Exception):
    """The request does not show the secret, or it did so too long ago."""


class Unusable(ApiError):
    """A request that was verified and holds no mail that could be read."""

    status = 422
    code = "unusable_event"
    message = "This is not an inbound mail in the form that the provider documents."
    fix = "Point only the provider's inbound webhook here; docs/mail-servers.md shows how each is set up."


class ComeAgain(Unavailable):
    """Something that is needed does not answer at the moment; the provider will try again."""

    message = "Something that is needed to take this mail in does not answer."
    fix = "Send it again later."


Secrets = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provider:
    """``verify`` raises Unverified; ``read`` gives what the request holds, nothing where nothing is to be stored.

    Where a request may hold several mails, one that cannot be read stands among them as its error; what is wrong with
    the request as a whole is raised (Unusable). ``give_up`` is the status at which the provider stops trying, for what
    no repetition can mend; ``unverified`` the one after which it comes again once its secret has been put right, and
    ``too_soon`` the one after which it does when there was too much mail.
    """

    verify: Callable[[HttpRequest, Secrets], None]
    read: Callable[[HttpRequest, Secrets], Sequence[Delivered | ApiError]]
    give_up: int = 413
    unverified: int = 401
    too_soon: int = 429


def validate(make: Callable[[], Any], request: HttpRequest) -> None:
    """Run the checks of an anymail view. Raises Unverified."""
    from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # anymail warns of providers that it cannot test
        view = make()
    try:
        view.run_validators(request)
    except (AnymailWebhookValidationFailure, AnymailError, ValueError, TypeError, AttributeError) as error:
        raise Unverified(type(error).__name__) from error


def basic_auth(request: HttpRequest, secrets: Secrets, esp: str = "SES") -> None:
    """Run the one check that all of anymail's views share. Raises Unverified."""
    from anymail.webhooks.base import AnymailBaseWebhookView

    class Plain(AnymailBaseWebhookView):  # type: ignore[misc]
        esp_name = esp

    validate(lambda: Plain(webhook_secret=secrets["secret"]), request)


def each(entries: Any, read: Callable[[dict[str, Any]], Delivered]) -> list[Delivered | ApiError]:
    """Read the entries of a request that holds several mails, each by itself. Raises Unusable where it is no list."""
    if not isinstance(entries, list):
        raise Unusable()
    return [_one(entry, read) for entry in entries]


def _one(entry: Any, read: Callable[[dict[str, Any]], Delivered]) -> Delivered | ApiError:
    try:
        return read(entry if isinstance(entry, dict) else {})
    except ApiError as error:
        return error


def digest(*parts: bytes | str) -> str:
    """An id for a mail that its provider gives none: the same for the same mail to the same recipient."""
    whole = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "replace") if isinstance(part, str) else part
        whole.update(b"%d:" % len(octets) + octets)
    return whole.hexdigest()


def unbase64(given: Any) -> bytes:
    """What base64 stands for. Raises Unusable."""
    try:
        return b64decode(text(given))
    except (binascii.Error, ValueError) as error:
        raise Unusable("The mail is not base64.") from error


def sender(text: Any) -> str:
    """An envelope sender, empty where it is none: such a mail is stored all the same."""
    bare = text.strip().removeprefix("<").removesuffix(">").strip() if isinstance(text, str) else ""
    return bare if is_address(bare) else ""


def recipients(given: Sequence[Any]) -> tuple[str, ...]:
    """The addresses among these. Raises Unusable where there is none."""
    found = tuple(bare for item in given if (bare := sender(item)))
    if not found:
        raise Unusable("The request names no recipient.")
    return found


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of the body. Raises Unusable."""
    said = json_of(request)
    if not isinstance(said, dict):
        raise Unusable()
    return said


def json_of(request: HttpRequest) -> Any:
    """The JSON of the body. Raises Unusable."""
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Unusable("The body is not JSON.") from error


def text(value: Any) -> str:
    """The value if it is text, else nothing."""
    return value if isinstance(value, str) else ""
