"""The OpenAPI document: whole, valid, and shown without a byte from elsewhere."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLResolver, get_resolver

OF_BRIDGES = {"/ingest", "/outbound/next", "/outbound/result", "/outbound/bounce"}
NOT_DOCUMENTED = {"schema", "docs/", "admin/", "metrics"}  # for people and programs that read no JSON


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    response = Client().get("/schema")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = json.loads(response.content)
    return found


def all_routes(patterns: list[Any], prefix: str) -> Iterator[str]:
    for found in patterns:
        route = f"{prefix}{found.pattern}"
        if route in NOT_DOCUMENTED:
            continue
        if isinstance(found, URLResolver):
            yield from all_routes(found.url_patterns, route)
        else:
            yield route


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(path, operation) for path, methods in document["paths"].items() for operation in methods.values()]


def test_the_document_is_valid_and_without_warnings() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


def test_every_route_is_documented(document: dict[str, Any]) -> None:
    routes = set(all_routes(get_resolver().url_patterns, ""))
    assert {"list", "mark_read", "alloc", "ingest", "webhook/register"} <= routes
    written = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{route}") for route in routes}
    # What a person types, a page of a mail's reader (docs/outbound.md), and what providers post in forms of
    # their own (docs/mail-servers.md).
    typed = {"/", "/admin", "/docs"}
    undocumented = typed | {route for route in written if route.startswith(("/inbound/", "/unsubscribe/"))}
    assert not written - undocumented - set(document["paths"])


def test_every_route_with_a_key_says_which_and_how_it_fails(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"] == {
        "key": {"type": "http", "scheme": "bearer"},
        "bridgeKey": {"type": "apiKey", "in": "header", "name": "x-agentpack-key"},
    }
    guarded = [(path, operation) for path, operation in operations(document) if {} not in operation["security"]]
    assert {"/list", "/mark_read", "/alloc", "/ingest"} <= {path for path, _ in guarded}
    for path, operation in guarded:
        assert operation["summary"], path
        assert operation["security"] in ([{"bridgeKey": []}], [{"key": []}]), path
        assert (operation["security"] == [{"bridgeKey": []}]) == (path in OF_BRIDGES)
        of_bodies = ("413", "415") if "requestBody" in operation else ()
        for status in ("400", "401", "403", "405", "503", *of_bodies):
            shape = operation["responses"][status]["content"]["application/json"]["schema"]
            assert shape == {"$ref": "#/components/schemas/Error"}, (path, status)


# Their bodies are the providers' own.
_OF_OTHERS = {"/inbound/{esp}", "/bounce", "/events/{esp}"}


def test_every_request_refuses_unknown_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content and path not in _OF_OTHERS:
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert schemas[name]["additionalProperties"] is False, path


def test_the_message_is_as_designed(document: dict[str, Any]) -> None:
    message = document["components"]["schemas"]["MessageShape"]
    assert set(message["properties"]) == set(message["required"])
    assert {"from", "text", "injection_score", "auth", "links", "read"} <= set(message["properties"])


def test_the_page_for_people_loads_nothing_from_elsewhere() -> None:
    response = Client().get("/docs/")
    page = response.content.decode()
    assert response.status_code == 200
    named = re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)""", page)
    assert len(named) >= 3
    assert not [url for url in named if not url.startswith("/static/")], named
    assert not re.search(r"https?://", page)
    assert '"validatorUrl": null' in page
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    for url in named:
        served = Client().get(url)
        assert served.status_code == 200, url
        assert b"".join(served.streaming_content)  # type: ignore[attr-defined]
