"""The routes of rules, below ``rule/``."""

from __future__ import annotations

from django.urls import path

from postbox.ingest.trial_view import TryView
from postbox.rules.views import DeleteView, ListView, PutView

urlpatterns = [
    path("put", PutView.as_view()),
    path("list", ListView.as_view()),
    path("delete", DeleteView.as_view()),
    path("try", TryView.as_view()),
]
