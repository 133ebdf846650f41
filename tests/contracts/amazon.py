"""Requests as Amazon SES sends them by SNS, signed with a certificate of the tests' own, and the SNS that has it."""

from __future__ import annotations

import base64
import datetime
import json
import uuid
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from postbox.lib import clock
from postbox.lib.egress import Answer, Trouble
from tests.contracts.providers import SENDER, Mail, Posted, login

TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
HOME = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE_URL = f"{HOME}/SimpleNotificationService-{'0123456789abcdef' * 2}.pem"
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "Subscription": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
KEY = rsa.generate_private_key(65537, 2048)
STRANGER = rsa.generate_private_key(65537, 2048)


def certificate(key: rsa.RSAPrivateKey = KEY, days: int = 10) -> bytes:
    """A certificate for the key, valid from ten days ago on, signed by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=20)).not_valid_after(now + datetime.timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Amazon:
    """What SNS answers to a GET: its certificate, and yes to a confirmation. ``asked`` has the addresses."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.certificate = certificate()
        self.away = False

    def fetch(self, url: str) -> Answer:
        self.asked.append(url)
        if self.away:
            return Answer(0, Trouble.CONNECT, 0.1)
        return Answer(200, None, 0.1, body=self.certificate if url.endswith(".pem") else b"<Confirmed/>")


def signed(said: dict[str, Any], version: str = "2", key: rsa.RSAPrivateKey = KEY) -> dict[str, Any]:
    """The message with its signature."""
    names = _SIGNED["Notification" if said["Type"] == "Notification" else "Subscription"]
    whole = "".join(f"{name}\n{said[name]}\n" for name in names if name in said).encode()
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 (theirs)
    signature = base64.b64encode(key.sign(whole, padding.PKCS1v15(), algorithm)).decode()
    return {"SigningCertURL": CERTIFICATE_URL} | said | {"SignatureVersion": version, "Signature": signature}


def notification(event: dict[str, Any]) -> dict[str, Any]:
    """An SNS message around an event of SES; unsigned."""
    return {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Receipt Notification",
        "Message": json.dumps(event),
        "Timestamp": clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def subscription(kind: str = "SubscriptionConfirmation") -> dict[str, Any]:
    """What SNS says of a subscription; unsigned."""
    token = "2336412f37"
    where = f"{HOME}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={token}"
    return notification({}) | {"Type": kind, "Token": token, "SubscribeURL": where, "Message": "You have chosen"}


def posted(said: dict[str, Any], credential: str = "right") -> Posted:
    headers = {"x-amz-sns-message-type": said["Type"], "x-amz-sns-message-id": said["MessageId"]} | login(credential)
    return Posted("/inbound/ses", json.dumps(said).encode(), "text/plain; charset=UTF-8", headers)


def event(mail: Mail, action: dict[str, str], content: str | None = None) -> dict[str, Any]:
    """https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html"""
    said: dict[str, Any] = {
        "notificationType": "Received",
        "mail": {"timestamp": "2026-11-16T08:12:41.000Z", "source": SENDER, "messageId": mail.event},
        "receipt": {"recipients": [mail.rcpt_to], "spamVerdict": {"status": "PASS"}, "action": action},
    }
    return said if content is None else said | {"content": content}


def ses(mail: Mail, credential: str = "right", *, raw: bool = True) -> Posted:
    """The action SNS; ``raw`` as base64. What is wrong is the password; tests/contracts/test_sns.py has the rest."""
    content = base64.b64encode(mail.raw).decode() if raw else mail.raw.decode("utf-8", "replace")
    action = {"type": "SNS", "topicArn": TOPIC, "encoding": "BASE64" if raw else "UTF8"}
    return posted(signed(notification(event(mail, action, content))), credential)
