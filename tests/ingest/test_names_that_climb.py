from __future__ import annotations

import pytest

from postbox.ingest.defects import Defect
from postbox.ingest.mime import parse


@pytest.mark.parametrize(
    ("name", "climbs"),
    [
        ("../../etc/passwd", True),
        ("..\\\\..\\\\boot.ini", True),
        ("a/../b", True),
        ("Invoice 2024/05.pdf", False),
        ("what..is..this.txt", False),
        ("..", True),
    ],
)
def test_a_name_that_leaves_its_folder_is_a_defect(name: str, climbs: bool) -> None:
    head = "From: a@x.example\nDate: Mon, 16 Nov 2026 09:12:41 +0100\n"
    raw = f'{head}Content-Disposition: attachment; filename="{name}"\n\nx'.encode()
    parsed = parse(raw)
    assert (Defect.PATH_IN_NAME in parsed.defects) is climbs
    assert "/" not in parsed.attachments[0].name
    assert "\\" not in parsed.attachments[0].name
