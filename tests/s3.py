"""An S3 of its own for tests: moto's server on loopback, which may be told to refuse or to go away."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import boto3  # type: ignore[import-untyped]
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "postbox-mime"


@dataclass
class S3:
    """The server. Methods in ``refused`` are answered 503, each after ``latency`` seconds; ``seen`` has what was asked,
    ``most_at_once`` how many requests were in hand together.
    """

    url: str = ""
    refused: set[str] = field(default_factory=set)
    seen: list[tuple[str, str]] = field(default_factory=list)
    latency: float = 0.0
    most_at_once: int = 0
    _in_hand: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def in_hand(self) -> Iterator[None]:
        """One request while it is worked on."""
        with self._lock:
            self._in_hand += 1
            self.most_at_once = max(self.most_at_once, self._in_hand)
        try:
            time.sleep(self.latency)
            yield
        finally:
            with self._lock:
                self._in_hand -= 1

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="tests",
            aws_secret_access_key="tests",
        )

    def names(self) -> list[str]:
        """The mails in the bucket."""
        found = self.client().list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [item["Key"] for item in found if item["Key"].endswith(".mime")]

    def stored(self, name: str) -> bytes:
        return bytes(self.client().get_object(Bucket=BUCKET, Key=name)["Body"].read())


@contextlib.contextmanager
def running() -> Iterator[S3]:
    """A server with an empty bucket, ended with the block."""
    s3 = S3()
    moto: Callable[..., Iterable[bytes]] = DomainDispatcherApplication(create_backend_app)

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        s3.seen.append((method, environ["PATH_INFO"]))
        with s3.in_hand():
            return answered(method, environ, start)

    def answered(method: str, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if method in s3.refused:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("503 Service Unavailable", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>refused</Message></Error>"]
        return moto(environ, start)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    s3.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        urllib.request.urlopen(urllib.request.Request(f"{s3.url}/moto-api/reset", method="POST"), timeout=30).close()
        s3.client().create_bucket(Bucket=BUCKET)
        s3.seen.clear()
        yield s3
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
