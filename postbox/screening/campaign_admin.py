"""Campaigns at the desk: mails that say the same, as one thing, with a sample and the addresses that they reached.

Decides that a sample's subject is put on record as opened, as in the list of messages. Nothing can be changed.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from unfold.decorators import display

from postbox.audit.record import record_each
from postbox.desk import words
from postbox.desk.admin import RecordAdmin, RecordList, Since, actor_of
from postbox.identity.models import Address
from postbox.lib.ids import made_at
from postbox.mail.models import Message
from postbox.mail.opening import subjects
from postbox.screening.models import Campaign, CampaignAddress

_SUBJECT = 120
_SHOWN = 200


class CampaignList(RecordList):
    """The list with its page's samples, which are opened all at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        samples = list(Message.objects.filter(pk__in=[row.last_message_id for row in rows]).select_related("agent"))
        said = subjects(samples)
        for row in rows:
            row.sample_subject = said.get(row.last_message_id)
        self.result_list = rows
        record_each(actor_of(request), "message.subject_read", [message.pk for message in samples])


@admin.register(Campaign)
class CampaignAdmin(RecordAdmin):
    list_display = ("sample", "mails", "addresses", "first_seen", "seen")
    list_filter = (Since,)
    search_fields = ("id__exact",)
    search_help_text = "Id of the first message"
    ordering = ("-id",)
    fields = ("mails", "addresses", "first_seen", "seen", "first_message", "last_message", "reached")
    readonly_fields = ("first_seen", "seen", "first_message", "last_message", "reached")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordList]:
        return CampaignList

    @display(description="Sample")
    def sample(self, campaign: Any) -> str:
        if campaign.sample_subject is None:
            return "–"
        return format_html("<bdi>{}</bdi>", campaign.sample_subject[:_SUBJECT] or "(no subject)")

    @display(description="First seen")
    def first_seen(self, campaign: Campaign) -> str:
        return words.ago(made_at(campaign.pk))

    @display(description="Last seen")
    def seen(self, campaign: Campaign) -> str:
        return words.ago(campaign.last_seen)

    @display(description="First message")
    def first_message(self, campaign: Campaign) -> str:
        return _link(campaign.pk)

    @display(description="Last message")
    def last_message(self, campaign: Campaign) -> str:
        return _link(campaign.last_message_id)

    @display(description="Reached")
    def reached(self, campaign: Campaign) -> str:
        ids = CampaignAddress.objects.filter(campaign_id=campaign.pk).values("address_id")
        found = list(Address.objects.filter(pk__in=ids).order_by("address").values_list("address", flat=True)[:_SHOWN])
        more = [f"and {campaign.addresses - _SHOWN:,} more"] if campaign.addresses > _SHOWN else []
        return format_html_join(mark_safe("<br>"), "<bdi>{}</bdi>", ((item,) for item in [*found, *more]))


def _link(message_id: Any) -> str:
    """A message's page, which puts on record who opens it."""
    if not Message.objects.filter(pk=message_id).exists():
        return "Expired"
    url = reverse("admin:mail_message_change", args=[message_id])
    return format_html('<a class="pbx-link" href="{}">{}</a>', url, words.short(str(message_id)))
