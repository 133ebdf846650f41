"""Requests as providers send them to tell what became of a mail, with a secret that is right, wrong or missing."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from postbox.lib import clock
from tests.contracts.amazon import notification, posted, signed
from tests.contracts.providers import EC_KEY, SIGNING_KEY, Posted, login


@dataclass(frozen=True)
class Told:
    """``kind``: hard, soft, complaint, delivered or opened. ``own``: our id as it travelled with the mail."""

    kind: str
    recipient: str
    provider_id: str
    own: str = ""
    event: str = field(default_factory=lambda: uuid.uuid4().hex)


REPLIES = {"hard": ("5.1.1", "550 5.1.1 no such user"), "soft": ("4.2.2", "452 4.2.2 mailbox full")}


def postmark(told: Told, credential: str = "right") -> Posted:
    """https://postmarkapp.com/developer/webhooks/webhooks-overview"""
    records = {"hard": "Bounce", "soft": "Bounce", "complaint": "SpamComplaint", "delivered": "Delivery"}
    types = {"hard": "HardBounce", "soft": "SoftBounce", "complaint": "SpamComplaint"}
    body: dict[str, Any] = {
        "RecordType": records.get(told.kind, "Open"),
        "MessageID": told.provider_id,
        "Metadata": {"postbox-id": told.own} if told.own else {},
        "Recipient" if told.kind in {"delivered", "opened"} else "Email": told.recipient,
    }
    if told.kind in types:
        details = f"smtp;{REPLIES[told.kind][1]}" if told.kind in REPLIES else ""
        body |= {"ID": int(told.event[:8], 16), "Type": types[told.kind], "Details": details}
    body["DeliveredAt" if told.kind == "delivered" else "BouncedAt"] = "2026-11-20T09:00:00Z"
    return Posted("/events/postmark", json.dumps(body).encode(), "application/json", login(credential))


def mailgun(told: Told, credential: str = "right") -> Posted:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks"""
    timestamp = str(int(clock.now().timestamp()))
    names = {"hard": "failed", "soft": "failed", "complaint": "complained", "delivered": "delivered"}
    data: dict[str, Any] = {
        "event": names.get(told.kind, "opened"),
        "timestamp": clock.now().timestamp(),
        "recipient": told.recipient,
        "message": {"headers": {"message-id": told.provider_id.strip("<>")}},
        "user-variables": {"postbox-id": told.own} if told.own else {},
    }
    if told.kind in REPLIES:
        code, words = REPLIES[told.kind][1].split(" ", 1)
        data |= {"severity": "permanent", "reason": "bounce"}
        data["delivery-status"] = {"code": int(code), "message": words, "description": ""}
    key = SIGNING_KEY if credential == "right" else "key-another-one-altogether"
    shown = {"timestamp": timestamp, "token": told.event}
    if credential != "missing":
        shown["signature"] = hmac.new(key.encode(), f"{timestamp}{told.event}".encode(), hashlib.sha256).hexdigest()
    body = json.dumps({"signature": shown, "event-data": data}).encode()
    return Posted("/events/mailgun", body, "application/json", {})


def sendgrid(told: Told, credential: str = "right") -> Posted:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event"""
    names = {"hard": "bounce", "soft": "bounce", "complaint": "spamreport", "delivered": "delivered"}
    event: dict[str, Any] = {
        "event": names.get(told.kind, "open"),
        "email": told.recipient,
        "timestamp": int(clock.now().timestamp()),
        "sg_event_id": told.event,
        "anymail_id": told.provider_id,
    }
    if told.kind in REPLIES:
        event |= {"status": REPLIES[told.kind][0], "reason": REPLIES[told.kind][1], "type": "bounce"}
    if told.own:
        event["postbox-id"] = told.own
    body = json.dumps([event]).encode()
    timestamp = str(int(clock.now().timestamp()))
    shown = {"X-Twilio-Email-Event-Webhook-Timestamp": timestamp}
    if credential != "missing":
        signed = timestamp.encode() + body + (b"" if credential == "right" else b"x")
        signature = base64.b64encode(EC_KEY.sign(signed, ec.ECDSA(hashes.SHA256()))).decode()
        shown["X-Twilio-Email-Event-Webhook-Signature"] = signature
    return Posted("/events/sendgrid", body, "application/json", shown)


def ses(told: Told, credential: str = "right") -> Posted:
    """https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html"""
    names = {"hard": "Bounce", "soft": "Bounce", "complaint": "Complaint", "delivered": "Delivery"}
    kind = names.get(told.kind, "Open")
    mail: dict[str, Any] = {"messageId": told.provider_id, "destination": [told.recipient]}
    if told.own:
        mail["headers"] = [{"name": "X-Metadata", "value": json.dumps({"postbox-id": told.own})}]
    more: dict[str, Any] = {}
    if told.kind in REPLIES:
        who = {"emailAddress": told.recipient, "diagnosticCode": f"smtp; {REPLIES[told.kind][1]}"}
        kinds = {"hard": ("Permanent", "NoEmail"), "soft": ("Transient", "MailboxFull")}[told.kind]
        more = {"bounceType": kinds[0], "bounceSubType": kinds[1], "bouncedRecipients": [who]}
    elif told.kind == "complaint":
        more = {"complainedRecipients": [{"emailAddress": told.recipient}], "complaintFeedbackType": "abuse"}
    elif told.kind == "delivered":
        more = {"recipients": [told.recipient], "smtpResponse": "250 ok"}
    said = notification({"notificationType": kind, "mail": mail, kind.lower(): more}) | {"MessageId": told.event}
    return dataclasses.replace(posted(signed(said), credential), path="/events/ses")


TELL: dict[str, Callable[..., Posted]] = {"postmark": postmark, "mailgun": mailgun, "sendgrid": sendgrid, "ses": ses}
