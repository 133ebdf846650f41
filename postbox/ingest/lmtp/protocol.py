"""One connection of the LMTP door (RFC 2033).

Decides that each recipient gets a reply of its own after the mail, once it is stored. Who connects is trusted as a mail
server is, also in who its client was: the door belongs on loopback or a private network.
"""

from __future__ import annotations

from typing import ClassVar

from aiosmtpd.smtp import SMTP

from postbox.ingest.lmtp.commands import XFORWARD, Client, Refused, forwarded
from postbox.ingest.lmtp.conversation import Conversation
from postbox.ingest.lmtp.replies import Reply
from postbox.ingest.lmtp.storing import knows, store


class LmtpConversation(Conversation):
    """A mail server's connection."""

    ident = "LMTP Postbox"
    extensions: ClassVar[tuple[str, ...]] = (*Conversation.extensions, f"XFORWARD {' '.join(XFORWARD)}")
    _forwarded = Client()

    def _set_post_data_state(self) -> None:
        """What XFORWARD said holds for one mail, as with Postfix."""
        super()._set_post_data_state()
        self._forwarded = Client()

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

    async def _xforward(self, arg: str | None) -> Reply:
        self._check_hello()
        if self._opened:
            raise Refused(Reply.OPEN_MAIL)
        self._forwarded = forwarded(arg, self._forwarded)
        return Reply.OK

    async def _asked_for(self, address: str) -> Reply:
        reply: Reply = await self._house.run(knows, address)
        return reply

    async def _store(self, raw: bytes, recipients: list[str]) -> list[str]:
        sender = self._mail_of().mail_from or ""
        replies: list[str] = await self._house.run(store, raw, sender, recipients, self._forwarded)
        return replies

    def _reply_count(self, recipients: list[str]) -> int:
        return len(recipients)
