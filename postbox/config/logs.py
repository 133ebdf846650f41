"""Logs: one JSON object a line on standard error, with the ids of the request and the message that it is about.

Decides form and level. At INFO each mail leaves two lines, ``mail_accepted`` with the request that brought it and
``mail_settled`` with what became of it. What is logged are ids, codes and our own exceptions; never what a mail says.
"""

from __future__ import annotations

from typing import Any

import structlog

from postbox.api.middleware import request_id
from postbox.config import env
from postbox.lib import about


def _add_ids(logger: Any, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if id_ := request_id():
        event["request_id"] = id_
    if id_ := about.message_id():
        event.setdefault("message_id", id_)
    return event


_LEVEL = env.choice("POSTBOX_LOG_LEVEL", "WARNING", ("DEBUG", "INFO", "WARNING", "ERROR"))

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _add_ids,
            ],
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(default=str),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # Every 4xx answer is the caller's to read; 5xx are logged where they happen.
        "django.request": {"level": "CRITICAL"},
        "django.server": {"handlers": [], "propagate": True},
        # aiosmtpd's: it repeats what clients say, a mail's own words where one takes them for commands.
        "mail.log": {"level": "ERROR"},
        "postbox": {"level": _LEVEL},
        "webhooks": {"level": _LEVEL},
    },
}
