"""``/ingest`` while its database is away: 503 and nothing else, and nothing lost or doubled once it is back."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import close_old_connections, connection

from postbox.identity import keys, recipients
from postbox.mail.models import Message
from postbox.mail.raw import raw_of
from tests.callers import ERROR, Answer, send
from tests.people import ANN, bridge_key, known_agent, mail
from tests.services import SUPERUSER_URL

pytestmark = pytest.mark.django_db


def as_raw(raw: bytes, bridge: str, rcpt_to: str) -> Answer:
    headers = {"HTTP_X_POSTBOX_MAIL_FROM": ANN, "HTTP_X_POSTBOX_RCPT_TO": rcpt_to}
    return send("/ingest", raw, "message/rfc822", bridge=bridge, **headers)


_POST = """
import json, os, psycopg
import django
django.setup()
from django.test import Client
try:
    psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=3)
    proof = "connected"
except psycopg.OperationalError as error:
    proof = "refused"
answers = []
mail = b"From: a@b.example\\r\\n\\r\\nhi"
for kind, body in [("message/rfc822", mail), ("application/json", b"{}"), ("text/plain", b"x")]:
    headers = {"x-agentpack-key": "pbx_bridge_x", "x-postbox-rcpt-to": "a@agents.localhost"}
    response = Client().post("/ingest", body, content_type=kind, headers=headers)
    answers.append([response.status_code, response.headers.get("Retry-After"), response.json()])
print(json.dumps({"proof": proof, "answers": answers}))
"""


def test_without_a_database_the_door_says_503_and_nothing_else() -> None:
    """403 and 406 would make providers give the mail up, and 500 tells nobody to come again."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        url = f"postgresql://postbox@127.0.0.1:{taken.getsockname()[1]}/postbox"
        done = subprocess.run(
            [sys.executable, "-c", _POST],
            env={**os.environ, "DATABASE_URL": url},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            timeout=60,
            check=True,
        )
    found = json.loads(done.stdout)
    assert found["proof"] == "refused"
    for status, retry_after, body in found["answers"]:
        assert (status, retry_after, body["code"]) == (503, "5", "storage_unavailable")
        assert set(body) == ERROR
        assert "127.0.0.1" not in json.dumps(body)


def _end_connections(superuser: psycopg.Connection[Any], name: str) -> None:
    superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@pytest.fixture
def superuser() -> psycopg.Connection[Any]:
    if SUPERUSER_URL not in os.environ:
        pytest.skip(f"{SUPERUSER_URL} is not set: this PostgreSQL is not ours to shut")
    return psycopg.connect(os.environ[SUPERUSER_URL], autocommit=True)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_shuts_and_opens_again_loses_and_doubles_nothing(superuser: psycopg.Connection[Any]) -> None:
    robin, bridge = known_agent(), bridge_key()
    assert as_raw(mail(), bridge, robin.address).status == 202
    name = str(connection.settings_dict["NAME"])
    raw = mail()
    try:
        superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        _end_connections(superuser, name)
        with pytest.raises(psycopg.OperationalError):
            connection.connect()
        for forgotten in (False, True):  # with what the process knows by heart, and without
            if forgotten:
                keys.forget()
                recipients.forget()
            answer = as_raw(raw, bridge, robin.address)
            assert (answer.status, answer.body["code"]) == (503, "storage_unavailable")
            close_old_connections()  # as the end of a request does; the test client leaves it out
    finally:
        superuser.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    answer = as_raw(raw, bridge, robin.address)
    assert (answer.status, answer.body["messages"][0]["duplicate"]) == (202, False)
    row = Message.objects.get(pk=answer.body["messages"][0]["id"])
    assert raw_of(row.id, row.agent_id) == raw
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_unnoticed_costs_no_mail(superuser: psycopg.Connection[Any]) -> None:
    robin, bridge = known_agent(), bridge_key()
    assert as_raw(mail(), bridge, robin.address).status == 202
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert superuser.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone() == (0,)
    assert as_raw(mail(), bridge, robin.address).status == 202
    assert Message.objects.count() == 2
