"""The routes of outbound, from the root."""

from __future__ import annotations

from django.urls import path

from outbound.bounce_view import BounceView
from outbound.events_view import EventsView
from outbound.polling import MtaBounceView, NextView, ResultView
from outbound.unsubscribe_view import unsubscribe
from outbound.views import SendView

urlpatterns = [
    path("send", SendView.as_view()),
    path("bounce", BounceView.as_view()),
    path("events/<str:esp>", EventsView.as_view()),
    path("unsubscribe/<str:token>", unsubscribe),
    path("outbound/next", NextView.as_view()),
    path("outbound/result", ResultView.as_view()),
    path("outbound/bounce", MtaBounceView.as_view()),
]
