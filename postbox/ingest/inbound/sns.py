"""Messages of Amazon SNS over HTTPS: whether SNS signed them, and saying yes to a subscription.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. Decides that the certificate comes from
the SNS of the topic's own region and from nowhere else. It never confirms a subscription to a topic that is not set.
"""

from __future__ import annotations

import binascii
import logging
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.utils.dateparse import parse_datetime

from postbox.ingest.inbound.provider import ComeAgain, Unverified, text
from postbox.lib import clock
from postbox.lib.egress import Answer, Client
from postbox.lib.kept import Kept

log = logging.getLogger(__name__)

# SNS tries for an hour at most, whatever the delivery policy says.
FRESH = timedelta(hours=2)
_AHEAD = timedelta(minutes=5)
_TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-[0-9]):[0-9]{1,16}:[A-Za-z0-9_.-]{1,256}")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{16,64}\.pem")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}

Message = Mapping[str, Any]


class Sns:
    """What is asked of SNS itself, by ``fetch``: its certificates, kept for a day, and to confirm a subscription."""

    def __init__(self, fetch: Callable[[str], Answer]) -> None:
        self._fetch = fetch
        self._certificates: Kept[str, x509.Certificate] = Kept(seconds=86_400.0, most=16)

    def check(self, said: Message) -> None:
        """Raise Unverified unless SNS signed this lately, ComeAgain where its certificate cannot be had."""
        _check_fresh(text(said.get("Timestamp")))
        digest = _HASHES.get(text(said.get("SignatureVersion")))
        url = text(said.get("SigningCertURL"))
        if digest is None or not _at_sns(url, said) or not _CERTIFICATE.fullmatch(urlsplit(url).path):
            raise Unverified("signed in no known way")
        key = self._key(url)
        try:
            signature = b64decode(text(said.get("Signature")), validate=True)
            key.verify(signature, _signed(said), padding.PKCS1v15(), digest())
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise Unverified("not signed by SNS") from error

    def confirm(self, said: Message) -> None:
        """Say yes to a subscription whose message has been checked. Raises ComeAgain where SNS does not take it."""
        url = text(said.get("SubscribeURL"))
        if not _at_sns(url, said):
            raise Unverified("a subscription elsewhere")
        answer = self._fetch(url)
        if answer.status != 200:
            raise ComeAgain(f"SNS did not take the confirmation: {answer.trouble or answer.status}.")
        log.warning("ses_subscription_confirmed", extra={"topic": said.get("TopicArn")})

    def _key(self, url: str) -> rsa.RSAPublicKey:
        certificate = self._certificates.get(url) or self._load(url)
        now = clock.now()
        key = certificate.public_key()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Unverified("the certificate has expired")
        if not isinstance(key, rsa.RSAPublicKey):
            raise Unverified("a key of another kind")
        return key

    def _load(self, url: str) -> x509.Certificate:
        answer = self._fetch(url)
        try:
            if answer.status != 200:
                raise ValueError(answer.trouble or answer.status)
            return self._certificates.put(url, x509.load_pem_x509_certificate(answer.body))
        except ValueError as error:
            raise ComeAgain("The certificate of SNS cannot be had.") from error


def _check_fresh(timestamp: str) -> None:
    try:
        at = parse_datetime(timestamp[:40])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not _is_fresh(at):
        raise Unverified("no time, or not now")


def _is_fresh(at: datetime) -> bool:
    return -_AHEAD <= clock.now() - at <= FRESH


def _at_sns(url: str, said: Message) -> bool:
    """Whether this is an address at the SNS of the region that the topic is in."""
    found = _TOPIC.fullmatch(text(said.get("TopicArn")))
    if not found:
        return False
    home = f"https://sns.{found[2]}.amazonaws.com{'.cn' if found[1] == 'aws-cn' else ''}/"
    return url.startswith(home)


def _signed(said: Message) -> bytes:
    """The text that is signed: names and values, a line each. ``Subject`` is left out where there is none."""
    names = _NOTIFICATION if said.get("Type") == "Notification" else _SUBSCRIPTION
    given = [(name, said[name]) for name in names if said.get(name) is not None]
    return "".join(f"{name}\n{value}\n" for name, value in given).encode("utf-8", "replace")


# It answers SNS within 15 s, so this must not take longer.
sns = Sns(Client(total_seconds=8.0).get)
