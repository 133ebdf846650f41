"""Postbox: email for AI agents, self-hosted."""

__version__ = "0.1.0"
