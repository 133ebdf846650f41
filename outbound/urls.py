"""The routes of outbound, from the root."""

from __future__ import annotations

from django.urls import path

from outbound.bounce_view import BounceView
from outbound.views import SendView

urlpatterns = [
    path("send", SendView.as_view()),
    path("bounce", BounceView.as_view()),
]
