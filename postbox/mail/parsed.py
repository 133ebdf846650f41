"""What a parsed mail looks like to every layer above storage.

Decides the shape only. It never parses (postbox.ingest.mime does) and never touches the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

_NOTHING = ("",)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox of an address header (RFC 5322, section 3.4): ``address`` is ``local@domain``, ``name`` is shown."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """One attached leaf of the MIME tree.

    ``position`` is its index among the mail's attachments in document order and finds it again in the raw mail;
    ``name`` is display text without path, separators or controls; ``size`` counts decoded octets;
    ``inline`` says that the HTML refers to it by ``content_id``.
    """

    position: int
    name: str
    content_type: str
    size: int
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A mail's decoded parts. Text is NUL-free Unicode with ``\\n`` line ends; absent parts are empty strings.

    ``headers`` keeps order and repetition; ``defects`` are short codes of what was wrong with the raw mail;
    ``parser`` names which of the two parsers took it (``flanker`` or ``email``).
    """

    message_id: str = ""
    from_: tuple[Mailbox, ...] = ()
    sender: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    subject: str = ""
    date: datetime | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    html: str = ""
    attachments: tuple[AttachmentPart, ...] = ()
    defects: tuple[str, ...] = ()
    parser: str = "flanker"
    _by_name: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def by_name(self) -> Mapping[str, Sequence[str]]:
        """The values of the headers by their names in lower case, in order; made once."""
        if not self._by_name:
            for name, value in self.headers:
                self._by_name.setdefault(name.lower(), []).append(value)
        return self._by_name

    def header(self, name: str) -> str:
        """The first value of a header, by name without regard to case; empty when there is none."""
        return self.by_name.get(name.lower(), _NOTHING)[0]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A stretch of text that is in the mail and that its reader would not see, with the code of why."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link: what is shown for it and where it really goes. ``mismatch``: it shows an address and goes to another."""

    text: str
    url: str
    mismatch: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """An image's alternative text; the image itself is never fetched."""

    alt: str


Places = tuple[tuple[int, int], ...]
"""Stretches of a text: where each begins and ends, in order."""


@dataclass(frozen=True, slots=True)
class Distilled:
    """The text that a person would see, and beside it what was hidden and why.

    ``own``: where in the text its writer's own words stand, without quoted history and signature; None for all of it.
    """

    text: str = ""
    truncated: bool = False
    hidden: tuple[Hidden, ...] = ()
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    notes: tuple[str, ...] = field(default=())
    own: Places | None = None

    @property
    def reply_text(self) -> str:
        """The writer's own words alone."""
        return stretches(self.text, self.own)


def stretches(text: str, places: Sequence[Sequence[int]] | None) -> str:
    """The text at these places, a blank line where something is left out between them; None: all of it."""
    return text if places is None else "\n\n".join([text[begin:end] for begin, end in places])


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a text scored as it did: the family's code, words for an operator, and the span it points at (may be cut)."""

    family: str
    words: str
    span: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A prompt-injection score in 0..1 with its reasons, strongest first."""

    score: float = 0.0
    reasons: tuple[Reason, ...] = ()
