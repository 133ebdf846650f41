"""What an id stands for, in words and as a link, for pages that hold nothing but ids.

Decides by settings.POSTBOX_SUBJECTS which table a kind of thing is in. A page's ids are looked up by one query a kind;
what is gone, and what this operator may not see, stays an id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from postbox.desk.ids import as_uuid
from postbox.desk.words import short

# What says which kind it is (an action such as rule.tried, or a word such as agent), and an id.
Subject = tuple[str, str]
_SHOWN = 64


def links(request: HttpRequest, wanted: Iterable[Subject]) -> dict[Subject, SafeString]:
    """For each of those that are there and may be seen, a link that says what it is."""
    by_table: dict[str, set[Subject]] = {}
    for subject in wanted:
        if table := _table(subject[0]):
            by_table.setdefault(table, set()).add(subject)
    found: dict[Subject, SafeString] = {}
    for table, subjects in by_table.items():
        known = _of_table(request, table, {number for _, number in subjects})
        found |= {subject: known[subject[1]] for subject in subjects if subject[1] in known}
    return found


def actor(text: str) -> Subject:
    """``user:7`` and ``key:…`` as subjects; other actors (``bootstrap``) are words."""
    kind, _, number = text.partition(":")
    return kind, number or text


def shown(subject: Subject, known: dict[Subject, SafeString]) -> SafeString | str:
    """The link, or the end of the id with the whole of it as its title."""
    if subject in known:
        return known[subject]
    if as_uuid(subject[1]) is None:
        return subject[1]
    return format_html('<span class="pbx-id" title="{}">{}</span>', subject[1], short(subject[1]))


def _table(name: str) -> str | None:
    """By the whole name, else by what stands before its dot."""
    tables: dict[str, str] = settings.POSTBOX_SUBJECTS
    return tables.get(name) or tables.get(name.partition(".")[0])


def _of_table(request: HttpRequest, table: str, numbers: set[str]) -> dict[str, SafeString]:
    model = apps.get_model(table)
    by_uuid = model._meta.pk.get_internal_type() == "UUIDField"
    pks = [number for number in numbers if (as_uuid(number) if by_uuid else number.isdecimal())]
    if not pks or not _may_see(request, model):
        return {}
    return {str(row.pk): _link(row) for row in model._default_manager.filter(pk__in=pks)}


def _may_see(request: HttpRequest, model: Any) -> bool:
    # Operators know each other by name.
    if model._meta.label_lower == settings.AUTH_USER_MODEL.lower():
        return True
    return admin.site.is_registered(model) and bool(admin.site.get_model_admin(model).has_view_permission(request))


def _link(row: Any) -> SafeString:
    route = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    says, title = str(row)[:_SHOWN], f"{row._meta.verbose_name} {row.pk}"
    return format_html(
        '<a class="pbx-link" href="{}" title="{}"><bdi>{}</bdi></a>', reverse(route, args=[row.pk]), title, says
    )
