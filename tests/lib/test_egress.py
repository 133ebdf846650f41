"""The client that goes to addresses which strangers name, against a real receiver and resolvers that lie."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from postbox.lib import egress, resolver
from postbox.lib.egress import Client, Refused, Trouble
from tests.receiver import Reaction, Receiver
from tests.stalls import thrice


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def client() -> Iterator[Client]:
    running = Client(allow_loopback=True, fresh_seconds=0.0)
    yield running
    running.close()


def naming(*addresses: str) -> resolver.Resolver:
    return lambda host: list(addresses)


# --- what may be reached -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "trouble"),
    [
        ("http://example.test/", Trouble.SCHEME),
        ("ftp://example.test/", Trouble.SCHEME),
        ("//example.test/", Trouble.SCHEME),
        ("https://user@example.test/", Trouble.USERINFO),
        ("https://user:s3cret@example.test/", Trouble.USERINFO),
        ("https://@example.test/", Trouble.USERINFO),
        ("https://example.test:0/", Trouble.URL),
        ("https://example.test:99999/", Trouble.URL),
        ("https:///path", Trouble.URL),
        ("https://exa mple.test/", Trouble.URL),
        ("https://example.test/\r\nX: y", Trouble.URL),
        ("https://example.test\\@evil.test/", Trouble.URL),
        ("https://exämple.test/", Trouble.URL),
        ("https://example.test/ü", Trouble.URL),
        ("https://[::1/", Trouble.URL),
        ("https://2130706433/", Trouble.URL),
        ("https://0x7f000001/", Trouble.URL),
        ("https://0x7f.1/", Trouble.URL),
        ("https://0177.0.0.1/", Trouble.URL),
        ("https://127.1/", Trouble.URL),
        ("https://foo.1/", Trouble.URL),
        ("https://example..test/", Trouble.URL),
        ("https://example.test/" + "x" * 2000, Trouble.URL),
    ],
)
def test_urls_that_are_refused(url: str, trouble: Trouble) -> None:
    with pytest.raises(Refused) as caught:
        Client(resolver=naming("8.8.8.8")).check(url)
    assert caught.value.trouble == trouble
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "169.254.169.254",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "100.64.1.1",
        "fe80::1%lo",
    ],
)
def test_a_name_with_a_special_address_is_refused_even_among_others(address: str) -> None:
    for addresses in ([address], ["8.8.8.8", address], [address, "2606:4700::1"]):
        with pytest.raises(Refused) as caught:
            Client(allow_loopback=True, resolver=naming(*addresses)).check("https://example.test/")
        assert caught.value.trouble == Trouble.ADDRESS


def test_loopback_needs_the_setting() -> None:
    for url in ("https://127.0.0.1/", "https://[::1]/", "http://127.0.0.1/"):
        with pytest.raises(Refused) as caught:
            Client().check(url)
        assert caught.value.trouble == Trouble.LOOPBACK
        assert Client(allow_loopback=True).check(url).authority in ("127.0.0.1", "[::1]")


def test_http_goes_to_loopback_only() -> None:
    client = Client(allow_loopback=True, resolver=naming("127.0.0.1", "8.8.8.8"))
    with pytest.raises(Refused) as caught:
        client.check("http://example.test/")
    assert caught.value.trouble == Trouble.SCHEME


def test_a_name_that_does_not_resolve() -> None:
    def fails(host: str) -> list[str]:
        raise resolver.ResolutionFailed("NXDOMAIN")

    for resolve in (fails, naming()):
        with pytest.raises(Refused) as caught:
            Client(resolver=resolve).check("https://example.test/")
        assert caught.value.trouble == Trouble.DNS


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.test/{text}"):
        try:
            target = egress.parse(url)
        except Refused:
            continue
        assert target.scheme in {"http", "https"}
        assert "@" not in target.authority
        assert not set(target.authority + target.path) & set("\r\n \\")


# --- at every attempt --------------------------------------------------------------------------------------------


def test_a_resolver_that_changes_its_answer(receiver: Receiver) -> None:
    answers = [["127.0.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1", "10.0.0.1"]]
    asked: list[str] = []

    def changes(host: str) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    client = Client(allow_loopback=True, resolver=changes, fresh_seconds=0.0)
    url = f"http://hook.test:{receiver.port}/"
    results = [client.post(url, b"{}", {}) for _ in range(4)]
    assert [result.status for result in results] == [200, 200, 0, 0]
    assert [result.trouble for result in results[2:]] == [Trouble.ADDRESS, Trouble.ADDRESS]
    assert len(asked) == 4, "asked once an attempt, and never again to connect"
    assert len({request.connection for request in receiver.requests}) == 1
    client.close()


def test_a_kept_connection_is_not_used_once_its_name_has_moved(receiver: Receiver) -> None:
    with Receiver(port=0) as elsewhere:
        addresses = ["127.0.0.1"]
        client = Client(allow_loopback=True, resolver=lambda host: list(addresses), fresh_seconds=0.0)
        url = f"http://hook.test:{receiver.port}/"
        assert client.post(url, b"{}", {}).status == 200
        addresses[:] = ["127.0.0.2"]  # nobody listens there
        assert client.post(url, b"{}", {}).trouble == Trouble.CONNECT
        assert len(receiver.requests) == 1
        assert elsewhere.requests == []
        client.close()


def test_names_are_asked_again_after_some_seconds(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counts(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    later = [0.0]
    monkeypatch.setattr(egress, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + later[0]))
    client = Client(allow_loopback=True, resolver=counts, fresh_seconds=30.0)
    for _ in range(5):
        client.post(f"http://hook.test:{receiver.port}/", b"{}", {})
    assert len(asked) == 1
    later[0] = 30.0
    client.post(f"http://hook.test:{receiver.port}/", b"{}", {})
    assert len(asked) == 2
    client.close()


def test_the_host_header_is_the_urls(receiver: Receiver) -> None:
    client = Client(allow_loopback=True, resolver=naming("127.0.0.1"))
    client.post(f"http://Hook.Test:{receiver.port}/a/b?c=d#e", b"{}", {"x-one": "1"})
    (request,) = receiver.requests
    assert request.headers["host"] == f"hook.test:{receiver.port}"
    assert (request.path, request.headers["x-one"], request.body) == ("/a/b?c=d", "1", b"{}")
    client.close()


def test_the_second_address_is_tried(receiver: Receiver) -> None:
    client = Client(allow_loopback=True, resolver=naming("127.0.0.9", "127.0.0.1"))
    with socket.socket() as probe:  # nobody listens on 127.0.0.9, which is what this test needs
        assert probe.connect_ex(("127.0.0.9", receiver.port)) != 0
    assert client.post(f"http://hook.test:{receiver.port}/", b"{}", {}).status == 200
    client.close()


# --- limits ------------------------------------------------------------------------------------------------------


def test_redirects_are_answers(client: Client, receiver: Receiver) -> None:
    receiver.script(Reaction(302, headers={"Location": "http://169.254.169.254/"}))
    assert client.post(receiver.url, b"{}", {}).status == 302
    assert len(receiver.requests) == 1


def test_a_dripping_answer_ends_in_time(receiver: Receiver) -> None:
    receiver.otherwise = Reaction(body=b"x" * 1000, drip=0.05)
    client = Client(allow_loopback=True, total_seconds=0.6)
    began = time.monotonic()
    answer = client.post(receiver.url, b"{}", {})
    assert len(receiver.requests) == 1, "it was answered, drop by drop"
    assert (answer.status, answer.trouble) == (0, Trouble.TIMEOUT)
    assert 0.5 < time.monotonic() - began < 5.0  # the whole body takes 50


def test_headers_that_drip_end_in_time() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        for octet in b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000:
            connection.sendall(bytes([octet]))
            time.sleep(0.02)

    with served(drip) as port:
        answer = Client(allow_loopback=True, total_seconds=0.5).post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert answer.trouble == Trouble.TIMEOUT
    assert answer.seconds < 4.5


def test_a_server_that_takes_nothing_in_ends_in_time() -> None:
    with served(lambda connection: time.sleep(30)) as port:
        body = b"x" * 20_000_000
        answer = Client(allow_loopback=True, total_seconds=0.5).post(f"http://127.0.0.1:{port}/", body, {})
    assert answer.trouble == Trouble.TIMEOUT
    assert answer.seconds < 4.5


def test_16_kib_are_kept_and_64_read(client: Client, receiver: Receiver) -> None:
    receiver.script(Reaction(body=b"x" * 40_000), Reaction(body=b"y" * 1_000_000), Reaction())
    assert client.post(receiver.url, b"{}", {}).body == b"x" * 16_384
    long = client.post(receiver.url, b"{}", {})
    assert (long.status, long.body) == (200, b"y" * 16_384)
    assert client.post(receiver.url, b"{}", {}).body == b"ok"
    first, second, third = (request.connection for request in receiver.requests)
    assert first == second != third, "what was not read to its end is not used again"


@pytest.mark.parametrize(
    "raw",
    [
        b"220 smtp.example ready\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: " + b"b" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"\x00\xff" * 100,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
    ],
)
def test_what_is_no_answer(raw: bytes) -> None:
    def say(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    with served(say) as port:
        answer = Client(allow_loopback=True, total_seconds=20).post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert answer.status == 0
    assert answer.trouble in {Trouble.BAD_ANSWER, Trouble.LOST}


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_no_octets_break_the_client(raw: bytes) -> None:
    def say(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 2" + raw)

    with served(say) as port:
        answer = Client(allow_loopback=True, total_seconds=2).post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert (answer.status == 0) == (answer.trouble is not None)


def test_a_header_that_breaks_out_of_its_line_is_a_bug_of_ours(client: Client, receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="line break"):
        client.post(receiver.url, b"{}", {"x": "a\r\nHost: evil"})
    assert receiver.requests == []


# --- kept-open connections ---------------------------------------------------------------------------------------


@thrice  # the port may be another program's by then
def test_a_connection_closed_meanwhile_is_replaced(client: Client) -> None:
    receiver = Receiver()
    assert client.post(receiver.url, b"{}", {}).status == 200
    receiver.stop()
    with Receiver(port=receiver.port) as again:
        assert client.post(again.url, b"{}", {}).status == 200
        assert len(again.requests) == 1


def test_a_connection_that_ends_as_it_is_used_is_replaced_once(client: Client, receiver: Receiver) -> None:
    receiver.script(Reaction(), Reaction(hang_up=True), Reaction())
    assert client.post(receiver.url, b"1", {}).status == 200
    assert client.post(receiver.url, b"2", {}).status == 200
    assert [request.body for request in receiver.requests] == [b"1", b"2", b"2"]
    assert len({request.connection for request in receiver.requests}) == 2


def test_a_fresh_connection_that_ends_is_not_tried_again(client: Client, receiver: Receiver) -> None:
    receiver.otherwise = Reaction(hang_up=True)
    assert client.post(receiver.url, b"{}", {}).trouble == Trouble.LOST
    assert len(receiver.requests) == 1


def test_many_threads_share_connections(client: Client, receiver: Receiver) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: client.post(receiver.url, b"%d" % number, {}), range(200)))
    assert {answer.status for answer in answers} == {200}
    assert {int(request.body) for request in receiver.requests} == set(range(200))
    assert len({request.connection for request in receiver.requests}) <= 16


def test_connection_close_is_honoured(client: Client, receiver: Receiver) -> None:
    receiver.otherwise = Reaction(headers={"Connection": "close"}, close=True)
    for _ in range(3):
        assert client.post(receiver.url, b"{}", {}).status == 200
    assert len({request.connection for request in receiver.requests}) == 3


# --- TLS ---------------------------------------------------------------------------------------------------------


def test_the_certificate_is_verified_against_the_name(tmp_path: Path) -> None:
    certificate, server = certificate_for("hook.test", tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with Receiver(tls=server) as receiver:
        client = Client(allow_loopback=True, resolver=naming("127.0.0.1"), tls=trusting)
        for _ in range(3):
            assert client.post(f"https://hook.test:{receiver.port}/", b"{}", {}).status == 200
        assert len({request.connection for request in receiver.requests}) == 1, "kept open"
        assert receiver.requests[0].headers["host"] == f"hook.test:{receiver.port}"
        other = client.post(f"https://other.test:{receiver.port}/", b"{}", {})
        assert other.trouble == Trouble.TLS
        unknown = Client(allow_loopback=True, resolver=naming("127.0.0.1"))
        assert unknown.post(f"https://hook.test:{receiver.port}/", b"{}", {}).trouble == Trouble.TLS
        assert len(receiver.requests) == 3
        client.close()


def test_tls_that_never_shakes_hands_ends_in_time() -> None:
    with served(lambda connection: time.sleep(30)) as port:
        client = Client(allow_loopback=True, connect_seconds=0.4)
        answer = client.post(f"https://127.0.0.1:{port}/", b"{}", {})
    assert answer.trouble == Trouble.TIMEOUT
    assert answer.seconds < 4.5


def test_the_system_resolver_knows_localhost_and_not_nonsense() -> None:
    assert set(resolver.system("localhost")) <= {"127.0.0.1", "::1"}
    with pytest.raises(resolver.ResolutionFailed):
        resolver.system("x" * 64 + ".invalid")


# --- a server that says anything ---------------------------------------------------------------------------------


class served:
    """A listener whose every connection is handed to `talk` and then closed. Gives its port."""

    def __init__(self, talk: Callable[[socket.socket], None]) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        # A call to accept that is begun again would be on whatever has the descriptor by then.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._talk(connection)
            except OSError:
                return


def certificate_for(name: str, folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate and a server's context that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    shown = folder / "certificate.pem"
    shown.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = folder / "key.pem"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, secret)
    return shown, context
