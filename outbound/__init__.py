"""Sending: from an agent's request through its gates to a transport, and what comes back of it."""
