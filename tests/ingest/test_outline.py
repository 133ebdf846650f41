"""Header fields: read in one pass, as they are read line by line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postbox.ingest.outline import Field, outline

_BLANK = " \t\r\n"


def line_by_line(head: str) -> list[Field]:
    fields = []
    for line in head.replace("\0", "").replace("\n ", " ").replace("\n\t", " ").split("\n"):
        name, colon, value = line.partition(":")
        name = name.rstrip(_BLANK)
        if colon and name and not set(name) & set(" \t"):
            fields.append((name, value.strip(_BLANK)))
    return fields


@given(st.text("aB:é \t\n\x00\x0b\x85", max_size=60))
def test_fields_are_those_of_the_lines(rest: str) -> None:
    mail = f"A: b\n{rest}"
    (section,) = outline(mail.encode("latin-1"), 1000)
    assert section.fields == line_by_line(mail[: section.body_start])


@given(st.lists(st.tuples(st.sampled_from(["To", "to", "X-A"]), st.sampled_from(["", "b", "b c\t", "é"]))))
def test_values_are_found_by_name_in_any_case(fields: list[Field]) -> None:
    head = "".join(f"{name} : {value}\n" for name, value in fields)
    (section,) = outline(f"A: b\n{head}\nbody".encode("latin-1"), 1000)
    for name in ("to", "x-a"):
        assert section.values.get(name, []) == [value.strip(_BLANK) for key, value in fields if key.lower() == name]
        assert section.field(name) == next(iter(section.values.get(name, [])), "")
    assert section.field("none") == ""
