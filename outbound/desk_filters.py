"""How the outbox is narrowed, and which of its buttons belong on a page."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from outbound.models import Outgoing
from outbound.words import HOLDS
from postbox.desk.ids import as_uuid
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


def is_in(obj: Any, state: Status) -> bool:
    """Whether a sent message is in a state; ``obj`` is its id on its page, and absent in a list."""
    if obj is None:
        return True
    if isinstance(obj, Outgoing):
        return obj.state == state
    number = as_uuid(str(obj))
    return number is not None and Outgoing.objects.filter(pk=number, state=state).exists()
