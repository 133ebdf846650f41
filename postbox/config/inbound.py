"""The secrets of the providers that may hand mail in, or tell what became of mail that they sent.

Decides which of them are set up at all, and refuses secrets that are none.
"""

from __future__ import annotations

import base64
import binascii
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from postbox.config import env

_LEAST = 16  # characters of a password


def secrets() -> dict[str, dict[str, Any]]:
    """For each provider that is set up: ``secret``, a list of ``user:password``, or ``key``, what it signs with.

    SES has ``topics`` too, a list of ARNs, and ``bucket``, None or the options of an S3 client and its ``name``.
    """
    found: dict[str, dict[str, Any]] = {
        "postmark": {"secret": _logins("POSTBOX_INBOUND_POSTMARK_SECRET")},
        "mailgun": {"key": _key("POSTBOX_INBOUND_MAILGUN_KEY")},
        "sendgrid": {
            "key": _public_key("POSTBOX_INBOUND_SENDGRID_KEY"),
            "secret": _logins("POSTBOX_INBOUND_SENDGRID_SECRET"),
        },
        "ses": {"secret": _logins("POSTBOX_INBOUND_SES_SECRET")},
        "mailersend": {"key": _key("POSTBOX_INBOUND_MAILERSEND_KEY")},
        "mailjet": {"secret": _logins("POSTBOX_INBOUND_MAILJET_SECRET")},
        "mandrill": {"key": _key("POSTBOX_INBOUND_MANDRILL_KEY")},
        "postal": {"key": _public_key("POSTBOX_INBOUND_POSTAL_KEY")},
        "sparkpost": {"secret": _logins("POSTBOX_INBOUND_SPARKPOST_SECRET")},
    }
    known = {name: values for name, values in found.items() if any(values.values())}
    if "ses" in known:
        known["ses"] |= {"topics": _topics("POSTBOX_INBOUND_SES_TOPICS"), "bucket": _ses_bucket()}
    return known


def _topics(name: str) -> list[str]:
    topics = env.listing(name)
    if wrong := [topic for topic in topics if not topic.startswith("arn:")]:
        raise ImproperlyConfigured(f"{name} must be ARNs of SNS topics, by comma: {wrong[0]!r} is none")
    return topics


def _ses_bucket() -> dict[str, str] | None:
    """Where SES puts mail (action S3). Keys that are not set are looked for as boto3 does."""
    bucket = env.text("POSTBOX_INBOUND_SES_BUCKET")
    if not bucket:
        return None
    if find_spec("boto3") is None:
        raise ImproperlyConfigured("POSTBOX_INBOUND_SES_BUCKET needs the extra s3 (requirements/s3.txt)")
    return {
        "name": bucket,
        "region": env.text("POSTBOX_INBOUND_SES_REGION"),
        "endpoint": env.text("POSTBOX_INBOUND_SES_ENDPOINT"),
        "access_key": env.text("POSTBOX_INBOUND_SES_ACCESS_KEY"),
        "secret_key": env.text("POSTBOX_INBOUND_SES_SECRET_KEY"),
    }


def events() -> dict[str, dict[str, Any]]:
    """The same for each provider that may tell what became of a mail."""
    found: dict[str, dict[str, Any]] = {
        "postmark": {"secret": _logins("POSTBOX_EVENTS_POSTMARK_SECRET")},
        "mailgun": {"key": _key("POSTBOX_EVENTS_MAILGUN_KEY")},
        "sendgrid": {
            "key": _public_key("POSTBOX_EVENTS_SENDGRID_KEY"),
            "secret": _logins("POSTBOX_EVENTS_SENDGRID_SECRET"),
        },
        "ses": {"secret": _logins("POSTBOX_EVENTS_SES_SECRET")},
    }
    known = {name: values for name, values in found.items() if any(values.values())}
    if "ses" in known:
        known["ses"] |= {"topics": _topics("POSTBOX_EVENTS_SES_TOPICS")}
    return known


def _logins(name: str) -> list[str]:
    logins = env.listing(name)
    for login in logins:
        user, colon, password = login.partition(":")
        if not (user and colon and len(password) >= _LEAST and login.isascii()):
            raise ImproperlyConfigured(f"{name} must be user:password, the password of {_LEAST} characters or more")
    return logins


def _key(name: str) -> str:
    key = env.text(name).strip()
    if key and not (key.isascii() and len(key) >= _LEAST):
        raise ImproperlyConfigured(f"{name} is too short to be a signing key")
    return key


def _public_key(name: str) -> str:
    key = env.text(name).strip()
    try:
        base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise ImproperlyConfigured(f"{name} must be the base64 of a public key, as the provider shows it") from error
    return key
