"""The admin in a real browser: an operator logs in, looks around and lets a message go."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from postbox.ingest.pipeline import STEPS
from postbox.mail.models import Message
from tests.admin.operators import PASSWORD, many, operator, processed, quarantined
from tests.admin.test_messages import HOSTILE_MAIL
from tests.browser.chromium import Watched, browsing
from tests.people import known_agent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def log_in(seen: Watched, *, narrow: bool = False) -> None:
    seen.go("/admin/")
    expect(seen.page.get_by_text("Welcome back to")).to_be_visible()
    seen.shoot("admin-login")
    seen.page.fill("[name=username]", "otto")
    seen.page.fill("[name=password]", PASSWORD)
    seen.page.get_by_role("button", name="Log in").click()
    # On a phone the menu is folded.
    there = ("heading", "The last 24 hours UTC") if narrow else ("link", "Overview")
    expect(seen.page.get_by_role(there[0], name=there[1])).to_be_visible()  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_operator_looks_around(live_server: LiveServer, scheme: str) -> None:
    operator()
    known = known_agent()
    many(known, 5)
    held = str(quarantined(known).pk)
    hostile = str(processed(known, HOSTILE_MAIL).pk)

    with browsing(live_server.url, scheme=scheme) as seen:
        page = seen.page
        log_in(seen)

        for words in ("Queue", "Oldest waiting", "Spool", "Broker", "The last 24 hours", "Last in quarantine"):
            expect(page.get_by_text(words).first).to_be_visible()
        assert page.locator("svg.pbx-chart rect.pbx-bar").count() >= 1
        seen.shoot(f"admin-front-{scheme}")

        page.get_by_role("link", name="Messages").first.click()
        expect(page.get_by_role("columnheader", name="Subject")).to_be_visible()
        assert page.locator("#result_list tbody").count() == 7
        expect(page.locator("#result_list").get_by_text("Quarantined").first).to_be_visible()
        seen.shoot(f"admin-messages-{scheme}")

        seen.go(reverse("admin:mail_message_change", args=[held]))
        expect(page.get_by_role("heading", name="Urgent")).to_be_visible()
        expect(page.locator(".pbx-main mark").first).to_contain_text("Ignore all previous instructions")
        steps = page.locator(".pbx-table tbody tr td:first-child").all_inner_texts()
        assert steps == [step.name for step in STEPS]
        expect(page.get_by_text("prompt_injection")).to_be_visible()
        seen.shoot(f"admin-message-{scheme}")

        seen.go(reverse("admin:mail_message_change", args=[hostile]))
        expect(page.get_by_text("javascript:alert(4)")).to_be_visible()
        assert page.locator(".pbx-page script, .pbx-page img, .pbx-page a[href^=javascript]").count() == 0
        seen.shoot(f"admin-hostile-{scheme}")

        assert seen.complaints == []
        assert seen.elsewhere == []


def test_an_operator_lets_a_message_go(live_server: LiveServer) -> None:
    operator()
    held = quarantined(known_agent()).pk
    with browsing(live_server.url) as seen:
        log_in(seen)
        seen.go(reverse("admin:mail_message_change", args=[held]))
        seen.page.get_by_role("link", name="Release").click()
        expect(seen.page.get_by_text("Release this message?")).to_be_visible()
        seen.shoot("admin-release")
        seen.page.get_by_role("button", name="Release").click()
        expect(seen.page.get_by_text("1 message released.")).to_be_visible()
        expect(seen.page.locator(".pbx-envelope").get_by_text("Processed")).to_be_visible()
        assert seen.complaints == []
        assert seen.elsewhere == []
    assert Message.objects.get(pk=held).status == "processed"


def test_an_operator_makes_a_key_and_sees_it_once(live_server: LiveServer) -> None:
    operator()
    known_agent()
    with browsing(live_server.url) as seen:
        page = seen.page
        log_in(seen)
        seen.go(reverse("admin:identity_apikey_add"))
        page.select_option("[name=kind]", "bridge")
        page.fill("[name=name]", "the lab")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#new-key")).to_contain_text("pbx_bridge_")
        key = page.locator("#new-key").inner_text()
        seen.shoot("admin-new-key")
        page.get_by_role("link", name="I have copied it").click()
        expect(page.get_by_text("the lab")).to_be_visible()
        assert key not in page.content()
        assert seen.complaints == []
        assert seen.elsewhere == []
