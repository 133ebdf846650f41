"""Reading settings from the environment, with one clear error for each that is missing or wrong.

Decides how a variable's text becomes a value and refuses unsafe ones; never what a setting means to the program.
The table of every variable is docs/settings.md.
"""

from __future__ import annotations

import json
import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from postbox.lib import clamd, listening

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_MIN_SECRET = 32
# Labels by RFC 1123, with the underscore that DNS takes, two or more; the last no number (that is an address).
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_SETTABLE = re.compile(r"POSTBOX_[A-Z0-9_]+|DATABASE_URL|BROKER_URL")
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}")


def from_file(name: str) -> None:
    """Put the settings of the file that the variable ``name`` names into the environment, where neither a setting nor
    its ``…_FILE`` is there already: ``NAME=value`` a line, the value as it stands, ``#`` before a remark.
    """
    path = os.environ.get(name)
    if not path:
        return
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name} names a file that cannot be read: {error}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not _SETTABLE.fullmatch(key):  # not shown: the line may hold a secret
            raise ImproperlyConfigured(f"{name}, line {number}: not a setting of Postbox as NAME=value")
        if found.setdefault(key, value) != value:
            raise ImproperlyConfigured(f"{name}, line {number}: {key} is there already, with another value")
    for key, value in found.items():
        setting = key.removesuffix("_FILE")
        if setting not in os.environ and f"{setting}_FILE" not in os.environ:
            os.environ[key] = value


def text(name: str, default: str = "") -> str:
    """The variable, or the content of the file that ``NAME_FILE`` names (how containers hand over secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if path and name not in os.environ:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {error}") from error
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    """A yes or no: 1/true/yes/on or 0/false/no/off."""
    value = text(name, "on" if default else "off").strip().lower()
    if value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}")
    return value in _TRUE


def number(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    """A whole number within bounds."""
    raw = text(name, str(default))
    try:
        value = int(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}") from error
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name} must be between {least} and {most}, not {value}")
    return value


def fraction(name: str, default: float, *, least: float = 0.0, most: float = 1.0) -> float:
    """A number with decimals within bounds."""
    raw = text(name, str(default))
    try:
        value = float(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number, not {raw!r}") from error
    if not least <= value <= most:  # also refuses nan
        raise ImproperlyConfigured(f"{name} must be between {least} and {most}, not {raw}")
    return value


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words as it stands in ``allowed``; the operator may write it in capitals or not."""
    value = text(name, default).strip()
    found = {word.lower(): word for word in allowed}.get(value.lower())
    if found is None:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return found


def listing(name: str, default: str = "") -> list[str]:
    """Comma-separated values without blanks."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def mapping(name: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(text(name, "{}"))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object")
    return value


def host_name(name: str, fallback: str = "") -> str:
    """A host's name in lower case with a dot in it; ``fallback`` where unset and itself such a name, else nothing."""
    value = text(name).strip().lower().rstrip(".")
    if value and not _HOST_NAME.fullmatch(value):
        raise ImproperlyConfigured(f"{name} must be a host name such as mx.example.org, not {value!r}")
    if value:
        return value
    fallback = fallback.lower().rstrip(".")
    return fallback if _HOST_NAME.fullmatch(fallback) else ""


def scanner(name: str) -> clamd.Target | None:
    """Where ClamAV's daemon listens; None where nothing is scanned."""
    value = text(name).strip()
    if not value:
        return None
    try:
        return clamd.target(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: it {error}") from error


def endpoint(name: str) -> tuple[str, int] | None:
    """An address to listen on, and the port; None where it is not set."""
    value = text(name).strip()
    try:
        return listening.endpoint(value) if value else None
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} {error}") from error


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def secret(name: str) -> str:
    """A secret that must be set and long enough to be one."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. `postbox up` makes one; elsewhere set it (docs/settings.md).")
    if len(value) < _MIN_SECRET:
        raise ImproperlyConfigured(f"{name} is too short to be a secret: use {_MIN_SECRET} characters or more")
    return value


def database(name: str = "DATABASE_URL") -> dict[str, Any]:
    """A ``postgresql://user:password@host:port/name?option=value`` address as Django's dictionary."""
    url = text(name)
    if not url:
        raise ImproperlyConfigured(f"{name} is not set. `postbox up` starts a PostgreSQL of its own.")
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with postgresql://, not {parts.scheme!r}")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": query,
    }
