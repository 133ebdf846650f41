"""Logs: one JSON object a line on standard error, with the id of the request that it belongs to.

Decides form and level. What is logged are ids, codes and our own exceptions; never what a mail says.
"""

from __future__ import annotations

from typing import Any

import structlog

from postbox.api.middleware import request_id


def _add_request_id(logger: Any, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if id_ := request_id():
        event["request_id"] = id_
    return event


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
                _add_request_id,
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
    },
}
