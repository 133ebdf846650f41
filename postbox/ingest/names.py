"""The names of attachments.

Decides what a name may look like: display text without path, separators, control or bidirectional marks,
never empty. It never decides where an attachment is stored; that is under an id.
"""

from __future__ import annotations

import re

from postbox.ingest.parameters import parameter_text, parameters
from postbox.screening.files.names import TURNED

NAME_CHARACTERS = 150
_EXTENSION_CHARACTERS = 16
_SEPARATORS = re.compile(r"[/\\\u2044\u2215\u29f8\ufe68\uff0f\uff3c]")
# C0 and C1, soft hyphen, bidirectional marks and isolates, zero width, line and paragraph separators, tags.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]+"
)


def attachment_name(disposition: str, content_type: str, position: int) -> str:
    """The name in a part's Content-Disposition or else Content-Type field, else ``attachment-N``."""
    return clean_name(_given(disposition, content_type)) or f"attachment-{position + 1}"


def climbs(disposition: str, content_type: str) -> bool:
    """Whether the given name is a path that leaves its folder: ``../../etc/passwd``. No honest program writes one."""
    return ".." in (part.strip() for part in _SEPARATORS.split(_given(disposition, content_type)))


def is_disguised(disposition: str, content_type: str) -> bool:
    """Whether signs in the given name turn its letters round, as in ``gpj.exe`` shown as ``exe.jpg``."""
    return TURNED.search(_given(disposition, content_type)) is not None


def _given(disposition: str, content_type: str) -> str:
    name = parameters(disposition).get("filename") if disposition else ""
    if not name and content_type:
        name = parameters(content_type).get("name")
    return parameter_text(name) if name else ""


def message_name(subject: str, position: int) -> str:
    """The name of an enclosed message: its subject, else ``message-N``, and ``.eml``."""
    name = clean_name(_SEPARATORS.sub("-", subject))
    return f"{name or f'message-{position + 1}'}.eml"


def clean_name(name: str) -> str:
    """Display text from any name, at most ``NAME_CHARACTERS`` long, its extension kept.

    Empty when nothing is left.
    """
    name = _INVISIBLE.sub("", name[: 16 * NAME_CHARACTERS])
    components = [part.strip() for part in _SEPARATORS.split(name)]
    name = next((part for part in reversed(components) if part.strip(". ")), "")
    name = " ".join(name.split()).rstrip(". ")
    if len(name) <= NAME_CHARACTERS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _EXTENSION_CHARACTERS:
        return name[:NAME_CHARACTERS]
    return f"{stem[: NAME_CHARACTERS - len(extension) - 1]}.{extension}"
