"""What a provider's file says: how its requests are verified and where in them the mail and its envelope stand.

Decides the shape that all share. Verifying is anymail's wherever it can; reading is ours, since anymail hands the mail
to the standard library's parser, which hostile input holds up for seconds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from postbox.api.errors import ApiError
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


Secrets = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provider:
    """``verify`` raises Unverified; ``read`` raises Unusable and gives None where nothing is to be stored.

    ``give_up`` is the status at which the provider stops trying, for what no repetition can mend.
    """

    verify: Callable[[HttpRequest, Secrets], None]
    read: Callable[[HttpRequest], Delivered | None]
    give_up: int = 413


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


def text(value: Any) -> str:
    """The value if it is text, else nothing."""
    return value if isinstance(value, str) else ""
