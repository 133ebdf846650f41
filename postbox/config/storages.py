"""Django's storages: the bucket ``postbox-mime`` by its class, with the options that this class takes.

Decides which variables stand for which option, and that a bucket elsewhere answers within seconds or counts as away.
What is stored is sealed, so no storage is asked to encrypt.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from postbox.config import env

FOLDER = "django.core.files.storage.FileSystemStorage"
S3 = "storages.backends.s3.S3Storage"


def mime_storage(home: Path) -> dict[str, Any]:
    """The bucket as ``STORAGES`` wants it, from ``POSTBOX_MIME_*``."""
    backend = env.text("POSTBOX_MIME_STORAGE") or FOLDER
    options = _OPTIONS.get(backend, _others)
    return {"BACKEND": backend, "OPTIONS": options(home)}


def _folder(home: Path) -> dict[str, Any]:
    return {
        "location": env.text("POSTBOX_MIME_LOCATION", str(home / "mime")),
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    }


def _s3(home: Path) -> dict[str, Any]:
    """Keys that are not set are looked for as boto3 does: the machine's role, its environment, its files."""
    try:
        from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
        from botocore.config import Config  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImproperlyConfigured(f"{S3} needs the extra s3 (requirements/s3.txt): {error}") from error
    return {
        "bucket_name": _needed("POSTBOX_MIME_BUCKET"),
        "endpoint_url": env.text("POSTBOX_MIME_ENDPOINT") or None,
        "region_name": env.text("POSTBOX_MIME_REGION") or None,
        "access_key": env.text("POSTBOX_MIME_ACCESS_KEY") or None,
        "secret_key": env.text("POSTBOX_MIME_SECRET_KEY") or None,
        "location": env.text("POSTBOX_MIME_LOCATION"),
        "default_acl": None,
        "file_overwrite": True,
        "gzip": False,
        "transfer_config": TransferConfig(use_threads=False),  # for one mail; several are written at once instead
        "client_config": Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"total_max_attempts": 2, "mode": "standard"},
            signature_version="s3v4",
            max_pool_connections=16,
            s3={"addressing_style": env.choice("POSTBOX_MIME_ADDRESSING", "auto", ("auto", "path", "virtual"))},
        ),
    }


def _others(home: Path) -> dict[str, Any]:
    """Any other class takes what ``POSTBOX_MIME_OPTIONS`` says."""
    return env.mapping("POSTBOX_MIME_OPTIONS")


def _needed(name: str) -> str:
    value = env.text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set, and {S3} needs it (docs/settings.md)")
    return value


_OPTIONS: dict[str, Callable[[Path], dict[str, Any]]] = {FOLDER: _folder, S3: _s3}
