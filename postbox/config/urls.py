"""Every route."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from postbox.api.docs import DocsView, SchemaView
from postbox.config.health import HealthView, ReadyView
from postbox.config.metrics import metrics
from postbox.identity.domain.views import DomainCheckView, DomainListView, DomainPutView
from postbox.identity.state_view import AgentStateView
from postbox.identity.views import AllocView
from postbox.ingest.attachment_view import AttachmentView
from postbox.ingest.inbound.views import InboundView
from postbox.ingest.views import IngestView
from postbox.mail.views import ListView, MarkReadView
from postbox.screening.views import ListView as PolicyListView
from postbox.screening.views import PutView as PolicyPutView

handler400 = "postbox.api.errors.bad_request"
handler404 = "postbox.api.errors.not_found"
handler500 = "postbox.api.errors.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),  # a person who typed the address
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("docs", RedirectView.as_view(url="/docs/")),
    path("ingest", IngestView.as_view()),
    path("inbound/<str:esp>", InboundView.as_view()),
    path("inbound/mailgun/mime", InboundView.as_view(schema=None), {"esp": "mailgun"}),  # raw mail to .../mime
    path("alloc", AllocView.as_view()),
    path("agent/state", AgentStateView.as_view()),
    path("domain/put", DomainPutView.as_view()),
    path("domain/list", DomainListView.as_view()),
    path("domain/check", DomainCheckView.as_view()),
    path("list", ListView.as_view()),
    path("mark_read", MarkReadView.as_view()),
    path("attachment/<str:id>", AttachmentView.as_view()),
    path("policy/put", PolicyPutView.as_view()),
    path("policy/list", PolicyListView.as_view()),
    path("rule/", include("postbox.ingest.rule_urls")),
    path("", include("webhooks.urls")),
    path("", include("outbound.urls")),
    path("", include("reputation.urls")),
    path("healthz", HealthView.as_view()),
    path("readyz", ReadyView.as_view()),
    path("metrics", metrics),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="schema")),
    path("admin/", admin.site.urls),
]
