"""DMARC records: what the owner of a domain publishes (RFC 9989, section 4.7; older records by RFC 7489, section 6.3).

Decides what a record says, and that several of one name are none. It never decides which record holds (tree), nor what
becomes of a mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from postbox.lib.dns import Resolver

_RECORD = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_PERCENT = re.compile(r"\d{1,3}", re.ASCII)
_WORDS = ("none", "quarantine", "reject")
_MILDER = {"reject": "quarantine"}


@dataclass(frozen=True, slots=True)
class Record:
    """What an owner publishes. ``policy`` is empty where the record says nothing that can be followed.

    ``boundary``: ``y`` where others register names below this one, ``n`` where it is an organisation's root (``psd=``),
    else empty. ``percent`` is of older records, ``testing`` of newer ones; both change words only.
    """

    domain: str
    policy: str = "none"
    sub_policy: str = ""
    absent_policy: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False
    boundary: str = ""
    testing: bool = False
    percent: int = 100

    def asks(self, author: str, *, exists: bool = True) -> str:
        """What should become of mail that fails: none, quarantine or reject; one less where its owner only tests."""
        asked = self.policy
        if author != self.domain:
            asked = (self.absent_policy if not exists else "") or self.sub_policy or self.policy
        return _MILDER.get(asked, "none") if self.testing else asked


def published(domain: str, ask: Resolver) -> Record | None:
    """The one record of a very name, if there is just one. Raises what ``ask`` does."""
    found = [text for text in ask(f"_dmarc.{domain}", "TXT") if _RECORD.match(text)]
    return _parse(found[0], domain) if len(found) == 1 else None


def _parse(text: str, domain: str) -> Record:
    given: dict[str, str] = {}
    for spec in text.split(";"):
        name, sign, value = spec.partition("=")
        if sign:
            given.setdefault(name.strip().lower(), value.strip())
    policy = given.get("p", "").lower()
    others = {name: given.get(name, "").lower() for name in ("sp", "np")}
    if policy not in _WORDS or any(word and word not in _WORDS for word in others.values()):
        # RFC 9989, section 4.10.1: who asks for reports is taken to watch only, all others to publish nothing.
        policy, others = "none" if given.get("rua") else "", {"sp": "", "np": ""}
    percent, boundary = given.get("pct", "100"), given.get("psd", "").lower()
    return Record(
        domain,
        policy,
        others["sp"],
        others["np"],
        given.get("adkim", "r").lower() == "s",
        given.get("aspf", "r").lower() == "s",
        boundary if boundary in ("y", "n") else "",
        given.get("t", "n").lower() == "y",
        min(int(percent), 100) if _PERCENT.fullmatch(percent) else 100,
    )
