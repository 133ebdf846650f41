"""How the header fields of a composed mail are folded.

Decides that fields of ids and URLs are folded between these and never within. The standard library takes what is longer
than a line for words, and encodes it (RFC 2047): no program finds a conversation or an address in that.
"""

from __future__ import annotations

from email.policy import EmailPolicy

_OF_TOKENS = frozenset({"in-reply-to", "references", "message-id", "list-unsubscribe", "x-postbox-hop"})
_LINE = 78
_LONGEST = 998  # RFC 5322, section 2.1.1


class Policy(EmailPolicy):
    """CRLF line ends, and no Content-Transfer-Encoding but 7bit, quoted-printable and base64: any server takes that."""

    def fold(self, name: str, value: str) -> str:
        """The field with its line ends."""
        return _folded(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """The same in octets."""
        folded = _folded(name, value)
        return folded.encode("ascii") if folded else super().fold_binary(name, value)


def _folded(name: str, value: str) -> str:
    if name.lower() not in _OF_TOKENS or not value.isascii():
        return ""
    first, *others = value.split() or [""]
    # A first line without a word is allowed, but not every program expects it.
    lines = [f"{name}: {first}"] if len(name) + 2 + len(first) <= _LONGEST else [f"{name}:", f" {first}"]
    for token in others:
        if len(lines[-1]) + 1 + len(token) > _LINE:
            lines.append("")
        lines[-1] += f" {token}"
    return "\r\n".join(lines) + "\r\n"


POLICY = Policy(linesep="\r\n", cte_type="7bit")
