"""One connection of the SMTP family, as far as LMTP and SMTP have it in common.

Decides the order of commands, how long each may take and what is refused before anybody is asked: a recipient is known
or refused at RCPT, and a mail is answered once it is stored. What is said before STARTTLS counts for nothing after it
(RFC 3207, section 4.2). It never touches the database in the event loop, and takes no password.

The command loop is aiosmtpd's; MAIL, RCPT and DATA are ours, since those of the library answer a mail once, whatever
the number of its recipients, and refuse long lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from postbox.ingest import metrics
from postbox.ingest.limits import ADDRESS_COUNT, MESSAGE_BYTES
from postbox.ingest.lmtp.commands import Refused, recipient, sender
from postbox.ingest.lmtp.data import Hands, Mail
from postbox.ingest.lmtp.lines import Reader
from postbox.ingest.lmtp.replies import Reply, enhanced
from postbox.ingest.lmtp.tls import NO_TLS, Tls

log = logging.getLogger(__name__)
IDLE_SECONDS = 300.0  # RFC 5321, section 4.5.3.2.7; from each command on, and within a mail for each 64 KiB
MAIL_SECONDS = 1800.0  # a mail of 25 MiB at 15 kB/s
COMMAND_BYTES = 2048  # long addresses, SMTPUTF8 and XFORWARD pass the 512 of RFC 5321
BUFFER_BYTES = 64 * 1024
_LINGER_SECONDS = 10.0


class Hooks:
    """What aiosmtpd asks its handler."""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Answer the greeting with what we can do beside what the library can; its passwords are none of that."""
        session.host_name = hostname
        offered = [line[4:] for line in responses if not line.startswith(("250 ", "250-AUTH"))]
        lines = [*offered, *getattr(server, "extensions", ())]
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    async def handle_exception(self, error: Exception) -> str:
        """An error of ours is a reason to come again, and none to bounce a mail. A client's bad TLS is not ours."""
        if not isinstance(error, TLSSetupException):
            log.error("unhandled", exc_info=error)
            metrics.REFUSED.inc(Reply.BROKEN.code)
        return Reply.BROKEN


@dataclass(frozen=True, slots=True)
class House:
    """What the connections of a door share. ``run`` carries out a function in a thread, ``gone`` hears of each end."""

    run: Callable[..., asyncio.Future[Any]]
    hands: Hands = field(default_factory=Hands)
    hostname: str = "localhost"
    idle: float = IDLE_SECONDS
    tls: Tls = NO_TLS
    gone: Callable[[Conversation], None] = lambda _: None


class Conversation(SMTP):
    """A client's connection. ``hands`` hold its mail while it comes in."""

    ident: ClassVar[str]
    extensions: ClassVar[tuple[str, ...]] = ("PIPELINING", "ENHANCEDSTATUSCODES")
    longest_line: ClassVar[int] = 0
    most_errors: ClassVar[int] = 0  # commands refused for good before the connection ends; 0: any number
    most_commands: ClassVar[dict[str, int] | None] = None

    line_length_limit = BUFFER_BYTES
    command_size_limit = COMMAND_BYTES
    # The library adds to these with each greeting and has one table for all connections.
    command_size_limits: dict[str, int]

    def __init__(self, house: House, client: str = "", hands: Hands | None = None) -> None:
        self.command_size_limits = defaultdict(lambda: COMMAND_BYTES)
        super().__init__(
            Hooks(),
            data_size_limit=MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname=house.hostname,
            ident=self.ident,
            timeout=house.idle,
            loop=asyncio.get_running_loop(),
            tls_context=house.tls.context,
            command_call_limit=self.most_commands,
        )
        # The library's own takes a bare LF for the end of a command.
        reader = Reader(limit=BUFFER_BYTES, loop=self.loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, self._cb_client_connected, self.loop)
        self._reader: Reader
        self._house = house
        self._hands = hands or house.hands
        self.client = client
        self.storing = False
        self._opened = False
        self._errors = 0

    # --- for the doors ---------------------------------------------------------------------------------------

    async def _asked_for(self, address: str) -> Reply:
        """Whether a mail to this recipient would be taken."""
        raise NotImplementedError

    async def _store(self, raw: bytes, recipients: list[str]) -> list[str]:
        """Store the mail; gives the replies."""
        raise NotImplementedError

    def _reply_count(self, recipients: list[str]) -> int:
        """How many replies a mail gets."""
        raise NotImplementedError

    # --- the connection --------------------------------------------------------------------------------------

    def connection_lost(self, error: Exception | None) -> None:
        self._house.gone(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        """The library's loop; a client that is gone in the middle of a reply is no error of anybody's."""
        with contextlib.suppress(ConnectionError):
            await super()._handle_client()

    def _timeout_cb(self) -> None:
        transport: Any = self.transport
        if transport is None:
            return
        if transport.is_closing():  # it waits for a client that does not read
            transport.abort()
        else:
            self.leave(Reply.IDLE)
            self._reset_timeout(_LINGER_SECONDS)

    def leave(self, reply: Reply = Reply.SHUTTING_DOWN) -> None:
        """Say good-bye and close, for an end from our side. Who does not read what we said before is cut off."""
        transport: Any = self.transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            transport.abort()
        else:
            transport.write(f"{reply}\r\n".encode())
            transport.close()

    def _set_post_data_state(self) -> None:
        """Forget the mail."""
        super()._set_post_data_state()  # type: ignore[no-untyped-call]
        self._opened = False

    async def push(self, status: str | bytes) -> None:
        await super().push(enhanced(status) if isinstance(status, str) else status)  # type: ignore[type-var]

    # --- commands --------------------------------------------------------------------------------------------

    async def smtp_STARTTLS(self, arg: str) -> None:
        """TLS, once."""
        if self._tls_protocol is not None:
            await self.push(Reply.IN_TLS)
        else:
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        """Nobody has a password here."""
        await self.push(Reply.NOT_HERE)

    async def smtp_VRFY(self, arg: str) -> None:
        """RFC 5321, section 3.5.3: who is known is said at RCPT. The library's parser is kept from what comes."""
        await self.push(Reply.CANNOT_VERIFY)

    async def smtp_MAIL(self, arg: str | None) -> None:
        """The sender."""
        await self._answer(self._mail, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        """A recipient, looked up at once."""
        await self._answer(self._rcpt, arg)

    async def _answer(self, command: Callable[[str | None], Awaitable[Reply]], arg: str | None) -> None:
        try:
            reply = await command(arg)
        except Refused as refused:
            reply = refused.reply
        if reply.refuses:
            metrics.REFUSED.inc(reply.code)
        await self.push(reply)
        self._errors += reply.for_good
        if self.most_errors and self._errors >= self.most_errors:
            self.leave(Reply.TOO_MANY_ERRORS)

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
        reply = await self._asked_for(address)
        if reply == Reply.RECIPIENT_OK:
            recipients.append(address)
        return reply

    async def smtp_DATA(self, arg: str | None) -> None:
        """The mail, answered once it is stored."""
        recipients = list(self._mail_of().rcpt_tos)
        if arg or not recipients:
            await self.push(Reply.SYNTAX if arg else Reply.NO_RECIPIENT)
            return
        await self.push(Reply.GO_AHEAD)
        mail = Mail(self._hands, longest=self.longest_line, heard=self._timer())
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
            return [refused.reply] * self._reply_count(recipients)
        self._reset_timeout()
        self.storing = True
        try:
            return await self._store(raw, recipients)
        finally:
            self.storing = False

    def _timer(self) -> Callable[[], None]:
        """To be called with each piece of a mail: gives the client its time anew, up to that of a whole mail."""
        until = self.loop.time() + MAIL_SECONDS
        return lambda: self._reset_timeout(max(0.001, min(self._house.idle, until - self.loop.time())))

    def _check_hello(self) -> None:
        if self._house.tls.required and self._tls_protocol is None:
            raise Refused(Reply.NO_TLS)
        if self.session is None or not self.session.host_name:
            raise Refused(Reply.NO_HELLO)

    def _mail_of(self) -> Envelope:
        assert self.envelope is not None  # noqa: S101 (made with the connection)
        return self.envelope
