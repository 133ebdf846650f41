"""The record of a signing key (RFC 6376, section 3.6.1): whether others can verify what it signed."""

from __future__ import annotations

from collections.abc import Sequence

from postbox.identity.published.finding import Finding, State, shown
from postbox.identity.published.records import Record


def judge_dkim(wanted: Record, found: Sequence[str]) -> Finding:
    """OK when the one key there is ours; blanks within it do no harm."""
    publish = f"Publish a TXT record at {wanted.name} with {wanted.value}"
    ours = _tags(wanted.value)["p"]
    keys = [text for text in found if "p" in _tags(text)]
    if not keys:
        return Finding(State.MISSING, shown(found), f"{publish}, so that others can verify the mail's signature.")
    if len(keys) > 1:
        return Finding(State.WRONG, shown(keys), "There are several keys at this name, so none counts. Leave ours.")
    tags = _tags(keys[0])
    if tags.get("v", "DKIM1") != "DKIM1" or tags.get("k", "rsa") != "rsa":
        return Finding(State.WRONG, shown(keys), f"This is no RSA key of DKIM. {publish} instead.")
    if not tags["p"]:
        return Finding(State.WRONG, shown(keys), f"An empty p= revokes the key. {publish} instead.")
    if tags["p"] != ours:
        is_cut = ours.startswith(tags["p"]) or ours.endswith(tags["p"])
        why = "Only a part of the key is there: a long TXT takes several strings." if is_cut else "It is another key."
        return Finding(State.WRONG, shown(keys), f"{why} {publish} instead.")
    if "y" in tags.get("t", "").split(":"):
        return Finding(State.OK, shown(keys), "t=y says that the domain is only testing; leave it out.")
    return Finding(State.OK, shown(keys))


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for part in text.split(";")[:50]:
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), "".join(value.split()))
    return tags
