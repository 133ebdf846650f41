"""The pages of threads: one as a conversation, and those of an agent.

Decides who may read them (whoever may see messages) and that reading so is on record.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from postbox.audit.record import record, record_each
from postbox.desk.admin import RecordAdmin, actor_of
from postbox.desk.ids import as_uuid
from postbox.identity.models import Agent
from postbox.mail import conversation as conversations
from postbox.mail.badges import score_badge, status_badge


def one(desk: RecordAdmin, request: HttpRequest, thread_id: uuid.UUID) -> HttpResponse:
    """A thread's newest messages, oldest first."""
    _check(desk, request)
    found = conversations.conversation(thread_id)
    if not found.turns:
        raise Http404
    record_each(actor_of(request), "message.read", [turn.message.id for turn in found.turns if not turn.problem])
    agent = found.turns[0].message.agent
    badges = [(turn, status_badge(turn.message), score_badge(turn.message.injection_score)) for turn in found.turns]
    more = {
        "conversation": found,
        "turns": badges,
        "agent": agent,
        "agent_url": reverse("admin:identity_agent_change", args=[agent.pk]),
        "threads_url": reverse("admin:mail_message_threads", query={"agent": str(agent.pk)}),
        "title": "Conversation",
    }
    return _page(desk, request, "mail/thread.html", more)


def of_agent(desk: RecordAdmin, request: HttpRequest) -> HttpResponse:
    """The threads of the agent that ``?agent=`` names."""
    _check(desk, request)
    agent_id = as_uuid(request.GET.get("agent", ""))
    agent = Agent.objects.filter(pk=agent_id).first() if agent_id else None
    if agent is None:
        raise Http404
    found = conversations.threads(agent.pk)
    record(actor_of(request), "agent.subjects_read", agent.pk, count=len(found))
    more = {"threads": found, "agent": agent, "looked_at": conversations.LOOKED_AT, "title": "Conversations"}
    return _page(desk, request, "mail/threads.html", more)


def _check(desk: RecordAdmin, request: HttpRequest) -> None:
    if not desk.has_view_permission(request):
        raise PermissionDenied


def _page(desk: RecordAdmin, request: HttpRequest, template: str, more: dict[str, Any]) -> HttpResponse:
    context = {**desk.admin_site.each_context(request), "opts": desk.opts, "media": desk.media, **more}
    return TemplateResponse(request, template, context)
