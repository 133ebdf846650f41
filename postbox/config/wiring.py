"""Which parts of other apps are called from below them: by name, since a lower layer may not import a higher one.

Decides nothing by the environment; postbox.config.settings takes these as they are.
"""

from __future__ import annotations

# What waits in the database, and the task that works it off. A wake-up names the work, never its content.
POSTBOX_WORK = {
    "ingest": {"task": "postbox.ingest.work", "due": "postbox.ingest.claim.due"},
    "webhooks": {"task": "webhooks.deliver", "due": "webhooks.claim.due"},
    "score": {"task": "postbox.ingest.rescore", "due": "postbox.ingest.reexaminations.scores_due"},
    "rules": {"task": "postbox.ingest.reapply_rules", "due": "postbox.ingest.reexaminations.rules_due"},
    "outbound": {"task": "outbound.ship", "due": "outbound.batch.due"},
    "bounces": {"task": "outbound.reconcile", "due": "outbound.reports.due"},
    "spool": {"task": "postbox.maintenance.empty_spool", "due": "postbox.ingest.spool.due"},
    "retention": {"task": "postbox.maintenance.retention", "due": "postbox.retention.run.due"},
}
# Who takes a copy of which events: consumer -> prefixes of kinds.
POSTBOX_EVENT_CONSUMERS = {
    "webhooks": ("message.", "agent.", "endpoint.", "ping"),
    "outbound": ("rule.", "agent.", "bounce."),
}
# Copies that nobody took in so many seconds are let go: an answer that comes too late is worse than none.
POSTBOX_EVENT_LIFETIMES = {"rule.auto_reply": 3600, "rule.forward": 7 * 86_400}
# What the layers above mail delete when mail expires: with events and with messages (ids -> rows, in the transaction
# that deletes those), and by itself ((cutoff, limit) -> rows).
POSTBOX_REAPERS: dict[str, tuple[str, ...]] = {
    "events": ("webhooks.reaping.of_events",),
    "messages": ("outbound.reaping.of_messages",),
    "expired": (
        "webhooks.reaping.expired_secrets",
        "webhooks.reaping.deleted_endpoints",
        "postbox.retention.expired.sessions",
        "postbox.retention.expired.wakeups",
        "postbox.ingest.expiry.provider_events",
        "postbox.ingest.expiry.thread_names",
        "postbox.ingest.expiry.reexaminations",
        "postbox.ingest.expiry.rate_buckets",
        "postbox.screening.expiry.fingerprints",
        "postbox.screening.expiry.campaigns",
        "postbox.screening.expiry.correspondents",
        "postbox.screening.expiry.baselines",
        "postbox.identity.domain.claims.expired_claims",
        "outbound.repeats.expire",
    ),
}
# Which messages of an agent are not its own mail, and which it is not shown: each a Q over mail.Message.
POSTBOX_NOT_LISTED = ("outbound.told.NOTICES",)
# What the ids in audit records stand for: by action, by its beginning, or by the name of a detail.
POSTBOX_SUBJECTS = {
    "user": "auth.user",
    "message": "mail.message",
    "first": "mail.message",
    "message.rescore_all_asked": "ingest.reexamination",
    "message.reapply_all_asked": "ingest.reexamination",
    "agent": "identity.agent",
    "deliveries": "identity.agent",
    "owner": "identity.owner",
    "address": "identity.address",
    "catch_all": "identity.address",
    "domain": "identity.domain",
    "key": "identity.apikey",
    "rule": "rules.inboundrule",
    "policy": "screening.policy",
    "endpoint": "webhooks.endpoint",
    "attempt": "webhooks.attempt",
    "hold": "retention.legalhold",
    "retention": "retention.run",
}
# Who shows figures on the admin's front page, in this order.
POSTBOX_DASHBOARD = (
    "postbox.ingest.figures.figures",
    "postbox.identity.figures.figures",
    "outbound.figures.figures",
    "webhooks.figures.figures",
)
# Who counts and measures what `/metrics` shows.
POSTBOX_METRICS = (
    "postbox.ingest.metrics",
    "webhooks.metrics",
    "outbound.metrics",
    "postbox.events.metrics",
    "postbox.config.metrics",
)
# Kinds of workers that are missed when nothing is heard of them for a minute.
POSTBOX_WORKERS = ("worker-ingest", "worker-webhooks", "worker-rest")
