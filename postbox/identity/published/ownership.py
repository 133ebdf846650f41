"""The ownership record: whoever can publish under the domain's name holds the domain."""

from __future__ import annotations

from collections.abc import Sequence

from postbox.identity.published.finding import Finding, State, shown
from postbox.identity.published.records import TOKEN_PREFIX, Record


def judge_ownership(wanted: Record, found: Sequence[str]) -> Finding:
    """OK when our token is among the tokens there; another system's beside it does no harm."""
    tokens = [text.strip() for text in found if text.strip().lower().startswith(TOKEN_PREFIX)]
    publish = f"Publish a TXT record at {wanted.name} with {wanted.value}"
    if not tokens:
        return Finding(State.MISSING, shown(found), f"{publish}.")
    if wanted.value not in tokens:
        return Finding(State.WRONG, shown(tokens), f"The token there is another one. {publish}, beside it or in place.")
    return Finding(State.OK, shown(tokens))
