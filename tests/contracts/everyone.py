"""What the contract knows of each provider, and where they differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.contracts.amazon import TOPIC, ses
from tests.contracts.providers import LOGIN, PUBLIC_KEY, SIGNING_KEY, Posted, mailgun, postmark, sendgrid
from tests.contracts.relays import POSTAL_KEY, mailersend, mailjet, mandrill, postal, sparkpost

SECRETS: dict[str, dict[str, Any]] = {
    "postmark": {"secret": [LOGIN]},
    "mailgun": {"key": SIGNING_KEY},
    "sendgrid": {"key": PUBLIC_KEY, "secret": []},
    "ses": {"secret": [LOGIN], "topics": [TOPIC], "bucket": None},
    "mailersend": {"key": SIGNING_KEY},
    "mailjet": {"secret": [LOGIN]},
    "mandrill": {"key": SIGNING_KEY},
    "postal": {"key": POSTAL_KEY},
    "sparkpost": {"secret": [LOGIN]},
}
SEND: dict[str, Callable[..., Posted]] = {
    "postmark": postmark,
    "mailgun": mailgun,
    "sendgrid": sendgrid,
    "ses": ses,
    "mailersend": mailersend,
    "mailjet": mailjet,
    "mandrill": mandrill,
    "postal": postal,
    "sparkpost": sparkpost,
}
GIVES_UP = dict.fromkeys(SEND, 413) | {"postmark": 403, "mailgun": 406}
# After anything but 5xx Postal tells the sender that his mail failed.
UNVERIFIED = dict.fromkeys(SEND, 401) | {"postal": 503}
# SendGrid drops a mail after any 4xx, Postal after 429.
TOO_SOON = dict.fromkeys(SEND, 429) | {"sendgrid": 503, "postal": 503}
# The age in seconds at which a signature is too old, for those that sign a time.
SIGNS_A_TIME = {"mailgun": 10 * 3600, "sendgrid": 74 * 3600, "ses": 9000}
NAMES_ITS_EVENTS = ("postmark", "mailgun", "ses", "mailersend")
ALWAYS_RAW = {"ses", "mailersend", "mandrill", "postal", "sparkpost"}
NEVER_RAW = {"mailjet"}
TELLS_NO_SENDER = {"mandrill"}
