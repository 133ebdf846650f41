"""``POST /domain/put``, ``/domain/list`` and ``/domain/check``, for owners."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from postbox.api.errors import NotFound
from postbox.api.schema import ERRORS, Error
from postbox.api.serializers import read
from postbox.events.body import timestamp
from postbox.identity.domain.checking import check, described
from postbox.identity.domain.claims import claim, prove, wanted
from postbox.identity.domain.holding import put
from postbox.identity.domain.serializers import (
    DomainBody,
    DomainCheckBody,
    DomainListBody,
    DomainPutBody,
    DomainsAnswer,
)
from postbox.identity.http import KeyView, holder
from postbox.identity.models import Domain, DomainClaim, KeyKind, Owner
from postbox.identity.published.finding import State
from postbox.lib import clock

# Who asks again sooner gets the last answer: it spares the name servers, and DNS is no faster.
_AGAIN_AFTER = timedelta(seconds=5)


class OwnerView(KeyView):
    kinds = frozenset({KeyKind.OWNER})


class DomainPutView(OwnerView):
    """Take a domain or change one."""

    @extend_schema(
        operation_id="domain_put",
        summary="Take a domain, set its catch-all",
        description="What is left out stays as it is. The answer names the records to publish. With `claim` a domain "
        "that another owner holds can become yours by proof.",
        request=DomainPutBody,
        responses={200: DomainBody, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(DomainPutBody, request)
        owner, actor = Owner.objects.get(pk=str(holder(request).owner_id)), holder(request).actor
        changes = {name: values[name] for name in ("catch_all", "allow_root") if name in values}
        if (
            values["claim"]
            and not changes
            and isinstance(made := claim(owner, values["domain"], actor=actor), DomainClaim)
        ):
            return Response(shape_claim(made))
        return Response(shape(put(owner, values["domain"], **changes, actor=actor)))


class DomainListView(OwnerView):
    """The owner's domains."""

    @extend_schema(
        operation_id="domain_list",
        summary="Your domains, by name, with their records and states",
        request=DomainListBody,
        responses={200: DomainsAnswer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(DomainListBody, request)
        limit, after = values["limit"], values.get("page_token", "").lower()
        owner_id = str(holder(request).owner_id)
        mine = Domain.objects.filter(owner_id=owner_id, name__gt=after)
        mine = mine.select_related("catch_all").prefetch_related("dkim_keys")
        claims = DomainClaim.objects.filter(owner_id=owner_id, domain__name__gt=after).select_related("domain")
        rows = [shape(row) for row in mine.order_by("name")[: limit + 1]]
        rows += [shape_claim(row) for row in claims.order_by("domain__name")[: limit + 1]]
        rows.sort(key=lambda row: str(row["domain"]))
        page = rows[:limit]
        token = page[-1]["domain"] if len(rows) > limit else None
        return Response({"count": len(page), "next_page_token": token, "domains": page})


class DomainCheckView(OwnerView):
    """Compare a domain's records with DNS."""

    @extend_schema(
        operation_id="domain_check",
        summary="Read the state of a domain's records from DNS",
        description="Takes some seconds where a name server is slow. Within five seconds of a check its answer comes "
        "again. Every domain is checked once a day anyway.",
        request=DomainCheckBody,
        responses={200: DomainBody, **ERRORS, 404: OpenApiResponse(Error, "You hold no such domain")},
    )
    def post(self, request: Request) -> Response:
        name, actor = read(DomainCheckBody, request)["domain"].lower(), holder(request).actor
        mine = {"owner_id": str(holder(request).owner_id)}
        found: Domain | DomainClaim | None = Domain.objects.filter(**mine, name=name).first()
        found = found or DomainClaim.objects.filter(**mine, domain__name=name).select_related("domain").first()
        if found is None:
            raise NotFound("You hold no such domain.", fix="Take it with /domain/put; /domain/list names yours.")
        if isinstance(found, DomainClaim) and _is_due(found):
            found = prove(found, actor=actor)
        if isinstance(found, DomainClaim):
            return Response(shape_claim(found))
        return Response(shape(check(found, actor=actor) if _is_due(found) else found))


def _is_due(row: Domain | DomainClaim) -> bool:
    return row.checked_at is None or clock.now() - row.checked_at > _AGAIN_AFTER


def shape(domain: Domain) -> dict[str, Any]:
    """A domain as the API and ``postbox domain --json`` give it."""
    return {
        "domain": domain.name,
        "held": True,
        "catch_all": domain.catch_all.address if domain.catch_all else None,
        "allow_root": domain.root_allowed,
        "created_at": timestamp(domain.created_at),
        "checked_at": timestamp(domain.checked_at) if domain.checked_at else None,
        "verified_at": timestamp(domain.verified_at) if domain.verified_at else None,
        "records": described(domain),
    }


def shape_claim(made: DomainClaim) -> dict[str, Any]:
    """A claim, in the form of a domain that holds nothing yet; of its records only the one that proves it."""
    record, state = wanted(made), made.ownership_state
    advice = f"Publish this {record.type} record, then check the domain." if state == State.PENDING else made.advice
    return {
        "domain": made.domain.name,
        "held": False,
        "catch_all": None,
        "allow_root": False,
        "created_at": timestamp(made.created_at),
        "checked_at": timestamp(made.checked_at) if made.checked_at else None,
        "verified_at": None,
        "records": [
            {
                "kind": record.kind.value,
                "name": record.name,
                "type": record.type,
                "value": record.value,
                "state": state,
                "found": made.found,
                "advice": advice,
            }
        ],
    }
