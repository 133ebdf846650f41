"""Whether a second opinion is asked for, and whose.

Decides that it is off unless it is named, and refuses what would leak mail or could not hold up its end.
"""

from __future__ import annotations

import importlib.util
import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from postbox.config import env
from postbox.lib.egress import Refused, parse
from postbox.lib.opinion import Asking

_NAME = "POSTBOX_SECOND_OPINION"
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_TOKEN = re.compile(r"[\x21-\x7e]{0,4096}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def asking() -> Asking | None:
    """What the environment says; None where nothing is asked. Raises ImproperlyConfigured."""
    target = env.text(_NAME).strip()
    if not target:
        return None
    allow_loopback = env.flag("POSTBOX_SECOND_OPINION_ALLOW_LOOPBACK")
    if "://" in target:
        _check_url(target, allow_loopback)
    else:
        _check_path(target)
    low = env.fraction("POSTBOX_SECOND_OPINION_LOW", 0.3)
    # What scores higher is quarantined by our own word, which no other takes back.
    high = env.fraction("POSTBOX_SECOND_OPINION_HIGH", 0.8, most=0.8)
    if low > high:
        raise ImproperlyConfigured(f"{_NAME}_LOW must not be above {_NAME}_HIGH")
    seconds = env.fraction("POSTBOX_SECOND_OPINION_SECONDS", 2.0, least=0.1, most=5.0)
    token = env.text("POSTBOX_SECOND_OPINION_TOKEN")
    if not _TOKEN.fullmatch(token):
        raise ImproperlyConfigured(f"{_NAME}_TOKEN holds what cannot stand in a header")
    return Asking(target, low, high, seconds, token, allow_loopback)


def _check_url(url: str, allow_loopback: bool) -> None:
    try:
        found = parse(url)
    except Refused as error:
        raise ImproperlyConfigured(f"{_NAME}: {error}") from error
    local = (urlsplit(url).hostname or "") in _LOOPBACK
    if local and not allow_loopback:
        raise ImproperlyConfigured(f"{_NAME} names this machine: set {_NAME}_ALLOW_LOOPBACK=on if you mean it")
    if found.scheme == "http" and not local:
        raise ImproperlyConfigured(f"{_NAME}: mail goes out by https only; http is for this machine")


def _check_path(path: str) -> None:
    if not _DOTTED.fullmatch(path):
        raise ImproperlyConfigured(f"{_NAME} must be an https URL or package.module.function, not {path!r}")
    package = path.partition(".")[0]
    if importlib.util.find_spec(package) is None:
        raise ImproperlyConfigured(f"{_NAME}: there is no package {package!r} here")
