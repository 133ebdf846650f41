"""How the outbox is narrowed."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from outbound.words import HOLDS
from postbox.mail.models import Status


class Held(SimpleListFilter):
    """Held mail by what holds it. The words are a fixed list, so that no page reads all codes of the table."""

    title = "held because"
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return list(HOLDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        code = self.value()
        return queryset.filter(state=Status.HELD, code=code) if code else queryset
