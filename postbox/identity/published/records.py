"""The records that a domain should publish so that its mail comes here and others believe its mail.

Decides their names, types and values, from the domain, its keys and the operator's settings alone. It never asks DNS.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TOKEN_PREFIX = "postbox-verify="  # noqa: S105  # the text before a token that everybody may read


class Kind(StrEnum):
    """What a record is for."""

    OWNERSHIP = "ownership"
    MX = "mx"
    SPF = "spf"
    DMARC = "dmarc"
    DKIM = "dkim"


@dataclass(frozen=True, slots=True)
class Site:
    """The operator's part: the host that takes mail, and the SPF record to include where mail leaves elsewhere."""

    mx_host: str
    spf_include: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish. ``value`` as typed into a DNS form: a TXT without quotes; empty where none can be said."""

    kind: Kind
    name: str
    type: str
    value: str


def records(domain: str, token: str, site: Site) -> tuple[Record, ...]:
    """Every record that ``domain`` should publish, in the order in which to do it."""
    return (
        ownership(domain, token),
        Record(Kind.MX, domain, "MX", f"10 {site.mx_host}" if site.mx_host else ""),
        Record(Kind.SPF, domain, "TXT", f"v=spf1 {spf_mechanism(site)} -all"),
        Record(Kind.DMARC, f"_dmarc.{domain}", "TXT", "v=DMARC1; p=reject; adkim=r; aspf=r"),
    )


def ownership(domain: str, token: str) -> Record:
    """The record by which an owner proves to hold ``domain``."""
    return Record(Kind.OWNERSHIP, f"_postbox.{domain}", "TXT", f"{TOKEN_PREFIX}{token}")


def dkim_record(domain: str, selector: str, public: str) -> Record:
    """The record of a signing key (RFC 6376, section 3.6); ``public`` is base64 of its SubjectPublicKeyInfo."""
    return Record(Kind.DKIM, f"{selector}._domainkey.{domain}", "TXT", f"v=DKIM1; k=rsa; p={public}")


def spf_mechanism(site: Site) -> str:
    """What names this system's servers in an SPF record."""
    return f"include:{site.spf_include}" if site.spf_include else "mx"
