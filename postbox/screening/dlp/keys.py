"""API keys and private keys, each by the form that its issuer gives it.

Decides by prefix, alphabet and length as the issuers document them, so that a random identifier is none; a JSON Web
Token (RFC 7519) besides by its header. It never asks an issuer whether a key is live.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator

from postbox.lib.linear import compiled
from postbox.screening.dlp.findings import Finding, Kind

_BEGIN = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_END, _DASHES = b"-----END ", b"-----"
_PEM_OCTETS = 32 * 1024
_URL_SAFE = r"[0-9A-Za-z_-]"

# Issuer: forms, with the octets that each begins with or holds. Matched at the beginning of a word.
_FORMS = {
    "aws": [r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"],
    "github": [r"gh[pousr]_[0-9A-Za-z]{36,255}", r"github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}"],
    "gitlab": [r"gl(?:pat|ptt|dt|rt|ft|soat|agent|cbt|imt|oas)-[0-9A-Za-z_.-]{20,300}"],
    "slack": [
        r"xox[abeoprs](?:\.xox[bp])?-[0-9A-Za-z-]{12,250}",
        r"xapp-[0-9]-[0-9A-Z]{6,20}-[0-9]{6,20}-[0-9a-f]{16,128}",
        r"hooks\.slack\.com/(?:services|workflows)/[0-9A-Za-z_]{6,20}/[0-9A-Za-z_]{6,20}/[0-9A-Za-z_/]{16,80}",
    ],
    "stripe": [r"[sr]k_(?:live|test)_[0-9A-Za-z]{16,250}"],
    "webhook": [r"whsec_[0-9A-Za-z+/_-]{24,250}={0,2}"],
    "google": [r"AIza[0-9A-Za-z_-]{35}", r"GOCSPX-[0-9A-Za-z_-]{28}", r"ya29\.[0-9A-Za-z_-]{20,1000}"],
    "openai": [
        r"sk-(?:proj|svcacct|admin|None)-[0-9A-Za-z_-]{20,250}",
        r"sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}",
        r"sk-[0-9A-Za-z]{48}\b",
    ],
    "anthropic": [r"sk-ant-[0-9a-z]{2,12}-[0-9A-Za-z_-]{20,250}"],
    "twilio": [r"(?:SK|AC)[0-9a-f]{32}\b"],
    "sendgrid": [r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{16,64}"],
    "mailgun": [r"key-[0-9a-f]{32}\b"],
    "npm": [r"npm_[0-9A-Za-z]{36}"],
    "pypi": [r"pypi-Ag[0-9A-Za-z_-]{50,1000}"],
    "hugging face": [r"hf_[0-9A-Za-z]{30,60}\b"],
    "digitalocean": [r"do[opr]_v1_[0-9a-f]{64}"],
    "shopify": [r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"],
    "telegram": [r"[0-9]{8,10}:AA[0-9A-Za-z_-]{33}\b"],
    "postbox": [r"pbx_(?:agent|owner|bridge)_[0-9A-Za-z_-]{43}"],
    "azure": [r"AccountKey=[0-9A-Za-z+/]{86}=="],
    "age": [r"AGE-SECRET-KEY-1[0-9A-Z]{58}"],
}
_ANY = {name: "|".join(forms) for name, forms in _FORMS.items()}
# Amazon's secret has no form of its own: forty signs, and a name before them.
_AWS_LONG = r"(?i:aws|secret)[0-9A-Za-z_ .-]{0,24}(?i:key)[\"' ]{0,3}[=:>][\"' >]{0,4}[0-9A-Za-z/+]{40}"
_JWT = rf"eyJ{_URL_SAFE}{{10,1000}}\.eyJ{_URL_SAFE}{{10,}}\.{_URL_SAFE}*"

PREFILTER = "|".join(
    [
        r"PRIVATE KEY",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
        r"gh[pousr]_[0-9A-Za-z]{36}|github_pat_|\bgl(?:pat|ptt|dt|rt|ft|soat|agent|cbt|imt|oas)-[0-9A-Za-z_.-]{20}",
        r"xox[abeoprs][.-]|xapp-[0-9]|hooks\.slack\.com/",
        r"[sr]k_(?:live|test)_|whsec_|AIza[0-9A-Za-z_-]{35}|GOCSPX-|ya29\.",
        r"\bsk-[0-9A-Za-z_-]{20}|\b(?:SK|AC)[0-9a-f]{32}|SG\.[0-9A-Za-z_-]{16}|\bkey-[0-9a-f]{32}",
        r"npm_[0-9A-Za-z]{36}|pypi-Ag|hf_[0-9A-Za-z]{30}|do[opr]_v1_|shp(?:at|ca|pa|ss)_|:AA[0-9A-Za-z_-]{33}",
        r"pbx_(?:agent|owner|bridge)_|AccountKey=|AGE-SECRET-KEY-1|(?i:secret)[_ -]?(?i:access)?[_ -]?(?i:key)",
        r"eyJ[0-9A-Za-z_-]{10,1000}\.eyJ",
    ]
)
_NAMES = list(_ANY)
# One group an issuer: which of them took part is the issuer's name.
_KEYS = compiled("|".join(rf"\b({form})" for form in _ANY.values()), memory=8 * 1024 * 1024)
_SECRET, _TOKEN, _PEM = compiled(f"({_AWS_LONG})(?:[^0-9A-Za-z/+]|$)"), compiled(_JWT), compiled(_BEGIN)
_SECRET_OCTETS = 40


def find(text: bytes) -> Iterator[Finding]:
    """The keys of a text, kind by kind."""
    yield from _private(text)
    for match in _KEYS.finditer(text):
        yield Finding(match.start(), match.end(), Kind.API_KEY, _NAMES[match.lastindex - 1])
    for match in _SECRET.finditer(text):
        yield Finding(match.end(1) - _SECRET_OCTETS, match.end(1), Kind.API_KEY, "aws")
    for match in _TOKEN.finditer(text):
        if _is_token(match.group()):
            yield Finding(match.start(), match.end(), Kind.API_KEY, "JSON Web Token")


def _private(text: bytes) -> Iterator[Finding]:
    """From the first line to the last; where that is missing, as much as a key may be long."""
    at = 0
    while match := _PEM.search(text, at):
        begin, head = match.span()
        limit = min(len(text), begin + _PEM_OCTETS)
        last = text.find(_END, head, limit)
        close = text.find(_DASHES, last + len(_END), limit) if last >= 0 else -1
        at = close + len(_DASHES) if close >= 0 else limit
        yield Finding(begin, at, Kind.PRIVATE_KEY)


def _is_token(token: bytes) -> bool:
    head = token.partition(b".")[0]
    try:
        said = json.loads(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
    except (ValueError, binascii.Error):
        return False
    return isinstance(said, dict) and "alg" in said
