"""A GET by the guarded client, which is held to what a POST is held to."""

from __future__ import annotations

from postbox.lib.egress import Client, Trouble
from tests.receiver import Reaction, Receiver


def test_a_get_is_guarded_as_a_post_is() -> None:
    client = Client(allow_loopback=True)
    with Receiver() as receiver:
        receiver.script(Reaction(body=b"a certificate"), Reaction(302, headers={"Location": "http://169.254.169.254/"}))
        answer = client.get(receiver.url + "?a=b")
        assert (answer.status, answer.body) == (200, b"a certificate")
        assert [(one.method, one.path, one.body) for one in receiver.requests] == [("GET", "/hook?a=b", b"")]
        assert client.get(receiver.url).status == 302
        assert len(receiver.requests) == 2
    assert client.get("https://169.254.169.254/").trouble == Trouble.ADDRESS
    assert Client().get(receiver.url).trouble == Trouble.LOOPBACK
    assert client.get(receiver.url).trouble == Trouble.CONNECT
