"""One connection of the SMTP door (RFC 5321).

Decides that a mail gets one reply, and that nobody who connects is believed: the client is who it connects as, lines
have a length, and who asks for too much is sent away. It never takes mail for an address that no agent here has.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from postbox.ingest.door import COPIES_BYTES
from postbox.ingest.limits import LINE_BYTES
from postbox.ingest.lmtp.commands import Client, Refused, announced
from postbox.ingest.lmtp.conversation import Conversation, House
from postbox.ingest.lmtp.data import Hands
from postbox.ingest.lmtp.replies import Reply
from postbox.ingest.smtp.storing import store, would_take

ERRORS = 50
# Of a connection; the last is for each command that is not named. An honest mail server says none of them as often.
COMMANDS = {"MAIL": 10_000, "RCPT": 100_000, "DATA": 10_000, "RSET": 10_000, "NOOP": 1000, "*": 50}


class SmtpConversation(Conversation):
    """A stranger's connection."""

    ident = "ESMTP Postbox"
    longest_line = LINE_BYTES
    most_errors = ERRORS
    most_commands: ClassVar[dict[str, int] | None] = COMMANDS

    def __init__(self, house: House, client: str = "", hands: Hands | None = None) -> None:
        super().__init__(house, client, hands)
        self._announced = 0
        self._counted: Counter[bytes] = Counter()

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()
        self._announced = 0
        self._counted = Counter()

    async def _mail(self, arg: str | None) -> Reply:
        reply = await super()._mail(arg)
        self._announced = announced(arg)
        return reply

    async def _asked_for(self, address: str) -> Reply:
        mail = self._mail_of()
        # What is announced is an estimate (RFC 1870, section 5).
        if mail.rcpt_tos and (len(mail.rcpt_tos) + 1) * self._announced * 1.1 > COPIES_BYTES:
            raise Refused(Reply.TOO_MANY_COPIES)
        reply: Reply = await self._house.run(would_take, address, mail.mail_from, self._client(), self._counted)
        return reply

    async def _store(self, raw: bytes, recipients: list[str]) -> list[str]:
        sender = self._mail_of().mail_from
        reply: str = await self._house.run(store, raw, sender, recipients, self._client(), self._tls())
        return [reply]

    def _reply_count(self, recipients: list[str]) -> int:
        return 1

    def _client(self) -> Client:
        return Client(self.client or None, (self.session and self.session.host_name) or "")

    def _tls(self) -> str:
        """The version and the cipher of this very connection."""
        wrapped = (self.session and self.session.ssl or {}).get("ssl_object")
        return f"{wrapped.version()} {wrapped.cipher()[0]}" if wrapped else "none"
