"""Requests as Postmark, Mailgun and SendGrid send them, with a secret that is right, wrong or missing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from postbox.lib import clock

LOGIN = "postbox:correct-horse-battery"
SIGNING_KEY = "key-0123456789abcdef"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = base64.b64encode(
    EC_KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
SENDER = "ann@mercer-bikes.example"


@dataclass(frozen=True)
class Mail:
    """What is handed over. ``event`` is the provider's own id of it."""

    rcpt_to: str
    raw: bytes
    subject: str = "Hello"
    event: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Posted:
    """A request, to be sent as often as is wanted."""

    path: str
    body: bytes
    content_type: str
    headers: dict[str, str]

    def answer(self) -> Any:
        return Client().generic("POST", self.path, self.body, content_type=self.content_type, headers=self.headers)

    def send(self) -> tuple[int, Any]:
        answer = self.answer()
        return answer.status_code, json.loads(answer.content or b"null")


def form(fields: dict[str, Any], files: dict[str, tuple[str, str, bytes]] | None = None) -> bytes:
    """multipart/form-data; fields may be octets."""
    parts = []
    for name, value in fields.items():
        octets = value if isinstance(value, bytes) else str(value).encode()
        parts.append(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + octets + b"\r\n"
        )
    for name, (filename, kind, content) in (files or {}).items():
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(f"{head}Content-Type: {kind}\r\n\r\n".encode() + content + b"\r\n")
    assert encode_multipart(BOUNDARY, {}) == f"--{BOUNDARY}--\r\n".encode()
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def login(credential: str) -> dict[str, str]:
    shown = {"right": LOGIN, "wrong": "postbox:incorrect-horse-battery"}.get(credential)
    return {"Authorization": f"Basic {base64.b64encode(shown.encode()).decode()}"} if shown else {}


def postmark(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """https://postmarkapp.com/developer/webhooks/inbound-webhook"""
    person = {"Email": SENDER, "Name": "Ann Mercer", "MailboxHash": ""}
    body: dict[str, Any] = {
        "FromName": "Ann Mercer",
        "MessageStream": "inbound",
        "From": SENDER,
        "FromFull": person,
        "To": mail.rcpt_to,
        "ToFull": [{"Email": mail.rcpt_to, "Name": "", "MailboxHash": ""}],
        "CcFull": [],
        "BccFull": [],
        "OriginalRecipient": mail.rcpt_to,
        "Subject": mail.subject,
        "MessageID": mail.event,
        "ReplyTo": "",
        "MailboxHash": "",
        "Date": "Mon, 16 Nov 2026 09:12:41 +0100",
        "TextBody": "How are you?",
        "HtmlBody": "",
        "StrippedTextReply": "",
        "Tag": "",
        "Headers": [
            {"Name": "Return-Path", "Value": f"<{SENDER}>"},
            {"Name": "Message-ID", "Value": f"<{mail.event}@mercer-bikes.example>"},
        ],
        "Attachments": [
            {"Name": "a.txt", "Content": base64.b64encode(b"attached").decode(), "ContentType": "text/plain"}
        ],
    }
    if raw:
        body["RawEmail"] = mail.raw.decode("utf-8", "replace")
    return Posted("/inbound/postmark", json.dumps(body).encode(), "application/json", login(credential))


def mailgun(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http"""
    timestamp = str(int(clock.now().timestamp()))
    fields: dict[str, Any] = {
        "recipient": mail.rcpt_to,
        "sender": SENDER,
        "from": f"Ann Mercer <{SENDER}>",
        "subject": mail.subject,
        "timestamp": timestamp,
        "token": mail.event,
    }
    key = SIGNING_KEY if credential == "right" else "key-another-one-altogether"
    if credential != "missing":
        fields["signature"] = hmac.new(key.encode(), f"{timestamp}{mail.event}".encode(), hashlib.sha256).hexdigest()
    if raw:
        return Posted("/inbound/mailgun/mime", form(fields | {"body-mime": mail.raw}), MULTIPART_CONTENT, {})
    headers = [
        ["From", f"Ann Mercer <{SENDER}>"],
        ["Subject", mail.subject],
        ["Message-Id", f"<{mail.event}@x.example>"],
    ]
    fields |= {"body-plain": "How are you?", "message-headers": json.dumps(headers), "attachment-count": "1"}
    return Posted(
        "/inbound/mailgun", form(fields, {"attachment-1": ("a.txt", "text/plain", b"attached")}), MULTIPART_CONTENT, {}
    )


def sendgrid(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook"""
    fields: dict[str, Any] = {
        "to": mail.rcpt_to,
        "from": f"Ann Mercer <{SENDER}>",
        "subject": mail.subject,
        "sender_ip": "192.0.2.7",
        "SPF": "pass",
        "charsets": json.dumps({"to": "UTF-8", "subject": "UTF-8", "text": "iso-8859-1"}),
        "envelope": json.dumps({"to": [mail.rcpt_to], "from": SENDER}),
    }
    if raw:
        body = form(fields | {"email": mail.raw})
    else:
        headers = f"From: Ann Mercer <{SENDER}>\nSubject: {mail.subject}\nMessage-ID:\n <{mail.event}@x.example>\n"
        fields |= {"headers": headers, "text": "Grüße".encode("latin-1"), "attachments": "1"}
        body = form(fields, {"attachment1": ("a.txt", "text/plain", b"attached")})
    timestamp = str(int(clock.now().timestamp()))
    shown = {"X-Twilio-Email-Event-Webhook-Timestamp": timestamp}
    if credential != "missing":
        signed = timestamp.encode() + body + (b"" if credential == "right" else b"x")
        signature = base64.b64encode(EC_KEY.sign(signed, ec.ECDSA(hashes.SHA256()))).decode()
        shown["X-Twilio-Email-Event-Webhook-Signature"] = signature
    return Posted("/inbound/sendgrid", body, MULTIPART_CONTENT, shown)
