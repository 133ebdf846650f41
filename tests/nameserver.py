"""A real DNS server on loopback, over UDP and TCP, that says what a test tells it to."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from postbox.lib.dns import Server


@dataclass
class Nameserver:
    """``zone``: (name, type) to records as in a zone file. ``broken`` names get SERVFAIL, ``silent`` ones nothing.

    Where ``go_on`` is cleared, every answer waits for it.
    """

    server: Server
    zone: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    by_tcp: set[str] = field(default_factory=set)
    slow_seconds: float = 0.0
    ttl: int = 300
    asked: list[tuple[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.go_on.set()

    def answer(self, octets: bytes, tcp: bool) -> bytes | None:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            return self._answer(octets, tcp)
        finally:
            with self._lock:
                self._now -= 1

    def _answer(self, octets: bytes, tcp: bool) -> bytes | None:
        query = dns.message.from_wire(octets)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        time.sleep(self.slow_seconds)
        self.go_on.wait(60)
        if name in self.silent:
            return None
        reply = dns.message.make_response(query)
        records = self.zone.get((name, kind), [])
        if name in self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.by_tcp and not tcp:
            reply.flags |= dns.flags.TC
        elif records:
            reply.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", kind, *records))
        elif not any(known == name for known, _ in self.zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire(max_size=65535)


@contextmanager
def nameserver() -> Iterator[Nameserver]:
    """Serve until the block ends."""

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            octets, sock = self.request
            if (reply := made.answer(octets, tcp=False)) is not None:
                sock.sendto(reply, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = int.from_bytes(self.rfile.read(2), "big")
            if (reply := made.answer(self.rfile.read(length), tcp=True)) is not None:
                self.wfile.write(len(reply).to_bytes(2, "big") + reply)

    class UdpServer(socketserver.ThreadingUDPServer):
        daemon_threads = True

    class TcpServer(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    def pair() -> tuple[UdpServer, TcpServer]:
        for _ in range(20):  # a port that is free for one may be another program's for the other
            udp = UdpServer(("127.0.0.1", 0), Udp)
            try:
                return udp, TcpServer(udp.server_address, Tcp)
            except OSError:
                udp.server_close()
        raise OSError("no port is free for both UDP and TCP")

    servers = pair()
    made = Nameserver(Server("127.0.0.1", servers[0].server_address[1]))
    with servers[0] as udp, servers[1] as tcp:
        threads = [threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True) for one in (udp, tcp)]
        for thread in threads:
            thread.start()
        try:
            yield made
        finally:
            udp.shutdown()
            tcp.shutdown()
