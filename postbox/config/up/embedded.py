"""The embedded stores together: PostgreSQL unless DATABASE_URL is set, Valkey unless BROKER_URL is.

`python -m postbox.config.up.embedded --home DIR` runs just these two in the foreground, for development and
tests.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys

from postbox.config.up.console import complain, say
from postbox.config.up.home import Home, HomeError
from postbox.config.up.place import data_folder, store_user
from postbox.config.up.postgres import Postgres
from postbox.config.up.signals import Signals
from postbox.config.up.supervisor import Failed, Stopping, Supervisor
from postbox.config.up.valkey import Valkey

READY_WITHIN = 60.0  # a recovery after a crash reads up to max_wal_size


class Stores:
    """What is embedded of the two stores, and the addresses of both."""

    def __init__(self, home: Home, *, postgres_port: int = 0, valkey_port: int = 0, durable: bool = True) -> None:
        self.database_url = os.environ.get("DATABASE_URL", "")
        self.broker_url = os.environ.get("BROKER_URL", "")
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        if self.database_url and self.broker_url:
            return
        secrets = home.secrets()  # before any folder for data, which may not be there without them
        user = store_user()
        folder = data_folder(home, user)
        if not self.database_url:
            passwords = secrets["postgres_password"], secrets["postgres_superuser_password"]
            self.postgres = Postgres(folder, user, postgres_port or free_port(), *passwords, durable=durable)
            self.database_url = self.postgres.url
        if not self.broker_url:
            self.valkey = Valkey(folder, user, valkey_port or free_port(), secrets["valkey_password"])
            self.broker_url = self.valkey.url

    def start(self, supervisor: Supervisor) -> None:
        """Make and start what is embedded, and wait until it is ready."""
        stores = [store for store in (self.postgres, self.valkey) if store]
        for store in stores:
            store.make()
            supervisor.start(store.service())
        for store in stores:
            supervisor.wait_until(store.ready, type(store).__name__, READY_WITHIN)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    """Run the stores until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m postbox.config.up.embedded", description=__doc__)
    parser.add_argument("--home")
    parser.add_argument("--postgres-port", type=int, default=0)
    parser.add_argument("--valkey-port", type=int, default=0)
    parser.add_argument("--not-durable", action="store_true", help="fsync off: for tests only")
    options = parser.parse_args()
    home = Home.chosen(options.home)
    signals = Signals()
    supervisor = Supervisor(home.logs, wait=signals.wait, stopping=signals.stopping, say=complain)
    try:
        home.prepare()
        with home.locked():
            ports = {"postgres_port": options.postgres_port, "valkey_port": options.valkey_port}
            stores = Stores(home, **ports, durable=not options.not_durable)
            stores.start(supervisor)
            say(f"DATABASE_URL={stores.database_url}\nBROKER_URL={stores.broker_url}")
            while True:
                supervisor.step()
    except Stopping:
        return 0
    except (HomeError, Failed) as error:
        complain(str(error))
        return 1
    finally:
        supervisor.stop()


if __name__ == "__main__":
    sys.exit(main())
