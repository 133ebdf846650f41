"""One service in this process: `python -m postbox.config.up.run
web|lmtp|smtp|worker-ingest|worker-webhooks|worker-rest|beat`.

Decides how the web server, each Celery worker and beat are run. `postbox up` forks them from one process that
has all of Postbox loaded; in containers each is a command of its own. PORT (8000), HOST (127.0.0.1) and
POSTBOX_WEB_WORKERS (2) are for the web server, POSTBOX_LMTP_PORT (8024) and HOST for the LMTP door,
POSTBOX_SMTP_LISTEN for the SMTP door.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from postbox.config.up.process import forks_die_with_us

SETTINGS = "postbox.config.settings"
# Gossip, mingle and heartbeats tell workers of each other, which none of ours needs to know.
WORKER = ("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat")
WORKERS = {
    # Parsing and scoring are CPU work, so processes. A child that has grown is replaced after its task (KiB).
    "worker-ingest": (
        "-Q",
        "ingest,score,rules",
        "-P",
        "prefork",
        "-c",
        "2",
        "--max-memory-per-child",
        "400000",
    ),
    "worker-webhooks": ("-Q", "webhooks", "-P", "threads", "-c", "4"),
    "worker-rest": ("-Q", "outbound,bounces,maintenance", "-P", "threads", "-c", "2"),
}
LOADED = (
    "postbox.config.up.overdue",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.prefork",
    "celery.concurrency.thread",
    "celery.worker.consumer",
    "granian.server",
    "kombu.transport.redis",
    "postbox.ingest.smtp.server",
)
NAMES = ("web", "lmtp", "smtp", *WORKERS, "beat")


def load() -> None:
    """Import all that the services use, opening no connection and starting no thread, so that a fork is safe
    after it.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    for name in LOADED:
        import_module(name)
    from django.urls import get_resolver

    from postbox.config.celery import app

    app.loader.import_default_modules()
    app.finalize()
    _ = get_resolver().url_patterns


def run(name: str) -> int:
    """Run one service to its end and return its exit status. ValueError for an unknown name."""
    if name not in NAMES:
        raise ValueError(f"{name} is not a service; these are: {', '.join(NAMES)}")
    # An orphaned web worker would take requests from the living: each has a socket of its own for the same port.
    forks_die_with_us()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if name == "web":
        return web()
    if name == "lmtp":
        return lmtp()
    if name == "smtp":
        return smtp()
    if name == "beat":
        return celery("beat", "--loglevel", "WARNING", "--pidfile=", "--schedule", beat_schedule())
    return celery("worker", "--hostname", f"{name}@%h", *WORKER, *WORKERS[name])


def web() -> int:
    """The web server: granian's main process, which forks and watches its workers."""
    import multiprocessing

    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    if sys.platform == "linux":
        multiprocessing.set_start_method("fork", force=True)  # workers share what is loaded
    Server(
        "postbox.config.up.overdue:application",
        address=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        interface=Interfaces.WSGI,
        workers=int(os.environ.get("POSTBOX_WEB_WORKERS", "2")),
        blocking_threads=4,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=4,
    ).serve()
    return 0


def lmtp() -> int:
    """The LMTP door: one process with an event loop and a few threads."""
    import django

    django.setup()
    from postbox.ingest.lmtp.server import serve

    return serve(os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("POSTBOX_LMTP_PORT") or "8024"))


def smtp() -> int:
    """The SMTP door, in the same way."""
    import django

    django.setup()
    from postbox.ingest.smtp.server import serve

    return serve()


def celery(*arguments: str) -> int:
    """A Celery command in this process."""
    from postbox.config.celery import app

    sys.argv = ["celery", *arguments]  # Celery reads its concurrency from here too
    app.start(["--quiet", *arguments])  # no banner among the JSON lines
    return 0


def beat_schedule() -> str:
    """The file in which beat keeps when each job ran last."""
    return os.path.join(os.environ.get("POSTBOX_HOME", "."), "beat-schedule")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1] if len(sys.argv) == 2 else ""))
