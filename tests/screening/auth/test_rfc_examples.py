"""The signed mails that the documents themselves print: RFC 6376, appendix A.2, and RFC 8463, appendix A.3."""

from __future__ import annotations

import time

import pytest

from postbox.mail.models import AuthResult
from postbox.screening.auth.dkim import Signature, check_dkim
from postbox.screening.auth.signed import split
from tests.screening.auth.signing import resolver

HEAD = """\
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>
"""
OF_6376 = f"""\
DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
{HEAD}
Hi.

We lost the game. Are you hungry yet?

Joe.
"""
OF_8463 = f"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
{HEAD}
Hi.

We lost the game.  Are you hungry yet?

Joe.
"""
KEYS = {
    "brisbane._domainkey.example.com": (  # RFC 6376, appendix C
        "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4"
        "jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
    ),
    "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": (
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"
        "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kry"
        "OTIKT+l/K4w3QIDAQAB"
    ),
}
ASK = resolver({(name, "TXT"): [record] for name, record in KEYS.items()})

P, F = AuthResult.PASS, AuthResult.FAIL


def results(text: str) -> list[Signature]:
    return check_dkim(split(text.replace("\n", "\r\n").encode()), "", ASK, time.time())


def test_the_example_of_rfc_6376_holds() -> None:
    assert results(OF_6376) == [Signature(P, "example.com")]


def test_both_signatures_of_the_example_of_rfc_8463_hold() -> None:
    assert results(OF_8463) == [Signature(P, "football.example.com")] * 2


@pytest.mark.parametrize(
    ("text", "before", "after", "expected"),
    [
        (OF_6376, "lost", "lose", [F]),
        (OF_6376, "dinner", "dinnar", [F]),
        (OF_6376, "[192.0.2.1]", "[192.0.2.2]", [F]),
        (OF_6376, "b=AuUo", "b=AuUp", [F]),
        (OF_8463, "lost", "lose", [F, F]),
        (OF_8463, "dinner", "dinnar", [F, F]),
        (OF_8463, "+eXdp", "+eXdq", [F, P]),
        (OF_8463, "b=F45d", "b=F45e", [P, F]),
    ],
)
def test_one_other_octet_fails(text: str, before: str, after: str, expected: list[str]) -> None:
    assert before in text
    assert [one.result for one in results(text.replace(before, after))] == expected
