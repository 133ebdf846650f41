"""The cases of authheaders' own tests that are about receiving: its mails, keys and records, as facts.

Where it says ``permerror`` Postbox says ``fail`` or goes on, and why stands beside the case. Its ARC cases stand among
those of the ARC suite, which they were taken from.
"""

from __future__ import annotations

import pytest

from postbox.ingest.steps import parse
from postbox.lib import clock
from postbox.lib.ids import uuid7
from postbox.mail.models import AuthResult
from postbox.screening.auth.judge import author_of, judge
from postbox.screening.case import Case
from tests.screening.auth.signing import Zone, resolver

P, F, X, NONE = AuthResult.PASS, AuthResult.FAIL, AuthResult.PERMERROR, AuthResult.NONE
ZONE: Zone = {
    ("test._domainkey.example.com", "TXT"): [
        "v=DKIM1; g=*; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQ"
        "iY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kry"
        "OTIKT+l/K4w3QIDAQAB"
    ],
    ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject; rua=mailto:reports@example.com"],
    ("_dmarc.example.org", "TXT"): ["v=DMARC1; p=none"],
    ("_dmarc.example.net", "TXT"): ["v=DMARC1; p=none; sp=reject"],
    ("_dmarc.example.biz", "TXT"): ["v=DMARC1; p=none; sp=quarantine; np=reject"],
    ("_dmarc.nop.example.org", "TXT"): ["v=DMARC1; sp=quarantine; np=reject"],
    ("_dmarc.bad.example.com", "TXT"): ["v=DMARC1; p=none; reject"],
    ("_dmarc.gov", "TXT"): ["v=DMARC1; p=reject; sp=none; np=reject; rua=mailto:reports@example.com; psd=y"],
    ("sub2.example.biz", "A"): ["192.0.2.1"],
}
BAD = "Bad User <spoof@example.org>"
SIGNED = """\
DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d={domain};{end}
 i=@{domain}; q=dns/txt; s=test; t=1543187390;{end}
 h=message-id : date : from : to : subject : from;{end}
 bh=wE7NXSkgnx9PGiavN4OZhJztvkqPDlemV3OGuEnLwNo=;{end}
 b=t9nmrVyXAz/TJVZwA35SpPejO+hrDm6HebaPorOSvVA+q6qOX0WSsGSN
 sa0oe7AqNja4qEzLGzEROTT0p26N6nETREJyUWSjxr44+rMpv35HI5CrHL
 CqvpyhmbMY5YXwjjPaCMw1gTUFN7ggDTGVUFCBjTrHOlcPERiXNdsgTl8=
"""
BY_COM, BY_BIZ = (SIGNED.format(domain=domain, end=" ") for domain in ("example.com", "example.biz"))
COMMA = """\
DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.com;
 i=@example.com; q=dns/txt; s=test; t=1634508572; h=message-id : date :
 from : to : subject : from;
 bh=GxJuJkl2SUqxLvdJuTSdj9oaqhgEAqM9jignEld5R5o=;
 b=Etr8Du4ijapE3ewK1vrOUl5KoTpKQSxVIycfOuiXgs9tG/W74nx3FBc7Vy7zopT1pc6A1
 J9STHgCw+ucn/et8uu2dJc9Nbsi/n23PoQqc/9amH3gVhYCRM9HQxI96XX405Et17pbrPwh
 dtEhNiEbejbRtDLpt+hObnHkA4v4LoE=
"""
COMMA_BODY = "This is a test message with a comma in the friendly name.\n\n"


def case(author: str, signature: str) -> Case:
    body = "This is a test message.\n" if signature != COMMA else COMMA_BODY
    text = (
        f"{signature}Authentication-Results: lists.example.org; arc=none; spf=pass smtp.mfrom=jqd@d1.example; "
        "dkim=pass (1024-bit key) header.i=@d1.example; dmarc=pass\nReceived: from localhost\n"
        f"Message-ID: <example@example.com>\nDate: Mon, 01 Jan 2011 01:02:03 +0400\nFrom: {author}\n"
        f"To: somebody@example.com\nSubject: Testing\n\n{body}"
    )
    raw = text.replace("\n", "\r\n").encode()
    made = Case(uuid7(), uuid7(), "robin", raw, "", "robin@agents.localhost", clock.now(), client_ip="192.0.2.9")
    parse.check(made)
    return made


@pytest.mark.parametrize(
    ("field", "signature", "dkim", "dmarc", "author", "asks"),
    [
        pytest.param("Test User <test@example.com>", BY_COM, P, P, "example.com", "", id="dkim, dmarc"),
        # It says permerror. A record's malformed tags are left out (RFC 9989, section 4.7; RFC 7489, section 6.3).
        pytest.param("Test User <test@bad.example.com>", "", NONE, F, "bad.example.com", "", id="dmarc_bad"),
        # It says permerror. There is nobody who could be vouched for.
        pytest.param('"Test User"', "", NONE, F, "", "", id="dmarc_nofrom"),
        pytest.param("Test User <test@example.gov>", "", NONE, F, "example.gov", "reject", id="dmarc_psdsub"),
        # It judges by the strictest of the authors' domains. Here a mail has one author or fails.
        pytest.param(f"{BAD},Test User <test@example.com>", BY_COM, F, F, "", "", id="dmarc_mult_from"),
        pytest.param(f"Test User <test@example.com>,{BAD}", BY_COM, F, F, "", "", id="dmarc_mult_from2"),
        pytest.param("Test User <test@sub.example.net>", BY_COM, F, F, "sub.example.net", "reject", id="dmarc_sub"),
        # It takes the DKIM failure from a field; looked for, example.biz publishes no key.
        pytest.param("<test@sub.example.biz>", BY_BIZ, X, F, "sub.example.biz", "reject", id="dmarc_np1"),
        pytest.param("<test@sub2.example.biz>", BY_BIZ, X, F, "sub2.example.biz", "quarantine", id="dmarc_np2"),
        pytest.param("Test User <test@nop.eXample.org>", "", NONE, NONE, "nop.example.org", "", id="dmarc_no_p"),
        pytest.param('"Test, User" <test@example.com>', COMMA, P, P, "example.com", "", id="dmarc_comma"),
        pytest.param("test@example.com", "", NONE, F, "example.com", "reject", id="domain_part 1"),
        pytest.param(
            "=?UTF-8?B?QmVkIEJhdGggJiBCZXlvbmQ=?=<BdBth&Byond@example.com>", "", NONE, F, "example.com", "reject",
            id="domain_part 4",
        ),
    ],
)  # fmt: skip
def test_its_cases(field: str, signature: str, dkim: str, dmarc: str, author: str, asks: str) -> None:
    made = case(field, signature)
    found = judge(made, resolver(ZONE))
    assert made.parsed is not None
    assert (found.authentication.dkim, found.authentication.dmarc, author_of(made.parsed)) == (dkim, dmarc, author)
    assert found.authentication.aligned_domain == (author if dmarc == P else "")
    assert f"asks to {asks} it" in found.words if asks else "asks" not in found.words
