"""The admin of what is made by a form of its own and then only looked at. Registers nothing itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from postbox.desk.admin import RecordAdmin, audit_of


def links_to(holder: uuid.UUID, lists: Iterable[tuple[str, str, str]]) -> str:
    """Links to what is an agent's or an owner's: each list's name, its route, and by what it is narrowed; the audit."""
    links = [(reverse(f"admin:{route}", query={by: str(holder)}), name) for name, route, by in lists]
    links.append((audit_of(holder), "Audit"))
    return format_html(
        '<span class="pbx-links">{}</span>', format_html_join(" ", '<a class="pbx-link" href="{}">{}</a>', links)
    )


class MadeAdmin(RecordAdmin):
    """What is made by a form of its own and then only looked at. Subclasses give ``made_by``, the add form."""

    made_by: type[ModelForm[Any]]
    list_fullwidth = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"identity.add_{self.opts.model_name}"))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs |= {"form": self.made_by, "fields": self.made_by._meta.fields}
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(self.made_by.base_fields) if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else super().get_readonly_fields(request, obj)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        page: HttpResponse = super().add_view(request, form_url, (extra_context or {}) | buttons)
        return page

    def show_key(self, request: HttpRequest, key: str, holder: str, obj: Any) -> HttpResponse:
        """The only page that ever shows this key. Not through a message: those lie in a cookie for a while."""
        done = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])
        context = {
            **self.admin_site.each_context(request),
            "title": "The new key",
            "key": key,
            "holder": holder,
            "done": done,
        }
        return TemplateResponse(request, "identity/new_key.html", context)
