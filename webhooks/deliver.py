"""One try: sign a delivery's bytes and post them.

Decides the headers of a webhook. It reads and writes no rows, so it runs in the threads that wait on the network.
"""

from __future__ import annotations

import logging
import time

from postbox import __version__
from postbox.events.body import public_id
from postbox.lib import clock, signing
from postbox.lib.egress import Client
from webhooks.jobs import Job
from webhooks.outcomes import Failure, Tried

log = logging.getLogger(__name__)

_USER_AGENT = f"Postbox-Webhooks/{__version__}"


def post(client: Client, job: Job) -> Tried:
    """Post once. Never raises: what breaks here is a failed try."""
    at, started = clock.now(), time.monotonic()
    try:
        answer = client.post(job.claimed.url, job.body, headers(job, int(at.timestamp())))
    except Exception as error:
        log.error("post_crashed", extra={"delivery_id": job.claimed.id}, exc_info=error)
        return Tried(job.claimed, at, time.monotonic() - started, error=Failure.INTERNAL.value)
    return Tried(
        job.claimed,
        at,
        answer.seconds,
        answer.status,
        answer.trouble.value if answer.trouble else "",
        answer.retry_after,
        answer.body,
    )


def headers(job: Job, timestamp: int) -> dict[str, str]:
    """What goes with the body, signatures included; ``timestamp`` in Unix seconds."""
    return {
        "Content-Type": "application/json",
        "User-Agent": _USER_AGENT,
        **signing.headers(job.secrets, public_id(job.claimed.event_id), timestamp, job.body),
        "x-postbox-sequence": str(job.claimed.sequence),
    }
