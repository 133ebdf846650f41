"""Numbers and keys that are right by their rules and belong to nobody; keys are put together here, none is stored."""

from __future__ import annotations

import random
from collections.abc import Sequence

CARDS = ("4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "3530111333300000")
IBANS = ("DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606", "NO9386011117947")
ID = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def signs(count: int, alphabet: str = ID, seed: int = 7) -> str:
    chosen = random.Random(seed)
    return "".join(chosen.choice(alphabet) for _ in range(count))


def with_check_digit(start: str) -> str:
    """A number that passes the Luhn check."""
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(start)))
    return start + str(-total % 10)


def keys() -> list[tuple[str, str]]:
    """Issuer and a key of its form."""
    capitals, lower_hex = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdef"
    return [
        ("aws", "AKIA" + signs(16, capitals)),
        ("github", "ghp_" + signs(36)),
        ("github", f"github_pat_{signs(22)}_{signs(59)}"),
        ("gitlab", "glpat-" + signs(20)),
        ("slack", f"xoxb-{signs(11, '0123456789')}-{signs(24)}"),
        ("slack", f"https://hooks.slack.com/services/T{signs(8)}/B{signs(8)}/{signs(24)}"),
        ("stripe", "sk_" + "live_" + signs(24)),
        ("google", "AIza" + signs(35)),
        ("openai", "sk-proj-" + signs(48)),
        ("openai", "sk-" + signs(48)),
        ("anthropic", "sk-ant-api03-" + signs(90)),
        ("twilio", "SK" + signs(32, lower_hex)),
        ("sendgrid", f"SG.{signs(22)}.{signs(43)}"),
        ("npm", "npm_" + signs(36)),
        ("pypi", "pypi-AgEIcHlwaS5vcmc" + signs(80)),
        ("postbox", "pbx_agent_" + signs(43)),
        ("aws", "aws_secret_access_key = " + signs(40)),
    ]


def grouped(number: str, sizes: Sequence[int], between: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return between.join([*parts, number[at:]]) if number[at:] else between.join(parts)


def pem(lines: int = 12) -> str:
    body = "\n".join(signs(64, seed=number) for number in range(lines))
    kind = "RSA PRIVATE " + "KEY"
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"
