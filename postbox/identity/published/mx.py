"""The MX records (RFC 5321, section 5.1): whether mail for the domain comes here first."""

from __future__ import annotations

from collections.abc import Sequence

from postbox.identity.published.finding import Finding, State, shown
from postbox.identity.published.records import Record

NO_HOST = (
    "This system has no public name for its mail server yet. The operator sets POSTBOX_MX_HOST to the host that takes "
    "mail on port 25; then this record can be said."
)


def judge_mx(wanted: Record, found: Sequence[str]) -> Finding:
    """OK when our host is the one tried first; hosts behind it must hand their mail on to it."""
    if not wanted.value:
        return Finding(State.UNKNOWN, shown(found), NO_HOST)
    publish = f"Publish the MX record {wanted.value} at {wanted.name}"
    hosts = [(preference, host) for text in found if (pair := _pair(text)) for preference, host in [pair]]
    if not hosts:
        return Finding(State.MISSING, shown(found), f"{publish}. Without it no mail comes.")
    if any(host in ("", ".") for _, host in hosts):
        return Finding(
            State.WRONG, shown(found), f"The domain says that it takes no mail (RFC 7505). {publish} instead."
        )
    ours = wanted.value.partition(" ")[2].lower()
    first = min(preference for preference, _ in hosts)
    if not any(host == ours for _, host in hosts):
        return Finding(State.WRONG, shown(found), f"Mail for the domain goes elsewhere. {publish} instead.")
    ahead = sorted({host for preference, host in hosts if preference == first and host != ours})
    if ahead:
        advice = f"Mail goes to {', '.join(ahead[:3])} as well or first. Give {ours} alone the lowest preference."
        return Finding(State.WRONG, shown(found), advice)
    if len({host for _, host in hosts}) > 1:
        return Finding(State.OK, shown(found), f"The other hosts must hand what they take on to {ours}.")
    return Finding(State.OK, shown(found))


def _pair(text: str) -> tuple[int, str] | None:
    preference, _, host = text.strip().partition(" ")
    if not (preference.isascii() and preference.isdigit() and len(preference) <= 5):
        return None
    return int(preference), host.strip().lower().removesuffix(".")
