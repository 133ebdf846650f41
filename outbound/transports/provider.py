"""Any provider that django-anymail speaks to: Postmark, Mailgun, SendGrid, SES, Resend and others.

Decides how a mail is told to an API, which is given parts and no octets, and what the API's answers mean: a mail that
may have been taken is unknown, one that surely was not is tried later or has failed. Nobody sees who else got a blind
copy. Providers sign by themselves, so our signature stays behind. It tries no mail twice.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from importlib import import_module
from typing import Any

import requests
import urllib3
from django.core.mail import EmailMultiAlternatives

from outbound.tracking import METADATA
from outbound.transports.base import Answer, Letter, Outcome, Result, same

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 20.0
# For all letters of one go: what is left then waits for the next, before the lease runs out.
GO_SECONDS = 25.0
_NAME = re.compile(r"[a-z_]{2,32}")
_NO_PROVIDERS = frozenset({"base", "base_requests", "console", "test"})
_SHORT = {"ses": "amazon_ses"}
# What the API makes itself, or is told by other means.
_LEFT_OUT = frozenset(
    {"from", "to", "cc", "subject", "reply-to", "date", "mime-version", "dkim-signature", "content-type"}
    | {"content-transfer-encoding", "content-disposition"}
)
_OUTCOMES = {
    "sent": Outcome.ACCEPTED,
    "queued": Outcome.ACCEPTED,
    "rejected": Outcome.PERMANENT,
    "invalid": Outcome.PERMANENT,
    "failed": Outcome.TEMPORARY,
}
# What a setting of ours or a wait may mend: a key, a plan, an address of the API, a rate.
_MENDABLE = frozenset({401, 402, 403, 404, 408, 409, 421, 423, 425, 429, 503})
_NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.ProxyError,
)
_BOTO_NEVER_SENT = {"NoCredentialsError", "NoRegionError", "EndpointConnectionError", "ConnectTimeoutError", "SSLError"}


class ByProvider:
    """A provider by its name in django-anymail; the setting ``ANYMAIL`` holds its keys.

    ValueError where there is no such provider or a setting of it is missing.
    """

    def __init__(self, provider: str) -> None:
        self._module = _SHORT.get(provider, provider)
        self.name = f"anymail:{provider}"[:32]
        if not _NAME.fullmatch(self._module) or self._module in _NO_PROVIDERS:
            raise ValueError(f"{provider!r} is no provider of django-anymail")
        self._backend()

    def ship(self, letters: Sequence[Letter]) -> Iterator[Result]:
        """Hand letters over, one call after the other; one that cannot be reached is not asked again in this go."""
        until = time.monotonic() + GO_SECONDS
        backend, left = self._backend(), list(letters)
        try:
            backend.open()
        except Exception as error:  # SES's client without a region, for one
            yield from (same(one, Outcome.TEMPORARY, type(error).__name__[:32], _words(error)) for one in left)
            return
        try:
            while left:
                letter = left.pop(0)
                result, is_away = self._hand_over(backend, letter)
                yield result
                if is_away or time.monotonic() > until:
                    code = "provider_away" if is_away else "provider_slow"
                    yield from (same(one, Outcome.TEMPORARY, code) for one in left)
                    return
        finally:
            backend.close()

    def close(self) -> None:
        """Connections are kept open for one go only: one that a provider closed meanwhile would lose a mail."""

    def _hand_over(self, backend: Any, letter: Letter) -> tuple[Result, bool]:
        """A call, or several where blind copies would see each other; and whether the provider is away."""
        from anymail.exceptions import AnymailError

        answers: list[Answer] = []
        provider_id, is_away = "", False
        for message, addresses in _messages(letter, self._module):
            try:
                _send(backend, message)
                answers += _said(message, addresses)
                provider_id = provider_id or _provider_id(message)
            except (AnymailError, OSError, ValueError, TypeError) as error:
                outcome, code, is_away = _meaning(error)
                answers += (Answer(address, outcome, code, _words(error)) for address in addresses)
            if is_away:
                rest = {answer.address for answer in answers}
                answers += (Answer(a, Outcome.TEMPORARY, "provider_away") for a in letter.addresses if a not in rest)
                break
        return Result(letter.id, tuple(answers), provider_id), is_away

    def _backend(self) -> Any:
        from django.core.exceptions import ImproperlyConfigured

        options: dict[str, Any] = {"ignore_recipient_status": True}
        if self._module == "amazon_ses":  # boto3 would try again by itself
            options["client_params"] = _boto_client()
        else:
            options["timeout"] = (CONNECT_SECONDS, ANSWER_SECONDS)
        try:
            return import_module(f"anymail.backends.{self._module}").EmailBackend(**options)
        except (ImportError, ImproperlyConfigured) as error:
            raise ValueError(f"{self.name}, whose keys go into POSTBOX_ANYMAIL: {error}") from error


def _boto_client() -> dict[str, Any]:
    from anymail.utils import get_anymail_setting

    given: dict[str, Any] = dict(get_anymail_setting("client_params", esp_name="Amazon SES", default={}))
    limits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": ANSWER_SECONDS, "retries": {"total_max_attempts": 1}}
    return given | {"config": limits | dict(given.get("config") or {})}


# --- the mail ----------------------------------------------------------------------------------------------------


def _messages(letter: Letter, module: str) -> Iterator[tuple[EmailMultiAlternatives, tuple[str, ...]]]:
    """The calls for a letter: who is named in it together, and each blind copy alone unless that call carries it."""
    mail = message_from_bytes(letter.raw, policy=policy.SMTP)
    assert isinstance(mail, EmailMessage)  # noqa: S101 (what this policy makes)
    wanted = {address.lower(): address for address in letter.addresses}
    to, cc = (_named(mail, name, wanted) for name in ("to", "cc"))
    open_ones = {address for address, _ in to + cc}
    blind = [address for address in letter.addresses if address not in open_ones]
    if to or cc:
        message = _message(mail, letter, module)
        message.to = [shown for _, shown in (to or cc)]
        message.cc = [shown for _, shown in cc] if to else []
        message.bcc = blind
        yield message, letter.addresses
        return
    for address in blind:
        message = _message(mail, letter, module)
        message.to = [address]
        yield message, (address,)


def _named(mail: EmailMessage, header: str, wanted: dict[str, str]) -> list[tuple[str, str]]:
    """Those of a header who are served in this try: the address as it is known here, and as it is shown."""
    found: Sequence[Address] = mail[header].addresses if mail[header] is not None else ()
    return [(wanted[box.addr_spec.lower()], str(box)) for box in found if box.addr_spec.lower() in wanted]


def _message(mail: EmailMessage, letter: Letter, module: str) -> EmailMultiAlternatives:
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    message = EmailMultiAlternatives(
        subject=str(mail["subject"] or ""),
        body=text.get_content() if text else "",
        from_email=str(mail["from"]),
        reply_to=[str(box) for box in mail["reply-to"].addresses] if mail["reply-to"] is not None else None,
        headers={name: str(value) for name, value in mail.items() if name.lower() not in _LEFT_OUT},
    )
    if html:
        message.attach_alternative(html.get_content(), "text/html")
    for part in mail.iter_attachments():
        content = part.get_payload(decode=True)
        message.attach(part.get_filename() or "", content if isinstance(content, bytes) else b"", _octets(part))
    if module == "postmark":
        message.extra_headers["X-PM-KeepID"] = "true"  # else it puts a Message-ID of its own
    message.metadata = {METADATA: letter.id.hex}  # type: ignore[attr-defined]
    return message


def _octets(part: Any) -> str:
    """Attached text stays octets: Django would decode it, and encode it otherwise."""
    kind = str(part.get_content_type())
    return "application/octet-stream" if kind.startswith("message/") else kind


# --- the answer --------------------------------------------------------------------------------------------------


def _send(backend: Any, message: EmailMultiAlternatives) -> None:
    """One call. Who cannot take our id with a mail is told without it; that is found out before anything is sent."""
    from anymail.exceptions import AnymailUnsupportedFeature

    try:
        backend.send_messages([message])
    except AnymailUnsupportedFeature:
        del message.metadata  # type: ignore[attr-defined]
        backend.send_messages([message])


def _said(message: Any, addresses: Sequence[str]) -> Iterator[Answer]:
    said = {address.lower(): one for address, one in message.anymail_status.recipients.items()}
    words = [said[address.lower()].status if address.lower() in said else "unknown" for address in addresses]
    is_refused = not {"sent", "queued"} & set(words) and bool({"rejected", "invalid"} & set(words))
    for address, word in zip(addresses, words, strict=True):
        # Where one recipient spoils a call nothing was sent: the others are tried again without him.
        otherwise = Outcome.TEMPORARY if is_refused else Outcome.UNKNOWN
        yield Answer(address, _OUTCOMES.get(word, otherwise), str(word or "unknown"))


def _provider_id(message: Any) -> str:
    found = (one.message_id for one in message.anymail_status.recipients.values() if one.message_id)
    return str(next(found, ""))


def _meaning(error: BaseException) -> tuple[Outcome, str, bool]:
    """What an error says of the mail, a code, and whether the provider cannot be reached at all."""
    status = _status(error)
    if status is not None:
        if status in _MENDABLE:
            return Outcome.TEMPORARY, str(status), status in {401, 403, 429, 503}
        # 2xx with an answer that nobody understands, and 5xx after which the mail may be on its way.
        return (Outcome.PERMANENT if 400 <= status < 500 else Outcome.UNKNOWN), str(status), False
    cause = error.__cause__ or error
    if isinstance(cause, requests.RequestException):
        inner = cause.args[0] if cause.args else None
        reason = getattr(inner, "reason", inner)
        never = isinstance(cause, requests.ConnectTimeout) or isinstance(reason, _NEVER_SENT)
        return (Outcome.TEMPORARY if never else Outcome.UNKNOWN), type(cause).__name__[:32], True
    if type(cause).__name__ in _BOTO_NEVER_SENT:
        return Outcome.TEMPORARY, type(cause).__name__[:32], True
    if type(cause).__module__.partition(".")[0] == "botocore" or isinstance(cause, OSError):
        return Outcome.UNKNOWN, type(cause).__name__[:32], True
    # Refused by anymail itself: an address or a header that this provider cannot be told.
    return Outcome.PERMANENT, type(error).__name__[:32], False


def _status(error: Any) -> int | None:
    """The HTTP status of an API's answer; botocore keeps it in a dictionary."""
    if (status := getattr(error, "status_code", None)) is not None:
        return int(status)
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        found = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
        code = str(answer.get("Error", {}).get("Code", ""))
        return 429 if "Throttl" in code or code == "TooManyRequestsException" else found
    return None


def _words(error: BaseException) -> str:
    return " ".join(str(error).replace("\x00", "").split())[:500]
