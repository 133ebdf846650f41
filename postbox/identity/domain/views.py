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
from postbox.identity.domain.holding import KEEP, put
from postbox.identity.domain.serializers import (
    DomainBody,
    DomainCheckBody,
    DomainListBody,
    DomainPutBody,
    DomainsAnswer,
)
from postbox.identity.http import KeyView, holder
from postbox.identity.models import Domain, KeyKind, Owner
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
        description="What is left out stays as it is. The answer names the records to publish.",
        request=DomainPutBody,
        responses={200: DomainBody, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        values = read(DomainPutBody, request)
        domain = put(
            Owner.objects.get(pk=str(holder(request).owner_id)),
            values["domain"],
            catch_all=values.get("catch_all", KEEP),
            allow_root=values.get("allow_root", KEEP),
            actor=holder(request).actor,
        )
        return Response(shape(domain))


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
        mine = Domain.objects.filter(owner_id=str(holder(request).owner_id), name__gt=after)
        rows = list(mine.select_related("catch_all").order_by("name")[: limit + 1])
        page = rows[:limit]
        token = page[-1].name if len(rows) > limit else None
        return Response({"count": len(page), "next_page_token": token, "domains": [shape(row) for row in page]})


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
        name = read(DomainCheckBody, request)["domain"].lower()
        domain = Domain.objects.filter(owner_id=str(holder(request).owner_id), name=name).first()
        if domain is None:
            raise NotFound("You hold no such domain.", fix="Take it with /domain/put; /domain/list names yours.")
        if domain.checked_at is None or clock.now() - domain.checked_at > _AGAIN_AFTER:
            domain = check(domain, actor=holder(request).actor)
        return Response(shape(domain))


def shape(domain: Domain) -> dict[str, Any]:
    """A domain as the API and ``postbox domain --json`` give it."""
    return {
        "domain": domain.name,
        "catch_all": domain.catch_all.address if domain.catch_all else None,
        "allow_root": domain.root_allowed,
        "created_at": timestamp(domain.created_at),
        "checked_at": timestamp(domain.checked_at) if domain.checked_at else None,
        "verified_at": timestamp(domain.verified_at) if domain.verified_at else None,
        "records": described(domain),
    }
