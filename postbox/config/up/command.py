"""`postbox up`: the steps from an empty folder to a running system, and the way back.

Decides the order, the port and what the operator is told. Never loads Django.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from postbox.config.up.console import complain, say
from postbox.config.up.embedded import Stores, free_port
from postbox.config.up.home import Home, HomeError
from postbox.config.up.process import Service
from postbox.config.up.services import COMMAND_WITHIN, SMTP_LISTEN, fork_server, services
from postbox.config.up.signals import Signals
from postbox.config.up.supervisor import Failed, Stopping, Supervisor
from postbox.lib.listening import endpoint

PORT = 8000
LMTP_PORT = 8024
PORTS_TRIED = 100
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
        description="Run all of Postbox here: PostgreSQL, Valkey, web server, mail doors, workers, beat.",
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
    lmtp_port = choose_lmtp_port(0 if wanted_port == 0 else None)
    smtp = smtp_endpoint()
    url = f"http://127.0.0.1:{port}"
    stores = Stores(home)
    environment = home.environment(
        {
            "DATABASE_URL": stores.database_url,
            "BROKER_URL": stores.broker_url,
            "POSTBOX_DEFAULT_DOMAIN": "agents.localhost",
            "POSTBOX_TRANSPORT": "mailbox",
            "POSTBOX_PUBLIC_URL": url,
        }
    ) | {"POSTBOX_LMTP_PORT": str(lmtp_port)}  # the port that was found, whatever was asked for
    home.publish(environment)
    home.note(f"pid {os.getpid()}, {url}")
    environment = child_environment(environment, port)
    stores.start(supervisor)
    run = Commands(supervisor, environment)
    prepare = preparation(home, url, sample)
    if sys.platform == "linux":
        home.prepared.unlink(missing_ok=True)
        supervisor.start(fork_server(environment, prepare))
        supervisor.wait_until(home.prepared.exists, "the database", COMMAND_WITHIN * len(prepare))
    else:  # a fork of a process with the system's own libraries loaded is not safe there
        for arguments in prepare:
            run(*arguments)
        for service in services(environment, forked=False):
            supervisor.start(service)
    supervisor.wait_until(lambda: answers(port, "/readyz"), "the web server", READY_WITHIN)
    supervisor.wait_until(lambda: greets(lmtp_port), "the LMTP door", READY_WITHIN)
    if smtp:
        supervisor.wait_until(lambda: greets(smtp[1], smtp[0]), "the SMTP door", READY_WITHIN)
    say(announcement(home, url, lmtp_port, os.environ.get(SMTP_LISTEN, "").strip()))


def preparation(home: Home, url: str, sample: bool) -> list[tuple[str, ...]]:
    """The commands that come before the services: whoever reads our addresses finds the sample mail in its place."""
    bootstrap = ("bootstrap", "--home", str(home.path), "--url", url)
    migrate = ("migrate", "--noinput")
    return [migrate, bootstrap, ("samples",)] if sample else [migrate, (*bootstrap, "--no-sample")]


class Commands:
    """Runs `postbox` commands, each to its end, under the supervisor."""

    def __init__(self, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        self._supervisor = supervisor
        self._environment = environment

    def __call__(self, name: str, *arguments: str) -> None:
        """Run one. Failed with the end of its log where it fails."""
        argv = (sys.executable, "-m", "postbox", name, *arguments)
        self._supervisor.run(Service(name=name, argv=argv, env=self._environment), COMMAND_WITHIN)


def choose_lmtp_port(default: int | None) -> int:
    """What POSTBOX_LMTP_PORT asks for; where it is not set ``default``, which None leaves to the usual port."""
    wanted = os.environ.get("POSTBOX_LMTP_PORT", "").strip()
    if wanted and not wanted.isdecimal():
        raise Failed(f"POSTBOX_LMTP_PORT must be a port, or 0 for any that is free, not {wanted!r}.")
    return choose_port(int(wanted) if wanted else default, LMTP_PORT, "by POSTBOX_LMTP_PORT")


def smtp_endpoint() -> tuple[str, int] | None:
    """Where POSTBOX_SMTP_LISTEN wants an SMTP door; None where it is not set, as by default."""
    wanted = os.environ.get(SMTP_LISTEN, "").strip()
    if not wanted:
        return None
    try:
        host, port = endpoint(wanted)
    except ValueError as error:
        raise Failed(f"{SMTP_LISTEN} {error}.") from error
    if not is_free(port, host):
        raise Failed(f"{SMTP_LISTEN}: {wanted} is in use or not ours to take (ports under 1024 need a right to them).")
    return host, port


def choose_port(wanted: int | None, usual: int = PORT, option: str = "with --port") -> int:
    """The port asked for; where none was, the usual one or the next that is free, with a word about it."""
    if wanted == 0:
        return free_port()
    if wanted is not None:
        if is_free(wanted):
            return wanted
        raise Failed(f"Port {wanted} is in use or not ours to take. Name another one {option}, or 0 for any.")
    for port in range(usual, usual + PORTS_TRIED):
        if is_free(port):
            if port != usual:
                complain(f"Port {usual} is in use; taking {port}.")
            return port
    raise Failed(f"No port from {usual} on is free. Name another one {option}, or 0 for any.")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could have this port to itself."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
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


def console_script() -> str:
    """How `postbox` is typed here: by its path, unless the shell would find this very one."""
    own = Path(sys.executable).parent / "postbox"
    found = shutil.which("postbox")
    if found and Path(found).resolve() == own.resolve():
        return "postbox"
    return os.path.relpath(own) if own.is_relative_to(Path.cwd()) else str(own)


def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200. By hand: an HTTP client would stay in memory."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def greets(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server of the SMTP family says that it is ready."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            return connection.recv(4) == b"220 "
    except OSError:
        return False


def announcement(home: Home, url: str, lmtp_port: int, smtp: str = "") -> str:
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
            f"  LMTP      127.0.0.1:{lmtp_port}",
            *([f"  SMTP      {smtp}"] if smtp else []),
            f"  address   {credentials.get('address', '')}",
            f"  keys      {home.credentials}",
            f"  logs      {home.logs}",
            f"Send it a mail:  {console_script()} replay FILE.eml        Stop it: Ctrl-C",
        )
    )
