"""The routes of webhooks, from the root."""

from __future__ import annotations

from django.urls import path

from webhooks.views import (
    DeleteView,
    DisableView,
    EnableView,
    ListView,
    PingView,
    RegisterView,
    ReplayView,
    RotateView,
)

urlpatterns = [
    path("webhook/register", RegisterView.as_view()),
    path("webhook/list", ListView.as_view()),
    path("webhook/rotate", RotateView.as_view()),
    path("webhook/ping", PingView.as_view()),
    path("webhook/replay", ReplayView.as_view()),
    path("webhook/disable", DisableView.as_view()),
    path("webhook/enable", EnableView.as_view()),
    path("webhook/delete", DeleteView.as_view()),
]
