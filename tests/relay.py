"""A real SMTP server on loopback, with what a relay may do to those who send through it."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from postbox.config.up.embedded import free_port

TAKEN = "250 2.0.0 taken"


@dataclass
class Received:
    """One mail as the relay got it."""

    mail_from: str
    rcpt_to: list[str]
    octets: bytes
    session: int

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.octets, policy=policy.default)


@dataclass
class Relay:
    """What came, and how recipients and mails are answered; ``rude``: ends the connection in place of an answer."""

    received: list[Received] = field(default_factory=list)
    answer_rcpt: Callable[[str], str] = lambda address: "250 2.1.5 ok"
    answer_data: Callable[[Received], str] = lambda mail: TAKEN
    rude: Callable[[Received], bool] = lambda mail: False
    pipelining: bool = True
    port: int = 0
    came: threading.Event = field(default_factory=threading.Event)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *(["250-PIPELINING"] if self.pipelining else []), *responses[1:]]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answer_rcpt(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        octets = envelope.original_content or b""
        mail = Received(envelope.mail_from or "", list(envelope.rcpt_tos), octets, id(session))
        self.received.append(mail)
        self.came.set()
        if self.rude(mail):
            cast(Any, server).transport.abort()
        return self.answer_data(mail)


@contextlib.contextmanager
def relay(context: ssl.SSLContext | None = None, **behaviour: Any) -> Iterator[Relay]:
    """A relay for one block; with ``context`` it offers STARTTLS and takes no mail without it."""
    handler = Relay(**behaviour)
    options: dict[str, Any] = {"data_size_limit": 64 * 1024 * 1024, "ready_timeout": 30.0}
    if context:
        options |= {"tls_context": context, "require_starttls": True}
    handler.port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port, **options)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()
