"""The desk's sending pages in a real browser: looked at in light, dark and on a phone, and used.

Pictures land in test-artifacts; ``python -m tests.browser.keep`` copies those of the documents to docs/images.
"""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from outbound.models import Outgoing
from postbox.identity.models import Agent
from reputation.models import Suppression
from tests.admin.operators import operator
from tests.browser.chromium import Watched, browsing
from tests.browser.keep import PICTURES
from tests.browser.sending_scene import Sending, sending
from tests.browser.test_admin import log_in
from tests.browser.test_pictures import overflow

WIDE, NARROW = (1280, 800), (390, 844)
# Tables of a phone's page of which a part is out of sight, and so what a server or a gate said.
_CUT = "[...document.querySelectorAll('.pbx-scroll')].filter(one => one.scrollWidth > one.clientWidth).length"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(transactional_db: None) -> Sending:
    return sending()


def pages(shop: Sending) -> dict[str, str]:
    mail = "admin:outbound_outgoing_change"
    return {
        "overview": "/admin/",
        "outbox": reverse("admin:outbound_outgoing_changelist"),
        "held": reverse(mail, args=[shop.held[0]]),
        "bounced": reverse(mail, args=[shop.bounced]),
        "reports": reverse("admin:outbound_deliveryreport_changelist"),
        "suppressions": reverse("admin:reputation_suppression_changelist"),
        "suppress": reverse("admin:reputation_suppression_add"),
        "recipients": reverse("admin:reputation_emailreputation_changelist"),
        "senders": reverse("admin:reputation_senderday_changelist"),
        "quotas": reverse("admin:outbound_sendquota_changelist"),
        "agent": reverse("admin:identity_agent_change", args=[shop.orders.agent.pk]),
    }


def test_every_sending_page(live_server: LiveServer, shop: Sending) -> None:
    operator()
    with browsing(live_server.url, width=WIDE[0], height=WIDE[1]) as seen:
        log_in(seen)
        for name, path in pages(shop).items():
            for scheme in ("light", "dark"):
                seen.page.emulate_media(color_scheme=scheme)
                look(seen, path, f"sending-{name}-{scheme}", *WIDE)
            look(seen, "", f"sending-{name}-phone", *NARROW)
            assert seen.page.evaluate(_CUT) == 0, name
        assert seen.complaints == []
        assert seen.elsewhere == []
    assert {picture.split("-")[1] for picture in PICTURES if picture.startswith("sending")} <= pages(shop).keys()


def test_an_operator_decides(live_server: LiveServer, shop: Sending) -> None:
    operator()
    mails = [reverse("admin:outbound_outgoing_change", args=[held]) for held in shop.held]
    agent = reverse("admin:identity_agent_change", args=[shop.orders.agent.pk])
    with browsing(live_server.url, width=WIDE[0], height=WIDE[1]) as seen:
        log_in(seen)
        press(seen, mails[0], "Release", "Release this mail?", "1 mail released.")
        press(seen, mails[1], "Reject", "Reject this mail?", "1 mail rejected.")
        suppress(seen, "Loud@Example.net")
        row = seen.page.locator("#result_list").get_by_role("link", name="loud@example.net").get_attribute("href")
        press(seen, str(row), "Lift", "Lift", "Lifted")
        for action, after in (("Pause", "Paused"), ("Resume", "Active"), ("Kill", "Killed")):
            press(seen, agent, action, action, after, reason="It wrote too much.")
        assert seen.complaints == []
        assert seen.elsewhere == []
    states = [Outgoing.objects.get(pk=held).state for held in shop.held]
    assert states == ["queued", "failed"]
    assert Suppression.objects.get(address="loud@example.net").lifted_at is not None
    assert Agent.objects.get(pk=shop.orders.agent.pk).state == "killed"


def look(seen: Watched, path: str, name: str, width: int, height: int) -> None:
    """Keep a picture of a page, or of the one that is there; nothing may be wider than the window."""
    seen.page.set_viewport_size({"width": width, "height": height})
    if path:
        seen.go(path)
    assert overflow(seen) <= 0, name
    seen.shoot(name)


def suppress(seen: Watched, address: str) -> None:
    """Fill in the form of a suppression, for all agents of the shop."""
    seen.go(reverse("admin:reputation_suppression_add"))
    seen.page.locator("[aria-labelledby=select2-id_owner-container]").click()
    seen.page.locator(".select2-results__option", has_text="Mercer Bikes").click()
    seen.page.fill("[name=address]", address)
    seen.page.get_by_role("button", name="Save", exact=True).click()
    expect(seen.page.locator("#result_list").get_by_text(address.lower())).to_be_visible()


def press(seen: Watched, path: str, name: str, asked: str, after: str, *, reason: str = "") -> None:
    """Use a button of a record's page: a question, perhaps a reason, and the page that says what came of it."""
    seen.go(path)
    seen.page.get_by_role("link", name=name).click()
    expect(seen.page.get_by_text(asked).first).to_be_visible()
    if reason:
        seen.page.fill("[name=reason]", reason)
    seen.shoot(f"sending-{name.lower()}")
    with seen.page.expect_navigation(wait_until="networkidle"):
        seen.page.get_by_role("button", name=name).click()
    expect(seen.page.get_by_text(after).first).to_be_visible()
