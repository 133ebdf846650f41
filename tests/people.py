"""Named people and what they send, for tests that need an owner, an agent or a mail."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from postbox.identity.alloc import allocate
from postbox.identity.keys import issue
from postbox.identity.models import Agent, KeyKind, Owner
from postbox.ingest.door import Receipt, receive
from postbox.mail.store import Envelope

ANN = "ann@mercer-bikes.example"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Known:
    """An agent with its address and the keys that were shown once."""

    agent: Agent
    owner: Owner
    address: str
    agent_key: str
    owner_key: str


def known_agent(name: str = "robin", owner_name: str = "Olive", aliases: tuple[str, ...] = ()) -> Known:
    """An agent of an owner, with an address, both made when they are new."""
    owner, _ = Owner.objects.get_or_create(name=owner_name)
    given = allocate(owner, name, aliases=aliases, actor="test")
    owner_key = issue(KeyKind.OWNER, owner=owner, actor="test")
    return Known(given.agent, owner, given.address, given.agent_key or "", owner_key)


def bridge_key(owner: Owner | None = None) -> str:
    """A key for an MTA, of the operator's or of one owner."""
    return issue(KeyKind.BRIDGE, owner=owner, name="test bridge", actor="test")


def mail(subject: str = "Hello", text: str = "How are you?", *, sender: str = ANN, headers: str = "") -> bytes:
    """A plain mail from Ann, different from every other by its Message-ID."""
    number = next(_numbers)
    return (
        f"From: Ann Mercer <{sender}>\r\nTo: robin@agents.localhost\r\nSubject: {subject}\r\n"
        f"Message-ID: <t-{number}@mercer-bikes.example>\r\nDate: Mon, 16 Nov 2026 09:12:41 +0100\r\n{headers}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


def deliver(raw: bytes, *addresses: str) -> Receipt:
    """Hand a mail to the door as a bridge would."""
    return receive(raw, Envelope(ANN, addresses, "192.0.2.7", "mx.mercer-bikes.example"))
