"""The routes of reputation, from the root."""

from __future__ import annotations

from django.urls import path

from reputation.views import SuppressionLiftView, SuppressionListView, SuppressionPutView

urlpatterns = [
    path("suppression/list", SuppressionListView.as_view()),
    path("suppression/put", SuppressionPutView.as_view()),
    path("suppression/lift", SuppressionLiftView.as_view()),
]
