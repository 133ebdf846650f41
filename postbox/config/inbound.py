"""The secrets of the providers that may hand mail in.

Decides which of them are set up at all, and refuses secrets that are none.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from postbox.config import env

_LEAST = 16  # characters of a password


def secrets() -> dict[str, dict[str, Any]]:
    """For each provider that is set up: ``secret``, a list of ``user:password``, or ``key``, what it signs with."""
    found: dict[str, dict[str, Any]] = {
        "postmark": {"secret": _logins("POSTBOX_INBOUND_POSTMARK_SECRET")},
        "mailgun": {"key": _key("POSTBOX_INBOUND_MAILGUN_KEY")},
        "sendgrid": {
            "key": _public_key("POSTBOX_INBOUND_SENDGRID_KEY"),
            "secret": _logins("POSTBOX_INBOUND_SENDGRID_SECRET"),
        },
        "ses": {"secret": _logins("POSTBOX_INBOUND_SES_SECRET")},
    }
    return {name: values for name, values in found.items() if any(values.values())}


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
        raise ImproperlyConfigured(f"{name} must be the base64 of a public key, as SendGrid shows it") from error
    return key
