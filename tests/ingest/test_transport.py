"""What is written down of how a mail came, and what a policy makes of it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.ingest import work
from postbox.ingest.transport import received_by, spelt
from postbox.mail.models import Message, Status, StepVerdict
from postbox.screening.models import Policy
from tests.callers import call, send
from tests.ingest.lmtp.door import running
from tests.people import ANN, bridge_key, known_agent, mail

POSTFIX = (
    "Received: from mx.a.example (mx.a.example [192.0.2.7])\r\n"
    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n"
    "\t key-exchange X25519 server-signature ECDSA (P-256) server-digest SHA256)\r\n"
    "\t(No client certificate requested)\r\n"
    "\tby mail.example.org (Postfix) with ESMTPS id 4F\r\n\tfor <robin@x.example>; Mon, 16 Nov 2026 09:12:41 +0100\r\n"
)
PLAIN = "Received: from mx.a.example ([192.0.2.7]) by mail.example.org (Postfix) with ESMTP id 4F; Mon, 16 Nov 2026\r\n"
EXIM = (
    "Received: from mx.a.example ([192.0.2.7])\r\n\tby mail.example.org with esmtps  (TLS1.2) tls "
    "ECDHE-RSA-AES128-GCM-SHA256\r\n\t(Exim 4.96)\r\n\tid 1r\r\n"
)
SENDMAIL = (
    "Received: from mx.a.example (mx.a.example [192.0.2.7]) by mail.example.org (8.17/8.17) with ESMTPS id 3A\r\n"
    "\t(version=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256 bits=128 verify=NO);\r\n"
)
FILTER = "Received: from localhost (localhost [127.0.0.1])\r\n\tby mail.example.org (Postfix) with ESMTP id 5G; Mon\r\n"


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("TLSv1.3 TLS_AES_256_GCM_SHA384", "TLSv1.3 TLS_AES_256_GCM_SHA384"),
        ("TLS1.2 ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"),
        ("TLS1_3", "TLSv1.3"),
        ("version=TLSv1.2, cipher=ecdhe-rsa-chacha20-poly1305", "TLSv1.2 ECDHE-RSA-CHACHA20-POLY1305"),
        ("tlsv1", "TLSv1"),
        ("SSLv3 DES-CBC3-SHA", "SSLv3 DES-CBC3-SHA"),
        ("yes", "TLS"),
        ("none", "none"),
        ("", ""),
        ("TLS_AES_256_GCM_SHA384", ""),
        ("${tls_version}", ""),
    ],
)
def test_what_a_bridge_says_in_our_words(text: str, ours: str) -> None:
    assert spelt(text) == ours


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        (POSTFIX, "TLSv1.3 TLS_AES_256_GCM_SHA384"),
        (EXIM, "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"),
        (SENDMAIL, "TLSv1.3 TLS_AES_128_GCM_SHA256"),
        (PLAIN, "none"),
        (PLAIN.replace("ESMTP", "ESMTPSA"), "TLS"),
        (PLAIN.replace("ESMTP", "UTF8SMTPS"), "TLS"),
        (PLAIN + POSTFIX, "none"),  # what stands below may be forged
        (FILTER + POSTFIX, "TLSv1.3 TLS_AES_256_GCM_SHA384"),
        (FILTER.replace("localhost (localhost [127.0.0.1])", "[127.0.0.1] (evil.test [192.0.2.9])") + POSTFIX, "none"),
        (PLAIN.replace("mx.a.example", "TLSv1.3 with ESMTPS"), "none"),
        ("Return-Path: <a@b.example>\r\nDelivered-To: x\r\n" + POSTFIX, "TLSv1.3 TLS_AES_256_GCM_SHA384"),
        ("Received: garbage\r\n" + POSTFIX, ""),
        ("", ""),
    ],
)
def test_what_the_mail_server_wrote_into_received(header: str, ours: str) -> None:
    assert received_by(header.encode() + mail()) == ours


@given(st.binary(max_size=400), st.text(max_size=200))
def test_anything_can_be_read_and_fits_its_column(octets: bytes, text: str) -> None:
    for found in (received_by(b"Received: " + octets), received_by(octets), spelt(text)):
        assert len(found) <= 64
        assert found.isascii()


@pytest.mark.django_db
def test_ingest_writes_down_what_the_bridge_says() -> None:
    robin, bridge = known_agent(), bridge_key()
    shown = {"HTTP_X_POSTBOX_MAIL_FROM": ANN, "HTTP_X_POSTBOX_RCPT_TO": robin.address}
    send(
        "/ingest", mail(), "message/rfc822", bridge=bridge, HTTP_X_POSTBOX_TLS="TLSv1.3 TLS_AES_128_GCM_SHA256", **shown
    )
    said = {"mail_from": ANN, "rcpt_to": [robin.address], "tls": "TLSv1.2"}
    call("/ingest", {"envelope": said, "raw": base64.b64encode(mail()).decode()}, bridge=bridge)
    send(
        "/ingest", PLAIN.encode() + mail(), "message/rfc822", bridge=bridge, **shown
    )  # who knows whose words these are
    rows = Message.objects.order_by("id").values_list("tls", flat=True)
    assert list(rows) == ["TLSv1.3 TLS_AES_128_GCM_SHA256", "TLSv1.2", ""]


@pytest.mark.django_db(transaction=True)
def test_lmtp_writes_down_what_the_mail_server_says() -> None:
    robin = known_agent()
    with running() as door:
        talk = door.talk()
        for header in (POSTFIX, PLAIN, ""):
            assert talk.mail(header.encode() + mail(), robin.address)[0].startswith("250")
    rows = Message.objects.order_by("id").values_list("tls", flat=True)
    assert list(rows) == ["TLSv1.3 TLS_AES_256_GCM_SHA384", "none", ""]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tls", "found"),
    [
        ("TLSv1.3", (Status.PROCESSED, "tls")),
        ("TLS", (Status.PROCESSED, "tls")),
        ("TLSv1.1 AES128-SHA", (Status.REFUSED, "weak_tls")),
        ("SSLv3", (Status.REFUSED, "weak_tls")),
        ("TLSv1", (Status.REFUSED, "weak_tls")),
        ("none", (Status.REFUSED, "no_tls")),
        ("", (Status.REFUSED, "tls_unknown")),
    ],
)
def test_a_domain_s_policy_can_require_it(tls: str, found: tuple[str, str]) -> None:
    robin, bridge = known_agent(), bridge_key()
    domain = robin.agent.addresses.get().domain
    Policy.objects.create(owner=robin.owner, domain=domain, checks={"require_tls": "refuse"})
    shown: dict[str, Any] = {"HTTP_X_POSTBOX_MAIL_FROM": ANN, "HTTP_X_POSTBOX_RCPT_TO": robin.address}
    send("/ingest", mail(), "message/rfc822", bridge=bridge, HTTP_X_POSTBOX_TLS=tls, **shown)
    work.run()
    verdict = StepVerdict.objects.get(step="transport")
    assert (Message.objects.get().status, verdict.code) == found


@pytest.mark.django_db
def test_without_a_policy_it_is_only_told() -> None:
    robin, bridge = known_agent(), bridge_key()
    shown: dict[str, Any] = {"HTTP_X_POSTBOX_MAIL_FROM": ANN, "HTTP_X_POSTBOX_RCPT_TO": robin.address}
    send("/ingest", mail(), "message/rfc822", bridge=bridge, HTTP_X_POSTBOX_TLS="none", **shown)
    work.run()
    assert Message.objects.get().status == Status.PROCESSED
    assert StepVerdict.objects.get(step="transport").outcome == "skip"
