"""Every route of the OpenAPI document, with data that fits it and data that does not, against the real application.

Routes are read from the document, so a new one is covered as soon as it is documented. What OpenAPI has no words for
is supplied here: keys, an address that is known, a page token of the very list that is asked for.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from schemathesis.core import NOT_SET
from schemathesis.core.result import Ok
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test

from postbox.config.wsgi import application
from postbox.ingest import work
from postbox.lib.ids import uuid7
from postbox.mail.listing import Query
from postbox.mail.models import Attachment
from postbox.mail.paging import token_after
from postbox.mail.serializers import ListBody
from postbox.rules.language import problems
from tests.contracts.providers import LOGIN, Mail, postmark
from tests.people import Known, bridge_key, deliver, known_agent

MAIL = b"From: Ann <ann@mercer-bikes.example>\r\nSubject: Hello\r\n\r\n"

Case = schemathesis.Case[Any]


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Conditions within conditions: 32 of them, 6 deep, take the generator minutes. tests/rules tries them."""
    for name in ("all", "any", "not"):
        del raw_schema["components"]["schemas"]["RuleMatch"]["properties"][name]


schemathesis.openapi.media_type("message/rfc822", st.binary(max_size=200).map(lambda octets: MAIL + octets))
schema = schemathesis.openapi.from_wsgi("/schema", application)


@pytest.fixture
def robin(transactional_db: None, settings: Settings) -> Known:
    settings.POSTBOX_WEBHOOK_ALLOW_LOOPBACK = True
    settings.POSTBOX_INBOUND = {"postmark": {"secret": [LOGIN]}}
    return known_agent()


@pytest.fixture
def bridge(transactional_db: None) -> str:
    return bridge_key()


def shown_keys(case: Case, robin: Known, bridge: str) -> dict[str, str]:
    kinds = case.operation.definition.raw.get("x-key-kinds", [])
    if "bridge" in kinds:
        return {"x-agentpack-key": bridge}
    key = robin.agent_key if "agent" in kinds else robin.owner_key
    return {"Authorization": f"Bearer {key}"} if kinds else {}


def fit_ingest(case: Case, robin: Known) -> None:
    if case.media_type == "message/rfc822":  # its envelope stands in headers, which are nothing to JSON
        case.headers.update({"x-postbox-rcpt-to": robin.address, "x-postbox-mail-from": ""})
        case.headers.pop("x-postbox-client-ip", None)
    else:
        body: Any = case.body
        body["envelope"]["rcpt_to"][0] = robin.address


def fit_attachment(case: Case, robin: Known) -> None:
    deliver(MAIL.replace(b"\r\n\r\n", b"\r\nContent-Type: application/pdf\r\n\r\n%PDF"), robin.address)
    while work.run():
        pass
    case.path_parameters["id"] = str(Attachment.objects.get().id)


def fit_domain(case: Case, robin: Known) -> None:
    body: Any = case.body
    body["domain"] = f"d{uuid7().hex}.agents.example"  # nobody's, and no root
    if body.get("catch_all"):
        body["catch_all"] = robin.address


def fit_inbound(case: Case, robin: Known) -> None:
    """Each provider has a form of its own; tests/contracts/test_inbound_providers.py tries them all."""
    posted = postmark(Mail(robin.address, MAIL))
    case.path_parameters["esp"] = "postmark"
    case.body, case.media_type = json.loads(posted.body), posted.content_type
    case.headers.update(posted.headers)


def fit_list(case: Case, robin: Known) -> None:
    body: Any = case.body
    if body is not NOT_SET and "page_token" in body:
        asked = ListBody(data={name: value for name, value in body.items() if name != "page_token"})
        asked.is_valid(raise_exception=True)
        filters = {name: value for name, value in asked.validated_data.items() if name != "limit"}
        body["page_token"] = token_after(uuid7(), Query(**filters).scope(robin.agent.id))


def fit_register(case: Case, robin: Known) -> None:
    body: Any = case.body
    body["url"] = f"http://127.0.0.1:9/{uuid7()}"  # any other host would be looked up


def fit_replay(case: Case, robin: Known) -> None:
    body: Any = {} if case.body is NOT_SET else case.body
    case.body, case.media_type = body, "application/json"
    body.pop("until", None)  # it must be later than `since`
    if ("id" in body) == ("since" in body):
        body.pop("id", None)
        body["since"] = "2026-01-01T00:00:00Z"


def fit_rule(case: Case, robin: Known) -> None:
    """A pattern must be one of RE2's, and a rule not too deep: no schema says so."""
    body: Any = case.body
    if body is NOT_SET:
        return
    body.pop("id", None)  # of a rule that is not there
    if "match" in body and problems(body["match"], {"stop": True}):
        body["match"] = {"sender": "*@example.org", "subject": {"regex": "^Re:"}}
    if "actions" in body and problems({"every_mail": True}, body["actions"]):
        body["actions"] = {"label": "seen", "stop": True}


def fit_try(case: Case, robin: Known) -> None:
    fit_rule(case, robin)
    body: Any = {} if case.body is NOT_SET else case.body
    case.body, case.media_type = body, "application/json"
    body.setdefault("match", {"every_mail": True})


def fit_send(case: Case, robin: Known) -> None:
    """Addresses are more than strings, what is answered or sent on must be there, and something must be said."""
    body: Any = {} if case.body is NOT_SET else case.body
    case.body, case.media_type = body, "application/json"
    for role in ("cc", "bcc", "from", "in_reply_to", "reply_all", "forward", "unsubscribe"):
        body.pop(role, None)
    body["text"] = body.get("text") or "Hello"
    body["to"] = ["Ann <ann@mercer-bikes.example>", f"p{uuid7().hex}@ek.example"]
    body["subject"] = "".join(letter for letter in body.get("subject", "") if letter.isprintable())
    for file in body.get("attachments", ()):
        file.pop("name", None)
        file.pop("type", None)


def fit_suppression(case: Case, robin: Known) -> None:
    """A mail address is narrower than the format's pattern, the agent must be there, and the end to come."""
    body: Any = case.body
    if body.get("expires_at"):
        body["expires_at"] = "2999-01-01T00:00:00Z"
    body["address"] = f"p{uuid7().hex}@ek.example"
    body.pop("agent_id", None)


def fit_policy(case: Case, robin: Known) -> None:
    """Entries are narrower than text, and there is no setting of any name."""
    body: Any = {} if case.body is NOT_SET else case.body
    case.body, case.media_type = body, "application/json"
    for level in ("domain", "agent_id", "checks"):
        body.pop(level, None)
    if "address" in body:
        body["address"] = robin.address
    for name in {"allow", "block"} & body.keys():
        body[name] = ["ann@mercer-bikes.example", "*.ek.example"]


def fit_bounce(case: Case, robin: Known) -> None:
    """A mail address is narrower than text."""
    body: Any = case.body
    body["address"] = f"p{uuid7().hex}@ek.example"


# What makes a case that fits the document fit the data as well.
FIT = {
    "/attachment/{id}": fit_attachment,
    "/domain/put": fit_domain,
    "/inbound/{esp}": fit_inbound,
    "/ingest": fit_ingest,
    "/list": fit_list,
    "/outbound/bounce": fit_bounce,
    "/policy/put": fit_policy,
    "/rule/put": fit_rule,
    "/rule/try": fit_try,
    "/send": fit_send,
    "/suppression/put": fit_suppression,
    "/webhook/register": fit_register,
    "/webhook/replay": fit_replay,
}


EXAMPLES = examples(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
OPERATIONS = {found.ok().label: found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)}


def test_the_document_has_no_route_that_cannot_be_tried() -> None:
    assert [found for found in schema.get_all_operations() if not isinstance(found, Ok)] == []


@pytest.mark.parametrize("label", sorted(OPERATIONS))
@pytest.mark.timeout(240)
@pytest.mark.django_db(transaction=True)
def test_every_route_keeps_to_its_document(label: str, robin: Known, bridge: str) -> None:
    """Each a test of our own making: `schema.parametrize` makes the cases of all routes whenever tests are collected,
    and with pytest 9 gives all of them one id, of which xdist runs one.
    """
    operation = OPERATIONS[label]

    def keeps_to_it(case: Case) -> None:
        fits = case.meta is None or case.meta.generation.mode.is_positive
        if fits and case.path in FIT:
            FIT[case.path](case, robin)
        case.call_and_validate(headers=shown_keys(case, robin, bridge))

    build_operation_test(
        config=schema.config,
        operation=operation,
        test_func=keeps_to_it,
        given_kwargs={},
        feedback=FeedbackSources(),
        explicit_settings=EXAMPLES,
    )()
