"""The routes of outbound, from the root."""

from __future__ import annotations

from django.urls import path

from outbound.views import SendView

urlpatterns = [path("send", SendView.as_view())]
