"""What an endpoint answered, opened for a person to read. The audit of a reading is its caller's."""

from __future__ import annotations

from postbox.identity.keys import data_key
from postbox.identity.models import AgentKey
from postbox.lib import envelope
from webhooks.models import Attempt
from webhooks.settle import response_context


def answer_of(attempt: Attempt) -> str:
    """The beginning of the answer; empty when none was kept, and the reason when it cannot be read."""
    if not attempt.response:
        return ""
    agent_id = attempt.delivery.endpoint.agent_id
    try:
        context = response_context(attempt.delivery_id, agent_id)
        return envelope.open_sealed(data_key(agent_id), bytes(attempt.response), context).decode("utf-8", "replace")
    except AgentKey.DoesNotExist:
        return "The key of its agent was erased: nobody can read it any more."
    except envelope.SealBroken:
        return "It does not open with its own key: it was changed or exchanged."
    except envelope.MasterKeyMissing:
        return "The master key that it was sealed under is not configured here."
