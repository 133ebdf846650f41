"""One connection of the LMTP door.

Decides the order of commands and their replies (RFC 2033): a recipient is known or refused at RCPT, and after the mail
each recipient gets a reply of its own, once it is stored. It never touches the database in the event loop. Who connects
is trusted as a mail server is: the door belongs on loopback or a private network. What is said before STARTTLS counts
for nothing after it (RFC 3207, section 4.2).

The command loop, its limits and its time-out are aiosmtpd's; MAIL, RCPT and DATA are ours, since those of the library
answer a mail once, whatever the number of its recipients, and refuse long lines.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from postbox.ingest import metrics
from postbox.ingest.limits import ADDRESS_COUNT, MESSAGE_BYTES
from postbox.ingest.lmtp.commands import XFORWARD, Client, Refused, forwarded, recipient, sender
from postbox.ingest.lmtp.data import Hands, Mail
from postbox.ingest.lmtp.replies import Reply, enhanced
from postbox.ingest.lmtp.storing import knows, store
from postbox.ingest.lmtp.tls import NO_TLS, Tls

log = logging.getLogger(__name__)
T = TypeVar("T")
IDLE_SECONDS = 300.0  # RFC 5321, section 4.5.3.2.7; from each command on, so also what one DATA may take
COMMAND_BYTES = 2048  # long addresses, SMTPUTF8 and XFORWARD pass the 512 of RFC 5321
BUFFER_BYTES = 64 * 1024
EXTENSIONS = ("PIPELINING", "ENHANCEDSTATUSCODES", f"XFORWARD {' '.join(XFORWARD)}")


class Hooks:
    """What aiosmtpd asks its handler."""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Answer LHLO with what we can do beside what the library can."""
        session.host_name = hostname
        offered = [line for line in responses if not line.startswith("250 ")]
        lines = [*(line[4:] for line in offered), *EXTENSIONS]
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    async def handle_exception(self, error: Exception) -> str:
        """An error of ours is a reason to come again, and none to bounce a mail."""
        log.error("unhandled", exc_info=error)
        metrics.REFUSED.inc(Reply.BROKEN.code)
        return Reply.BROKEN


class Conversation(LMTP):
    """A client's connection. ``run`` carries out a function in a thread; ``hands`` are shared by all."""

    line_length_limit = BUFFER_BYTES
    command_size_limit = COMMAND_BYTES
    # The library adds to these with each LHLO and has one table for all connections.
    command_size_limits: dict[str, int]

    def __init__(
        self,
        run: Callable[..., asyncio.Future[Any]],
        hands: Hands,
        hostname: str,
        idle: float = IDLE_SECONDS,
        tls: Tls = NO_TLS,
    ) -> None:
        self.command_size_limits = defaultdict(lambda: COMMAND_BYTES)
        super().__init__(
            Hooks(),
            data_size_limit=MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="LMTP Postbox",
            timeout=idle,
            loop=asyncio.get_running_loop(),
            tls_context=tls.context,
        )
        self._tls_required = tls.required
        self._run = run
        self._hands = hands
        self.storing = False
        self._client = Client()
        self._opened = False

    def _set_post_data_state(self) -> None:
        """Forget the mail. What XFORWARD said holds for one mail, as with Postfix."""
        super()._set_post_data_state()  # type: ignore[no-untyped-call]
        self._client = Client()
        self._opened = False

    async def push(self, status: str | bytes) -> None:
        await super().push(enhanced(status) if isinstance(status, str) else status)  # type: ignore[type-var]

    def leave(self) -> None:
        """Say good-bye and close, for an end from our side."""
        transport: Any = self.transport
        if transport is not None and not transport.is_closing():
            transport.write(f"{Reply.SHUTTING_DOWN}\r\n".encode())
            transport.close()

    async def smtp_HELO(self, arg: str) -> None:
        """As RFC 2033, section 4.1, has it."""
        await self.push(Reply.NO_SUCH_COMMAND)

    smtp_EHLO = smtp_HELO

    async def smtp_LHLO(self, arg: str) -> None:
        """The greeting of LMTP."""
        await SMTP.smtp_EHLO(self, arg)

    async def smtp_XFORWARD(self, arg: str | None) -> None:
        """Who handed the mail to the mail server (Postfix)."""
        await self._answer(self._xforward, arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        """The sender."""
        await self._answer(self._mail, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        """A recipient, looked up at once."""
        await self._answer(self._rcpt, arg)

    async def _answer(self, command: Callable[[str | None], Any], arg: str | None) -> None:
        try:
            reply = await command(arg)
        except Refused as refused:
            reply = refused.reply
        if reply.refuses:
            metrics.REFUSED.inc(reply.code)
        await self.push(reply)

    async def _xforward(self, arg: str | None) -> Reply:
        self._check_hello()
        if self._opened:
            raise Refused(Reply.OPEN_MAIL)
        self._client = forwarded(arg, self._client)
        return Reply.OK

    async def _mail(self, arg: str | None) -> Reply:
        self._check_hello()
        if self._opened:
            raise Refused(Reply.SECOND_SENDER)
        self._mail_of().mail_from = sender(arg)
        self._opened = True
        return Reply.SENDER_OK

    async def _rcpt(self, arg: str | None) -> Reply:
        self._check_hello()
        if not self._opened:
            raise Refused(Reply.NO_SENDER)
        recipients = self._mail_of().rcpt_tos
        if len(recipients) >= ADDRESS_COUNT:
            raise Refused(Reply.TOO_MANY_RECIPIENTS)
        address = recipient(arg)
        reply: Reply = await self._run(knows, address)
        if reply == Reply.RECIPIENT_OK:
            recipients.append(address)
        return reply

    async def smtp_DATA(self, arg: str | None) -> None:
        """The mail, and one reply for each recipient that was not refused."""
        recipients = list(self._mail_of().rcpt_tos)
        if arg or not recipients:
            await self.push(Reply.SYNTAX if arg else Reply.NO_RECIPIENT)
            return
        await self.push(Reply.GO_AHEAD)
        mail = Mail(self._hands)
        try:
            replies = await self._take(mail, recipients)
        finally:
            mail.drop()
        self._set_post_data_state()
        await self.push("\r\n".join(replies))

    async def _take(self, mail: Mail, recipients: list[str]) -> list[str]:
        try:
            raw = await mail.read(self._reader)
        except Refused as refused:
            metrics.REFUSED.inc(refused.reply.code)
            return [refused.reply] * len(recipients)
        self.storing = True
        try:
            replies: list[str] = await self._run(store, raw, self._mail_of().mail_from, recipients, self._client)
        finally:
            self.storing = False
        return replies

    def _check_hello(self) -> None:
        if self._tls_required and self._tls_protocol is None:
            raise Refused(Reply.NO_TLS)
        if self.session is None or not self.session.host_name:
            raise Refused(Reply.NO_HELLO)

    def _mail_of(self) -> Envelope:
        assert self.envelope is not None  # noqa: S101 (made with the connection)
        return self.envelope
