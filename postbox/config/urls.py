"""Every route."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from postbox.api.docs import DocsView, SchemaView
from postbox.config.health import HealthView, ReadyView
from postbox.identity.views import AllocView
from postbox.ingest.views import IngestView
from postbox.mail.views import ListView, MarkReadView

handler400 = "postbox.api.errors.bad_request"
handler404 = "postbox.api.errors.not_found"
handler500 = "postbox.api.errors.server_error"

urlpatterns = [
    path("ingest", IngestView.as_view()),
    path("alloc", AllocView.as_view()),
    path("list", ListView.as_view()),
    path("mark_read", MarkReadView.as_view()),
    path("", include("webhooks.urls")),
    path("healthz", HealthView.as_view()),
    path("readyz", ReadyView.as_view()),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="schema")),
    path("admin/", admin.site.urls),
]
