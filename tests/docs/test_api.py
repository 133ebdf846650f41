"""docs/api.md, typed by a reader into a real shell against a real system: every line works and answers as shown.

A route that the OpenAPI document or the routing table names, and no block asks for with success, fails here.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.docs.answers import Answer, promised, typed
from tests.docs.markdown import DOCS, Block, documents
from tests.docs.shell import Ran, Reader
from tests.e2e.system import System, eventually, running
from tests.nameserver import nameserver
from tests.receiver import Receiver

CURL = "curl -s $POSTBOX"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(240),
]


def asking(path: Path) -> list[Block]:
    """The blocks that ask our API, with the variables that api.md sets."""
    return [block for block in typed(path) if CURL in block.text]


API = DOCS / "api.md"
BLOCKS = typed(API)
PROMISED = list(promised(API))
POSTMARK = {
    "POSTBOX_INBOUND_POSTMARK_SECRET": "postmark:0123456789abcdef",
    "POSTBOX_EVENTS_POSTMARK_SECRET": "postmark:fedcba9876543210",
}
OTHERS = [path for path in documents() if path != API and asking(path)]
# What a person types, the admin, and what mail programs call by the URL in a mail.
NO_JSON_FOR_PROGRAMS = {"/", "/admin", "/docs", "/admin/", "/unsubscribe/<str:token>"}


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with nameserver() as dns:
        servers = f"127.0.0.1:{dns.server.port}"
        # Leases are not what is documented, and the first sweep is waited for.
        with running(POSTBOX_DNS_SERVERS=servers, POSTBOX_TEST_SHORT_LEASES="on", **POSTMARK) as started:
            yield started


@pytest.fixture(scope="module")
def read(system: System, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Ran]:
    """What each block did, by its line. A reader is slower than a mail is screened, and than the first sweep."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / ".postbox").symlink_to(system.home.path)
    reader = Reader(folder, POSTMARK)
    done = {}
    for block in BLOCKS:
        if "/readyz" in block.text:
            assert eventually(lambda: ask(system, "/readyz")["status"] == "ok", 40)
        done[block.line] = reader.type(block)
        assert eventually(lambda: system.count("status = 'received'") == 0, 30)
    return done


def ask(system: System, path: str) -> Any:
    with urllib.request.urlopen(f"{system.url}{path}") as answer:
        return json.load(answer)


def name(block: Block) -> str:
    return f"line {block.line}"


@pytest.mark.parametrize("block", BLOCKS, ids=name)
def test_every_block_runs(block: Block, read: dict[int, Ran]) -> None:
    ran = read[block.line]
    assert (ran.exit_status, ran.complaints) == (0, "")


@pytest.mark.parametrize(
    ("block", "answer"), [pair for pair in PROMISED if pair[0]], ids=[name(block) for block, _ in PROMISED if block]
)
def test_every_answer_is_as_shown(block: Block, answer: Answer, read: dict[int, Ran]) -> None:
    assert answer.unlike(read[block.line]) == []


def test_every_request_shows_its_answer() -> None:
    answered = {block.line for block, _ in PROMISED if block}
    assert [block.line for block in BLOCKS if "curl" in block.text and block.line not in answered] == []


def test_no_route_is_forgotten(system: System, read: dict[int, Ran]) -> None:
    asked = {
        (method, urlsplit(url).path) for ran in read.values() if 200 <= ran.status < 300 for method, url in ran.asked
    }
    paths = ask(system, "/schema")["paths"]
    wanted = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert ("POST", "/list") in wanted
    forgotten = [one for one in sorted(wanted) if not any(is_of(method, path, *one) for method, path in asked)]
    assert forgotten == [], "docs/api.md has no block that asks for these with success"
    routes = {route for route in all_routes(get_resolver().url_patterns, "/") if route not in NO_JSON_FOR_PROGRAMS}
    tried = [path for _, path in asked]
    # It differs from /inbound/<esp> in its form only, and is named in the text.
    routes.remove("/inbound/mailgun/mime")
    assert [route for route in sorted(routes) if not any(fits(route, path) for path in tried)] == []


def all_routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for found in patterns:
        route = f"{prefix}{found.pattern}"
        if isinstance(found, URLResolver) and route not in NO_JSON_FOR_PROGRAMS - {"/"}:
            yield from all_routes(found.url_patterns, route)
        else:
            yield route


def is_of(method: str, path: str, wanted_method: str, wanted_path: str) -> bool:
    return method == wanted_method and fits(wanted_path, path)


def fits(route: str, path: str) -> bool:
    """Whether a path is of a route with ``{name}`` or ``<str:name>`` in it."""
    pattern = "[^/]+".join(map(re.escape, re.split(r"\{\w+\}|<\w+:\w+>", route)))
    return re.fullmatch(pattern, path) is not None


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.name)
def test_the_lines_of_the_other_documents_work(path: Path, system: System, tmp_path: Path) -> None:
    """Followed as they are, but for the address of the reader's own endpoint."""
    (tmp_path / ".postbox").symlink_to(system.home.path)
    reader = Reader(tmp_path)
    reader.type(BLOCKS[0])
    with Receiver() as endpoint:
        for block in asking(path):
            ran = reader.type(replace(block, text=block.text.replace("https://example.org/hooks/mail", endpoint.url)))
            assert (ran.exit_status, ran.complaints, ran.status // 100) == (0, "", 2), ran.output


def test_no_line_with_a_key_goes_untried() -> None:
    found = {path.name for path in documents() for block in typed(path) if "Authorization" in block.text}
    assert found == {path.name for path in OTHERS} | {"api.md", "README.md"}


def test_what_is_shown_for_a_database_that_is_down(system: System, tmp_path: Path) -> None:
    """The last, since it ends the database."""
    (answer,) = [answer for block, answer in PROMISED if block is None]
    (tmp_path / ".postbox").symlink_to(system.home.path)
    reader = Reader(tmp_path)
    reader.type(BLOCKS[0])
    asking = f"{CURL}/list -H \"Authorization: Bearer $AGENT_KEY\" -H 'Content-Type: application/json' -d '{{}}'"
    for _ in range(5):  # it is started again, which may be done before we ask
        system.signal("postgres", signal.SIGKILL)
        ran = reader.type(Block("sh", "", asking, 0))
        if ran.status != 200:
            break
    assert answer.unlike(ran) == []
