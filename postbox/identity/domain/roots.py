"""Why an agent's address does not sit on an organisation's own domain, unless its owner says so.

Decides which domains are roots and refuses them. Receivers judge mail by the organisational domain (DMARC, and every
reputation list): an agent that is talked into sending something foul from there does it in the company's name, and
people's own mail pays for it. A subdomain has a policy, keys and a reputation of its own.
"""

from __future__ import annotations

from django.conf import settings

from postbox.api.errors import ApiError
from postbox.identity.models import Domain
from postbox.lib.orgdomain import is_organisational


class RootDomain(ApiError):
    """403: the domain is an organisation's own, and its owner has not allowed agents there."""

    status = 403
    code = "root_domain"

    def __init__(self, name: str) -> None:
        super().__init__(why(name), fix=fix(name))


def why(name: str) -> str:
    """What an owner has to know before they allow it."""
    return (
        f"{name} is an organisation's own domain: what a hijacked agent sends from there carries the company's name "
        "and spoils the reputation of everybody's mail."
    )


def fix(name: str) -> str:
    """What to do instead, and how to insist."""
    return (
        f'Use a subdomain, as agents.{name}; or, to insist, POST /domain/put {{"domain": "{name}", "allow_root": true}}'
        " first."
    )


def is_refused(name: str, *, allowed: bool) -> bool:
    """Whether agents may not have addresses directly at ``name``. The default domain is the operator's own choice."""
    return not allowed and name != settings.POSTBOX_DEFAULT_DOMAIN and is_organisational(name)


def check_root(domain: Domain) -> None:
    """Raise RootDomain where agents may not be."""
    if is_refused(domain.name, allowed=domain.root_allowed):
        raise RootDomain(domain.name)
