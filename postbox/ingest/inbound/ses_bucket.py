"""Mail that SES put into a bucket of the operator's (a receipt rule with the action S3).

Decides that only the bucket that is set is read, and no more of an object than a mail may be long. Whatever keeps it
from being read is a reason to come again: SES writes the object before it tells of it. It deletes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from postbox.ingest.door import MailTooLarge
from postbox.ingest.inbound.provider import ComeAgain, Unusable
from postbox.ingest.limits import MESSAGE_BYTES

_clients: dict[tuple[tuple[str, str], ...], Any] = {}
_lock = threading.Lock()


def fetch(known: Mapping[str, str] | None, bucket: str, key: str) -> bytes:
    """The object. Raises Unusable for another bucket than the known one, MailTooLarge, ComeAgain."""
    if not known or bucket != known["name"] or not key:
        raise Unusable("The mail is in a bucket that is not set up: POSTBOX_INBOUND_SES_BUCKET names the one.")
    try:
        found = _client(known).get_object(Bucket=bucket, Key=key)
        with closing(found["Body"]) as body:
            if found["ContentLength"] > MESSAGE_BYTES:
                raise MailTooLarge()
            raw: bytes = body.read(MESSAGE_BYTES + 1)
        if len(raw) != found["ContentLength"]:
            raise EOFError("cut off")
    except MailTooLarge:
        raise
    except Exception as error:  # boto3 has dozens, and any of them may pass
        raise ComeAgain(f"The bucket does not give the mail: {type(error).__name__}.") from error
    return raw


def _client(known: Mapping[str, str]) -> Any:
    """boto3's client, which threads may share; loaded when it is first needed. Unset keys it looks for itself."""
    made = tuple(sorted(known.items()))
    with _lock:
        if made not in _clients:
            import boto3  # type: ignore[import-untyped]
            from botocore.config import Config  # type: ignore[import-untyped]

            # SNS waits 15 s for the answer.
            config = Config(connect_timeout=3, read_timeout=8, retries={"total_max_attempts": 1})
            _clients[made] = boto3.client(
                "s3",
                endpoint_url=known.get("endpoint") or None,
                region_name=known.get("region") or None,
                aws_access_key_id=known.get("access_key") or None,
                aws_secret_access_key=known.get("secret_key") or None,
                config=config,
            )
        return _clients[made]
