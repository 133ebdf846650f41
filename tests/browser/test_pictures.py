"""The pictures of docs/desk.md and README.md: the desk with a small shop's mail, at 1280 by 800.

They land in test-artifacts; ``python -m tests.browser.keep`` copies them to docs/images.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.admin.operators import operator
from tests.browser.chromium import Watched, browsing
from tests.browser.keep import PICTURES
from tests.browser.scene import Scene, scene
from tests.browser.test_admin import log_in
from tests.nameserver import Nameserver, nameserver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ns(settings: Settings) -> Iterator[Nameserver]:
    with nameserver() as made:
        settings.POSTBOX_DNS_SERVERS = (made.server,)
        settings.POSTBOX_MX_HOST = "mx.mercer-bikes.example"
        yield made


@pytest.fixture
def shop(ns: Nameserver) -> Scene:
    return scene(ns)


def pages(shop: Scene) -> dict[str, str]:
    return {
        "front": "/admin/",
        "messages": reverse("admin:mail_message_changelist"),
        "message": reverse("admin:mail_message_change", args=[shop.invoice.pk]),
        "thread": reverse("admin:mail_message_thread", args=[shop.thread.thread_id]),
        "agent": reverse("admin:identity_agent_change", args=[shop.orders.agent.pk]),
        "rule": reverse("admin:rules_inboundrule_try_one", args=[shop.rule.pk]),
        "domain": reverse("admin:identity_domain_change", args=[shop.domain.pk]),
        "endpoint": reverse("admin:webhooks_endpoint_change", args=[shop.endpoint.pk]),
        "policy": reverse("admin:screening_policy_change", args=[shop.policy.pk]),
        "policies": reverse("admin:screening_policy_owner", args=[shop.policy.owner_id]),
        "policy-list": reverse("admin:screening_policy_changelist"),
        "authentication": reverse("admin:screening_policy_over_time"),
        "policy-try": reverse("admin:screening_policy_try_one", args=[shop.policy.pk]),
        "audit": reverse("admin:audit_auditrecord_changelist"),
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_the_guide(live_server: LiveServer, shop: Scene, scheme: str) -> None:
    operator()
    with browsing(live_server.url, scheme=scheme, width=1280, height=800) as seen:
        log_in(seen)
        for name, path in pages(shop).items():
            seen.go(path)
            if name == "policy-try":
                seen.page.locator("select[name=auth]").select_option("enforce")
                seen.page.get_by_role("button", name="Try on the newest").click()
                seen.page.get_by_text("would have gone another way").first.wait_for()
            if name == "rule":
                seen.page.get_by_role("button", name="Try on the newest").click()
                seen.page.get_by_text("match").first.wait_for()
            assert overflow(seen) <= 0, name
            seen.shoot(f"desk-{name}-{scheme}")
        assert seen.complaints == []
        assert seen.elsewhere == []
    assert {picture.split("-")[1] for picture in PICTURES if picture.startswith("desk")} <= pages(shop).keys()


def test_no_page_is_wider_than_a_phone(live_server: LiveServer, shop: Scene) -> None:
    operator()
    with browsing(live_server.url, width=390, height=844) as seen:
        log_in(seen, narrow=True)
        for name, path in pages(shop).items():
            seen.go(path)
            assert overflow(seen) <= 0, name
            seen.shoot(f"desk-{name}-phone")


def overflow(seen: Watched) -> int:
    """How many pixels the page is wider than its window."""
    wide: int = seen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide
