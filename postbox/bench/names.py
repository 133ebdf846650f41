"""A name server of the benchmark's own, so that mail is authenticated as it would be, and no other server is asked.

Decides that the benchmark's sender has an SPF record and that no other name is known. It answers at once; what is
measured is the work on answers, which the system keeps.
"""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType
from typing import Self

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SENDER = "bench@example.net"
CLIENT, HELO = "192.0.2.7", "mx.example.net"
_ZONE = {("example.net.", dns.rdatatype.TXT): '"v=spf1 ip4:192.0.2.0/24 -all"'}


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        octets, socket = self.request
        query = dns.message.from_wire(octets)
        asked = query.question[0]
        reply = dns.message.make_response(query)
        if text := _ZONE.get((asked.name.to_text().lower(), asked.rdtype)):
            reply.answer.append(dns.rrset.from_text(asked.name, 3600, "IN", "TXT", text))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(reply.to_wire(), self.client_address)


class Names:
    """Serves on loopback while the block lasts; ``setting`` is POSTBOX_DNS_SERVERS."""

    def __enter__(self) -> Self:
        self._server = socketserver.UDPServer(("127.0.0.1", 0), _Handler)
        self.setting = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.2,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
