"""Text of ``format=flowed`` as the paragraphs that it was typed in (RFC 3676 section 4).

Decides where a soft line break is joined. It never changes quoted depth and never joins a signature.
"""

from __future__ import annotations

FLOWED_CHARACTERS = 512 * 1024


def unwrap(text: str, *, delete_space: bool) -> str:
    """Joins every flowed line with the next of the same quote depth; ``delete_space`` is the DelSp parameter.

    A text of more than ``FLOWED_CHARACTERS`` stays as it is.
    """
    if len(text) > FLOWED_CHARACTERS:
        return text
    out: list[str] = []
    pending: list[str] = []
    pending_depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        signature = content == "-- "
        if pending and (signature or depth != pending_depth):
            out.append(_quoted(pending_depth, "".join(pending).rstrip(" ")))
            pending = []
        if content.endswith(" ") and not signature:
            pending.append(content[:-1] if delete_space else content)
            pending_depth = depth
            continue
        out.append(_quoted(depth, "".join((*pending, content))))
        pending = []
    if pending:
        out.append(_quoted(pending_depth, "".join(pending).rstrip(" ")))
    return "\n".join(out)


def _quoted(depth: int, content: str) -> str:
    return f"{'>' * depth} {content}" if depth else content
