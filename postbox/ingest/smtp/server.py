"""The SMTP door as the settings have it."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings

from postbox.ingest.lmtp import server
from postbox.ingest.lmtp.server import Server
from postbox.ingest.lmtp.tls import of_settings
from postbox.ingest.smtp.protocol import SmtpConversation


def serve() -> int:
    """Run it until SIGTERM or SIGINT. Exit status 0; OSError where the port cannot be had, or nobody asked for it."""
    if settings.POSTBOX_SMTP_LISTEN is None:
        raise OSError("POSTBOX_SMTP_LISTEN does not say where the SMTP door should listen.")
    host, port = settings.POSTBOX_SMTP_LISTEN
    return server.serve(host, port, _made)


def _made() -> Server:
    return Server(
        SmtpConversation,
        each=settings.POSTBOX_SMTP_CLIENT_CONNECTIONS,
        tls=replace(of_settings(), required=settings.POSTBOX_SMTP_REQUIRE_TLS),
        hostname=settings.POSTBOX_MX_HOST,
    )
