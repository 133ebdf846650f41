"""The DMARC record (RFC 7489, section 6): what others do with mail that only pretends to come from the domain."""

from __future__ import annotations

import re
from collections.abc import Sequence

from postbox.identity.published.finding import Finding, State, shown
from postbox.identity.published.records import Record

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_POLICIES = ("none", "quarantine", "reject")


def is_dmarc(text: str) -> bool:
    """Whether a TXT record is a DMARC record at all; others at the same name are passed over (section 6.6.3)."""
    return bool(_VERSION.match(text.strip()))


def judge_dmarc(wanted: Record, found: Sequence[str], *, inherited_from: str = "") -> Finding:
    """Judge the one policy there. ``inherited_from`` is the organisational domain's name, when the record is its."""
    policies = [text for text in found if is_dmarc(text)]
    publish = f"Publish a TXT record at {wanted.name} with {wanted.value}"
    if not policies:
        return Finding(State.MISSING, shown(found), f"{publish}, so that nobody can write in the domain's name.")
    if len(policies) > 1:
        return Finding(State.WRONG, shown(policies), "There are several DMARC records, so none counts. Leave one.")
    tags = _tags(policies[0])
    policy = _policy(tags, is_inherited=bool(inherited_from))
    about = [f"The policy comes from {inherited_from}."] if inherited_from else []
    if policy is None:
        return Finding(State.WRONG, shown(policies), f"The record names no valid policy. {publish} instead.")
    percent = _percent(tags)
    if policy == "none" or percent == 0:
        said = "p=none" if policy == "none" else "pct=0"
        about.append(f"{said} only watches: forged mail in the domain's name is delivered. {publish} instead.")
        return Finding(State.WRONG, shown(policies), " ".join(about))
    if policy == "quarantine":
        about.append("quarantine is weaker than reject: forged mail lands in junk folders. p=reject is better.")
    if percent < 100:
        about.append(f"The policy holds for {percent} % of the mail only; leave pct out.")
    if "s" in (tags.get("adkim", "").lower(), tags.get("aspf", "").lower()):
        about.append("Alignment is strict, so mail must be signed and sent under this very name.")
    return Finding(State.OK, shown(policies), " ".join(about))


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for part in text.split(";")[:50]:
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags


def _policy(tags: dict[str, str], *, is_inherited: bool) -> str | None:
    """Section 6.6.3: where the policy is not valid, an address for reports makes it ``none``, else nothing counts."""
    said = tags.get("p", "").lower()
    if is_inherited and "sp" in tags:
        said = tags["sp"].lower()
    if said in _POLICIES:
        return said
    return "none" if tags.get("rua") else None


def _percent(tags: dict[str, str]) -> int:
    text = tags.get("pct", "100")
    return min(int(text), 100) if text.isascii() and text.isdigit() and len(text) <= 3 else 100
