"""What every test has: the environment that Django's settings read, and the stores behind it."""

from __future__ import annotations

import base64
import gc
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import SimpleNamespace

import hypothesis
import pytest
from pytest_django import DjangoDbBlocker
from xdist.remote import Producer

from tests import services
from tests.nameserver import Nameserver, nameserver
from tests.spread import ByFile, mixed

# Fixed keys: what a failing test shows can be reproduced. They protect nothing.
SECRETS = {
    "POSTBOX_SECRET_KEY": "tests-only-" + "k" * 40,
    "POSTBOX_MASTER_KEYS": base64.b64encode(b"m" * 32).decode(),
    "POSTBOX_BOUNCE_SECRET": "tests-only-" + "b" * 40,
    "POSTBOX_DEFAULT_DOMAIN": "agents.localhost",
    # What no DNS vouches for comes in, except where a test is about that.
    "POSTBOX_DEFAULT_AUTH": "monitor",
}
STORES = pytest.StashKey[services.Running]()
# A server that knows no name, so that no test waits for the system's.
DNS = pytest.StashKey[AbstractContextManager[Nameserver]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the stores, unless we are a worker of a run that has them, and have the settings read where all
    is.
    """
    os.environ.update(SECRETS)
    # What Hypothesis bounds is on the clock. In CI it leaves that out by itself.
    unhurried = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
    hypothesis.settings.register_profile("suite", hypothesis.settings(), **unhurried)
    hypothesis.settings.load_profile("suite")
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["BROKER_URL"] = services.broker_of_worker(os.environ["BROKER_URL"], worker)
    else:
        config.stash[STORES] = running = services.start()
        os.environ.update(running.environment)
    config.stash[DNS] = served = nameserver()
    os.environ["POSTBOX_DNS_SERVERS"] = f"127.0.0.1:{served.__enter__().server.port}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "postbox.config.settings"
    from django.conf import settings

    # This loads them: pytest-django's own pytest_configure, which is the last, sets up what is loaded.
    # A password takes 0.4 s of CPU otherwise; the systems that tests start keep Django's own way.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Have the workers load the settings in the hook above: where this is set, pytest-django does so before
    it.
    """
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Octets have no part in a test's name: archives hold the time at which they were made, which each worker of a run
    would name another way.
    """
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have workers of a run take the files in the order of tests/spread.py.

    Two tests of one id would be one to pytest-xdist, which would leave the others out and not say so.
    """
    names = Counter(item.nodeid for item in items)
    if several := [name for name, count in names.items() if count > 1]:
        raise pytest.UsageError(f"Several tests have one id: {several}")
    if hasattr(config, "workerinput"):
        mixed(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Keep files together, and some files with each other."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the stores."""
    if served := config.stash.get(DNS, None):
        served.__exit__(None, None, None)
    if running := config.stash.get(STORES, None):
        running.stop()


@pytest.fixture(scope="session")
def stores() -> None:
    """PostgreSQL and Valkey are ready; DATABASE_URL and BROKER_URL name them."""
    services.wait_until_ready()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    stores: None, django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """pytest-django asks for this before it makes the test database, of which each worker has its own."""
    from tests import template

    with django_db_blocker.unblock():
        template.use()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Tests that commit are followed by a TRUNCATE of everything, which the audit's own trigger would refuse.

    That trigger has a test of its own (tests/audit), which switches it on.
    """
    from django.db import connection

    from postbox.events import wakeups
    from postbox.metrics import writer
    from tests import emptying

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_no_truncate%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE audit_records DISABLE TRIGGER "{name}"')
    with django_db_blocker.unblock():
        emptying.Emptying().install()
    yield
    wakeups.end()
    writer.end()
    gc.collect()  # what threads that have ended still hold of the database, of which dropping it would wait


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """A server looks for its static files when it starts. Here every test client is one, and that would be most of its
    time.
    """
    from whitenoise.middleware import WhiteNoiseMiddleware

    look, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, object]()

    def look_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture
def kept_clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds by which values are kept for a time; they stand until a test adds some."""
    from postbox.lib import kept

    now = [1_000_000.0]
    monkeypatch.setattr(kept, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """What this process keeps of keys and addresses for some seconds must not reach into the next test."""
    from outbound.gates import dlp
    from postbox.identity import keys, recipients
    from postbox.identity.domain import dkim
    from postbox.ingest import bucket
    from postbox.ingest.limiting import buckets, limits
    from postbox.screening.likeness import own

    yield
    bucket.forget()
    buckets.forget()
    limits.forget()
    own.forget()
    keys.forget()
    dkim.forget()
    recipients.forget()
    dlp.forget()
