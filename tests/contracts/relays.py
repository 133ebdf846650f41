"""Requests as MailerSend, Mailjet, Mandrill, Postal and SparkPost send them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.contracts.providers import SENDER, SIGNING_KEY, Mail, Posted, login

PUBLIC_URL = "http://127.0.0.1:8000"
POSTAL = rsa.generate_private_key(65537, 2048)
POSTAL_KEY = base64.b64encode(
    POSTAL.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
# urlencode takes a second for a mail as large as one may be.
_RESERVED = re.compile(rb"[^A-Za-z0-9_.~-]")
_OTHER = {"right": SIGNING_KEY, "wrong": "key-another-one-altogether"}


def mailersend(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """https://developers.mailersend.com/api/v1/inbound.html; always raw."""
    person = {"email": SENDER, "name": "Ann Mercer", "raw": f"Ann Mercer <{SENDER}>"}
    data: dict[str, Any] = {
        "object": "message",
        "id": mail.event,
        "recipients": {
            "rcptTo": [{"email": mail.rcpt_to}],
            "to": {"raw": mail.rcpt_to, "data": [{"email": mail.rcpt_to, "name": ""}]},
        },
        "from": person,
        "sender": {"email": SENDER},
        "subject": mail.subject,
        "date": "Mon, 16 Nov 2026 09:12:41 +0100",
        "headers": {"Subject": mail.subject},
        "text": "How are you?",
        "html": None,
        "raw": mail.raw.decode("utf-8", "replace"),
        "attachments": [],
        "spf_check": {"code": "+", "value": None},
        "dkim_check": False,
        "created_at": "2026-11-16T08:12:42.000000Z",
    }
    said = {
        "type": "inbound.message",
        "inbound_id": "inbound-1",
        "url": f"{PUBLIC_URL}/inbound/mailersend",
        "created_at": "2026-11-16T08:12:42.000000Z",
        "data": data,
    }
    body = json.dumps(said).encode()
    shown = {}
    if key := _OTHER.get(credential):
        shown["Signature"] = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return Posted("/inbound/mailersend", body, "application/json", shown)


def mailjet(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """https://dev.mailjet.com/email/guides/parse-api/; never raw."""
    named = 'attachment; filename="a.txt"'
    said = {
        "Sender": SENDER,
        "Recipient": mail.rcpt_to,
        "Date": "20261116T081241",
        "From": f"Ann Mercer <{SENDER}>",
        "Subject": mail.subject,
        "Headers": {
            "From": [f"Ann Mercer <{SENDER}>"],
            "Subject": [mail.subject],
            "Message-ID": [f"<{hashlib.sha256(mail.raw).hexdigest()}@mercer-bikes.example>"],
            "Received": ["by a", "by b"],
            "Content-Type": ['multipart/mixed; boundary="x"'],
            "To": mail.rcpt_to,
        },
        "Parts": [
            {"Headers": {"Content-Type": "text/plain"}, "ContentRef": "Text-part"},
            {
                "Headers": {"Content-Type": 'text/plain; name="b.txt"', "Content-Disposition": [named]},
                "ContentRef": "Attachment1",
            },
        ],
        "Text-part": "How are you?",
        "Attachment1": base64.b64encode(mail.raw).decode(),
        "SpamAssassinScore": "0.1",
        "CustomID": mail.event,
        "Payload": "",
    }
    return Posted("/inbound/mailjet", json.dumps(said).encode(), "application/json", login(credential))


def mandrill_event(mail: Mail) -> dict[str, Any]:
    return {
        "event": "inbound",
        "ts": int(hashlib.sha256(mail.event.encode()).hexdigest()[:6], 16),
        "msg": {
            "raw_msg": mail.raw.decode("utf-8", "replace"),
            "headers": {"Subject": mail.subject},
            "text": "How are you?",
            "text_flowed": False,
            "html": "",
            "from_email": SENDER,
            "from_name": "Ann Mercer",
            "to": [[mail.rcpt_to, None]],
            "email": mail.rcpt_to,
            "subject": mail.subject,
            "tags": [],
            "sender": None,
            "template": None,
            "spam_report": {"score": 0.1, "matched_rules": []},
            "dkim": {"signed": False, "valid": False},
            "spf": {"result": "pass", "detail": ""},
        },
    }


def mandrill(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """https://mailchimp.com/developer/transactional/docs/inbound-email/; always raw."""
    return mandrill_events([mandrill_event(mail)], credential)


def mandrill_events(events: list[Any], credential: str = "right") -> Posted:
    text = json.dumps(events)
    shown = {}
    if key := _OTHER.get(credential):
        signed = f"{PUBLIC_URL}/inbound/mandrillmandrill_events{text}".encode()
        shown["X-Mandrill-Signature"] = base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha1).digest()).decode()
    body = b"mandrill_events=" + _RESERVED.sub(lambda found: b"%%%02X" % found[0][0], text.encode())
    return Posted("/inbound/mandrill", body, "application/x-www-form-urlencoded", shown)


def postal(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """https://docs.postalserver.io/developer/http-payloads, the raw message; as base64 or as it is."""
    said = {
        "id": int(hashlib.sha256(mail.event.encode()).hexdigest()[:6], 16),
        "rcpt_to": mail.rcpt_to,
        "mail_from": SENDER,
        "message": base64.b64encode(mail.raw).decode() if raw else mail.raw.decode("utf-8", "replace"),
        "base64": raw,
        "size": len(mail.raw),
    }
    body = json.dumps(said).encode()
    shown = {}
    if credential != "missing":
        what = body if credential == "right" else body + b" "
        signature = POSTAL.sign(what, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 (theirs)
        shown["X-Postal-Signature"] = base64.b64encode(signature).decode()
    return Posted("/inbound/postal", body, "application/json", shown)


def sparkpost_event(mail: Mail, *, raw: bool = True) -> dict[str, Any]:
    content = base64.b64encode(mail.raw).decode() if raw else mail.raw.decode("utf-8", "replace")
    return {
        "msys": {
            "relay_message": {
                "content": {
                    "email_rfc822": content,
                    "email_rfc822_is_base64": raw,
                    "headers": [{"Subject": mail.subject}],
                    "html": "",
                    "subject": mail.subject,
                    "text": "How are you?",
                    "to": [mail.rcpt_to],
                },
                "customer_id": "1337",
                "friendly_from": SENDER,
                "msg_from": SENDER,
                "rcpt_to": mail.rcpt_to,
                "webhook_id": "4839201967643219",
                "protocol": "smtp",
            }
        }
    }


def sparkpost(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """https://developers.sparkpost.com/api/relay-webhooks/; raw as base64 or as it is."""
    return sparkpost_events([sparkpost_event(mail, raw=raw)], credential)


def sparkpost_events(events: list[Any], credential: str = "right") -> Posted:
    return Posted("/inbound/sparkpost", json.dumps(events).encode(), "application/json", login(credential))
