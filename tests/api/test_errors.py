"""What every route does with requests that are not what they should be: a clear 4xx in the one shape, never a 500."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from django.db import DataError, InternalError, OperationalError
from django.http import UnreadablePostError
from django.test import Client
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import exceptions, serializers

from postbox.api import errors
from postbox.api.errors import ApiError
from postbox.api.fields import Base64, Choice
from postbox.api.parsers import BODY_BYTES, DEPTH, MalformedJson, load
from postbox.api.serializers import Body, checked
from tests.callers import ERROR, Answer, call, send
from tests.people import Known, bridge_key, known_agent

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin() -> Known:
    return known_agent()


@pytest.fixture(params=["/list", "/mark_read", "/alloc", "/ingest"])
def route(request: pytest.FixtureRequest, robin: Known) -> tuple[str, dict[str, str]]:
    """Each route and a key that it takes."""
    path: str = request.param
    keys = {"/ingest": {"bridge": bridge_key()}, "/alloc": {"key": robin.owner_key}}
    return path, keys.get(path, {"key": robin.agent_key})


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"]) == (status, code)
    assert set(answer.body) == ERROR
    assert answer.body["message"]
    assert answer.body["fix"]
    assert answer.headers["X-Request-Id"] == answer.body["request_id"]
    assert answer.headers["Content-Type"].startswith("application/json")


MALFORMED = {
    "nothing closed": b"{",
    "two values": b"{} {}",
    "no quotes": b"{a: 1}",
    "NaN": b'{"limit": NaN}',
    "Infinity": b'{"limit": -Infinity}',
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "only blanks": b"   ",
    "a number of 5,000 digits": b'{"limit": ' + b"9" * 5000 + b"}",
    "deeper than Python recurses": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep": b'{"a":' + b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1) + b"}",
    "deep and unclosed": b"[" * 200_000,
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_not_json_is_400(route: tuple[str, dict[str, str]], kind: str) -> None:
    path, shown = route
    refused(send(path, MALFORMED[kind], "application/json", **shown), 400, "malformed_json")


@pytest.mark.parametrize("body", ["null", "[]", "5", '"text"', "true", "1e400", "[{}]"])
def test_json_that_is_no_object_is_400(route: tuple[str, dict[str, str]], body: str) -> None:
    path, shown = route
    refused(send(path, body.encode(), "application/json", **shown), 400, "invalid")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"])
def test_another_content_type_is_415(route: tuple[str, dict[str, str]], kind: str) -> None:
    path, shown = route
    refused(send(path, b'{"limit": 1}', kind, **shown), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-16", "application/json; charset=rot13", "Application/JSON"]
)
def test_json_is_utf_8_whatever_the_header_says(robin: Known, kind: str) -> None:
    assert send("/list", b'{"limit": 1}', kind, robin.agent_key).status == 200


def test_a_byte_order_mark_is_passed_over(robin: Known) -> None:
    assert send("/list", b'\xef\xbb\xbf{"limit": 1}', "application/json", robin.agent_key).status == 200


def test_no_body_is_an_empty_object(robin: Known) -> None:
    assert send("/list", b"", "application/json", robin.agent_key).status == 200
    refused(send("/mark_read", b"", "application/json", robin.agent_key), 400, "invalid")


def test_an_unknown_field_is_named_with_its_likely_meaning(robin: Known) -> None:
    answer = call("/list", {"unraed": True, "limti": 3, "zzz": 1, "since": 4}, robin.agent_key)
    refused(answer, 400, "invalid")
    assert answer.wrong["unraed"] == "Unknown field; did you mean `unread`?"
    assert "`limit`" in answer.wrong["limti"]
    assert "takes" in answer.wrong["zzz"]
    assert "since" in answer.wrong


def test_nested_objects_are_as_strict(robin: Known) -> None:
    body = {"envelope": {"mail_from": "", "rcpt_to": [robin.address], "helo_": "x"}, "parsed": {"txt": "", "text": ""}}
    answer = call("/ingest", body, bridge=bridge_key())
    assert set(answer.wrong) == {"envelope.helo_", "parsed.txt"}


def test_what_is_echoed_is_cut(robin: Known) -> None:
    body: dict[str, Any] = {"x" * 100_000: 1, "direction": "y" * 100_000, "unread": ["z" * 1000] * 100}
    body |= {f"unknown-{number}": 1 for number in range(1000)}
    answer = call("/list", body, robin.agent_key)
    refused(answer, 400, "invalid")
    assert len(json.dumps(answer.body)) < 10_000
    ids = call("/mark_read", {"ids": ["no id"] * 1000}, robin.agent_key)
    assert len(ids.body["errors"]) == 100


def test_lone_surrogates_and_nul_break_nothing(robin: Known) -> None:
    for body in (
        rb'{"direction": "\ud800"}',
        rb'{"\ud800": 1}',
        rb'{"page_token": "\u0000"}',
        rb'{"\u0000": "\udfff"}',
    ):
        refused(send("/list", body, "application/json", robin.agent_key), 400, "invalid")
    assert load(rb'["\ud83d\ude00 \ud800", {"\udc00": 1}]') == ["\U0001f600 \ufffd", {"\ufffd": 1}]


def test_a_body_over_the_limit_is_413_and_not_read_to_its_end(robin: Known) -> None:
    fits = b'{"limit": 1}' + b" " * (BODY_BYTES - 12)
    assert send("/list", fits, "application/json", robin.agent_key).status == 200
    refused(send("/list", fits + b" ", "application/json", robin.agent_key), 413, "too_large")


def test_other_methods_are_405_and_named(route: tuple[str, dict[str, str]]) -> None:
    path, shown = route
    headers = {"authorization": f"Bearer {shown.get('key')}", "x-agentpack-key": shown.get("bridge", "")}
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
        response = Client().generic(method, path, headers=headers)
        assert response.status_code == 405, method
        assert response.json()["code"] == "method_not_allowed"
        assert response.headers["Allow"] == "POST"


def test_an_unusual_accept_refuses_nothing(robin: Known) -> None:
    for accept in ("text/html", "application/xml", "nonsense", "*/*;q=0"):
        answer = send("/list", b"{}", "application/json", robin.agent_key, HTTP_ACCEPT=accept)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/lists", "/list/", "/message/\x00", "/%ff", "/" + "a" * 4000])
def test_no_route_is_404_in_the_one_shape(path: str) -> None:
    response = Client().post(path)
    assert response.status_code == 404
    assert set(response.json()) == ERROR


def test_an_unknown_host_is_400_where_addresses_are_made_of_it() -> None:
    assert Client(raise_request_exception=False).get("/docs/", headers={"host": "evil.example"}).status_code == 400


def test_the_callers_request_id_is_used_when_it_is_sane(robin: Known) -> None:
    answer = send("/list", b"[]", "application/json", robin.agent_key, HTTP_X_REQUEST_ID="trace-0001.a_b")
    assert answer.body["request_id"] == "trace-0001.a_b"
    for other in ("short", "x" * 65, "a b c d e f", "evil\r\nheader: x"):
        answer = send("/list", b"[]", "application/json", robin.agent_key, HTTP_X_REQUEST_ID=other)
        assert answer.body["request_id"] != other


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (OperationalError("connection refused to 10.0.0.1 as postbox"), 503, "storage_unavailable"),
        (InternalError("cannot execute INSERT in a read-only transaction"), 503, "storage_unavailable"),
        (UnreadablePostError("gone"), 400, "incomplete_request"),
        (DataError("value secret-value is out of range"), 500, "internal"),
        (RuntimeError("secret-value"), 500, "internal"),
        (exceptions.Throttled(wait=3), 429, "rate_limited"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (ApiError("x" * 9, status=402, code="quota_spent", fix="Wait."), 402, "quota_spent"),
    ],
)
def test_every_exception_has_its_status_and_tells_no_secret(raised: Exception, status: int, code: str) -> None:
    response = errors.handle(raised, {})
    assert (response.status_code, response.data["code"]) == (status, code)
    assert set(response.data) == ERROR
    assert "secret-value" not in str(response.data)
    assert "10.0.0.1" not in str(response.data)
    if status == 503:
        assert response.headers["Retry-After"] == "5"


class Inner(Body):
    number = serializers.IntegerField()


class Outer(Body):
    inner = Inner(many=True)
    octets = Base64(required=False)


def test_errors_name_the_path_to_the_value() -> None:
    given = Outer(data={"inner": [{"number": 1}, {"number": "x", "nummber": 2}, 5], "octets": "%"})
    assert not given.is_valid()
    found = errors.handle(exceptions.ValidationError(given.errors), {}).data["errors"]
    assert [item["path"] for item in found] == ["inner.1.number", "inner.1.nummber", "inner.2", "octets"]


@pytest.mark.parametrize("text", ["aGk=", "aG\nk=", " aGk=\r\n", ""])
def test_base64_may_come_in_lines(text: str) -> None:
    assert Base64().to_internal_value(text) in (b"hi", b"")


@pytest.mark.parametrize("text", ["aGk", "aGk==", "a-_=", "\u00e9", 5, None, ["aGk="]])
def test_what_is_not_base64_is_refused(text: object) -> None:
    with pytest.raises(serializers.ValidationError):
        Base64().to_internal_value(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(["direction", "limit", "since", "page_token", "quarantined", "unread", "ids", "other"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(body=st.one_of(JSON, st.dictionaries(FIELDS, JSON, max_size=5)))
def test_no_json_at_all_breaks_a_route(robin: Known, body: object) -> None:
    for path in ("/list", "/mark_read"):
        answer = send(path, json.dumps(body).encode(), "application/json", robin.agent_key)
        assert answer.status in {200, 400}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_no_octets_at_all_break_the_parser(octets: bytes) -> None:
    with contextlib.suppress(MalformedJson):  # any other error fails the test
        load(octets)


class Wanted(Body):
    kinds = serializers.ListField(child=Choice(choices=[("a.b", "A"), ("c", "C")]), required=False)
    one = Choice(choices=["x", "1"], required=False)


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({"one": "y"}, "one", '"y" is not a valid choice; these are: x, 1.'),
        ({"one": 1}, "one", '"1" is not a valid choice; these are: x, 1.'),
        ({"one": ["x" * 99]}, "one", f'"[\'{"x" * 38}" is not a valid choice; these are: x, 1.'),
        ({"kinds": ["c", "A"]}, "kinds.1", '"A" is not a valid choice; these are: a.b, c.'),
    ],
)
def test_a_choice_that_is_none_names_those_that_there_are(body: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(serializers.ValidationError) as wrong:
        checked(Wanted, body)
    shown = json.loads(errors.answer(wrong.value).content)["errors"]
    assert shown == [{"path": path, "message": said}]
    assert checked(Wanted, {"kinds": ["a.b"], "one": "1"}) == {"kinds": ["a.b"], "one": "1"}


def test_every_choice_of_a_request_is_such_a_one(robin: Known) -> None:
    answer = call("/webhook/register", {"url": "https://a.example", "events": ["mail"]}, robin.agent_key)
    assert answer.body["errors"][0]["message"].endswith("ping, message.*, agent.*, endpoint.*, *.")
    get_resolver().url_patterns  # noqa: B018 (which loads all routes)
    bodies = list(Body.__subclasses__())
    for body in bodies:
        bodies += body.__subclasses__()
    fields = [(body, name, field) for body in bodies for name, field in body().fields.items()]
    inner = [(body, name, getattr(field, "child", field)) for body, name, field in fields]
    choices = [(body, name, type(field)) for body, name, field in inner if isinstance(field, serializers.ChoiceField)]
    assert len(choices) > 5
    assert not [one for one in choices if one[2] is not Choice]
