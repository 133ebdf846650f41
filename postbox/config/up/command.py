"""`postbox up`: the steps from an empty folder to a running system, and the way back.

Decides the order, the port and what the operator is told. Never loads Django.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from postbox.config.up.console import complain, say
from postbox.config.up.embedded import Stores, free_port
from postbox.config.up.home import Home, HomeError
from postbox.config.up.process import Service
from postbox.config.up.services import fork_server, services
from postbox.config.up.signals import Signals
from postbox.config.up.supervisor import Failed, Stopping, Supervisor

PORT = 8000
PORTS_TRIED = 100
COMMAND_WITHIN = 300.0
READY_WITHIN = 90.0


def up(arguments: list[str]) -> int:
    """Run the system until SIGINT or SIGTERM. Exit status 0 after such a stop, 1 where it cannot run."""
    options = parser().parse_args(arguments)
    home = Home.chosen(options.home)
    signals = Signals()
    supervisor = Supervisor(home.logs, wait=signals.wait, stopping=signals.stopping, say=complain)
    try:
        home.prepare()
        with home.locked():
            try:
                start(home, supervisor, options.port, options.sample)
                while True:
                    supervisor.step()
            finally:
                supervisor.stop()
    except Stopping:
        say("postbox has stopped.")
        return 0
    except (HomeError, Failed) as error:
        complain(f"postbox: {error}")
        return 1


def parser() -> argparse.ArgumentParser:
    """The options of `postbox up`."""
    made = argparse.ArgumentParser(
        prog="postbox up",
        description="Run all of Postbox here: PostgreSQL, Valkey, web server, workers, beat.",
    )
    made.add_argument(
        "--home", metavar="DIR", help="where data, secrets and logs are (default: POSTBOX_HOME or .postbox)"
    )
    made.add_argument("--port", type=int, metavar="N", help=f"of the web server (default {PORT}; 0: any that is free)")
    made.add_argument("--no-sample", dest="sample", action="store_false", help="start without the sample mail")
    return made


def start(home: Home, supervisor: Supervisor, wanted_port: int | None, sample: bool) -> None:
    """Everything from the stores to the sample mail, in order. Returns when the system is in use."""
    port = choose_port(wanted_port)
    url = f"http://127.0.0.1:{port}"
    stores = Stores(home)
    environment = home.environment(
        {
            "DATABASE_URL": stores.database_url,
            "BROKER_URL": stores.broker_url,
            "POSTBOX_DEFAULT_DOMAIN": "agents.localhost",
            "POSTBOX_PUBLIC_URL": url,
        }
    )
    home.publish(environment)
    home.note(f"pid {os.getpid()}, {url}")
    environment = child_environment(environment, port)
    stores.start(supervisor)
    run = Commands(supervisor, environment)
    run("migrate", "--noinput")
    run("bootstrap", "--home", str(home.path), "--url", url, *([] if sample else ["--no-sample"]))
    # Elsewhere a fork of a process with the system's own libraries loaded is not safe.
    for service in [fork_server(environment)] if sys.platform == "linux" else services(environment, forked=False):
        supervisor.start(service)
    supervisor.wait_until(lambda: answers(port, "/readyz"), "the web server", READY_WITHIN)
    say(announcement(home, url))
    if sample:
        run("samples")


class Commands:
    """Runs `postbox` commands, each to its end, under the supervisor."""

    def __init__(self, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        self._supervisor = supervisor
        self._environment = environment

    def __call__(self, name: str, *arguments: str) -> None:
        """Run one. Failed with the end of its log where it fails."""
        argv = (sys.executable, "-m", "postbox", name, *arguments)
        self._supervisor.run(Service(name=name, argv=argv, env=self._environment), COMMAND_WITHIN)


def choose_port(wanted: int | None) -> int:
    """The port asked for, or the next one that is free, with a word about it. Failed where there is none."""
    if wanted == 0:
        return free_port()
    first = PORT if wanted is None else wanted
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        if is_free(port):
            if port != first:
                complain(f"Port {first} is in use; taking {port}.")
            return port
    raise Failed(f"No port from {first} on is free. Name another one with --port, or 0 for any.")


def is_free(port: int) -> bool:
    """Whether the web server could have this port to itself."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def child_environment(ours: Mapping[str, str], port: int) -> dict[str, str]:
    """What children get: what we have, what is ours, and an import path without the operator's current folder.

    A `celery.py` or the like that lies there would otherwise be imported.
    """
    root = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    more = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "HOST": "127.0.0.1", "PORT": str(port)}
    return os.environ | ours | more


def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200. By hand: an HTTP client would stay in memory."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def announcement(home: Home, url: str) -> str:
    """What the operator reads when the system is in use."""
    try:
        credentials = json.loads(home.credentials.read_text())
    except (OSError, ValueError) as error:
        raise Failed(f"{home.credentials} cannot be read: {error}") from error
    password = credentials.get("admin_password", "")
    return "\n".join(
        (
            f"Postbox is running at {url}",
            f"  admin     {url}/admin/   {credentials.get('admin_user', '')} / {password}",
            f"  API       {url}/docs/",
            f"  address   {credentials.get('address', '')}",
            f"  keys      {home.credentials}",
            f"  logs      {home.logs}",
            "Send it a mail:  postbox replay FILE.eml        Stop it: Ctrl-C",
        )
    )
