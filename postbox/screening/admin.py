"""The desk's part of screening."""

from __future__ import annotations

from postbox.screening.campaign_admin import CampaignAdmin as CampaignAdmin
from postbox.screening.policy_admin import PolicyAdmin as PolicyAdmin
