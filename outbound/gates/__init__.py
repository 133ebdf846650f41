"""The gates in their order; nothing is sent that did not go through all of them."""

from __future__ import annotations

from typing import cast

from outbound.gates import agent_state, approval, breakers, content, dlp, permission, quota, suppression
from outbound.gates.case import Gate

GATES: tuple[Gate, ...] = tuple(
    cast(Gate, module) for module in (permission, agent_state, suppression, content, dlp, breakers, approval, quota)
)
