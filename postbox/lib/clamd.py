"""Asking ClamAV's daemon about octets, by its stream command (clamd(8), INSTREAM).

Decides that no answer in time is no answer: whoever asks is told that the scanner is unavailable and must not take it
for a clean result. What is asked about goes to the daemon in the clear, so it must be on this machine or a private
network.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_CHUNK = 256 * 1024
_REPLY = 4096
_CONNECT_SECONDS = 1.0
_AWAY_SECONDS = 5.0


class Unavailable(Exception):
    """The scanner gave no answer; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the daemon listens: a host and a port, or the path of a socket."""

    host: str = ""
    port: int = 0
    path: str = ""


def target(text: str) -> Target:
    """``tcp host:port`` or ``unix /path``. Raises ValueError, also for an address that the whole world can reach."""
    kind, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if kind == "unix" and rest.startswith("/"):
        return Target(path=rest)
    host, _, port = rest.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if kind != "tcp" or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("must be `tcp host:port` or `unix /path`")
    try:
        is_global = ipaddress.ip_address(host).is_global
    except ValueError:
        is_global = False
    if is_global:
        raise ValueError("must not be an address of the public network: mail would go there in the clear")
    return Target(host, int(port))


class Scanner:
    """One daemon, asked from one process. After a failure it counts as away for some seconds and is not waited for."""

    def __init__(self, at: Target, seconds: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._at = at
        self._seconds = seconds
        self._now = now
        self._away_until = 0.0
        self._why = ""

    def scan(self, files: Sequence[bytes]) -> list[str]:
        """The name of what is in each file, empty where it is clean, all within the time. Raises Unavailable."""
        if self._now() < self._away_until:
            raise Unavailable(self._why)
        until = time.monotonic() + self._seconds
        try:
            return [self._ask(octets, until) for octets in files]
        except (ConnectionResetError, BrokenPipeError) as error:  # as when a file is larger than it takes
            raise Unavailable("it hung up") from error
        except OSError as error:
            self._why = f"it cannot be reached: {type(error).__name__}"
            self._away_until = self._now() + _AWAY_SECONDS
            raise Unavailable(self._why) from error

    def _ask(self, octets: bytes, until: float) -> str:
        with self._connected(until) as sock:
            sock.settimeout(_left(until))
            sock.sendall(b"zINSTREAM\0")
            for at in range(0, len(octets), _CHUNK):
                chunk = octets[at : at + _CHUNK]
                sock.settimeout(_left(until))
                sock.sendall(struct.pack(">L", len(chunk)) + chunk)
            sock.sendall(b"\0\0\0\0")
            return _verdict(_read(sock, until))

    def _connected(self, until: float) -> socket.socket:
        seconds = min(_CONNECT_SECONDS, _left(until))
        if not self._at.path:
            return socket.create_connection((self._at.host, self._at.port), seconds)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(seconds)
            sock.connect(self._at.path)
        except OSError:
            sock.close()
            raise
        return sock


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for one mail is over")
    return left


def _read(sock: socket.socket, until: float) -> bytes:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _REPLY:
        sock.settimeout(_left(until))
        part = sock.recv(_REPLY)
        if not part:
            break
        reply += part
    return reply


def _verdict(reply: bytes) -> str:
    if not reply.endswith(b"\0"):
        raise Unavailable("its answer broke off")
    words = reply.rstrip(b"\0\n").decode("utf-8", "replace").removeprefix("stream: ")
    if words == "OK":
        return ""
    if words.endswith(" FOUND"):
        return words.removesuffix(" FOUND")
    raise Unavailable(f"it answered “{words[:100]}”")
