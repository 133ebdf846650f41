"""Styles put together at random, with what a browser would paint worked out by a few lines of their own.

Each box around the sentence says one thing in one of several notations; some things hide for good, of others the
innermost decides.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from postbox.screening.distil import distil_html
from postbox.screening.distilling.limits import TEXT_BYTES
from tests.screening.hiding_tricks import SECRET
from tests.screening.variants_of import variants

FOR_GOOD = (
    "display:none", "opacity:0", "content-visibility:hidden", "clip-path:inset(50%)", "height:0;overflow:hidden",
    "position:absolute;left:-9999px", "aspect-ratio:900;overflow:hidden", "transform:scale(0)",
    "animation:gone 1ms forwards",
)  # fmt: skip
BY_THE_INNERMOST = {
    "visibility": ("hidden", "visible"),
    "font-size": ("0", "14px"),
    "color": ("#fffffe", "#345"),
}
HARMLESS = ("", "margin:2px", "padding:1px 3px", "font-weight:bold", "border:1px solid #999", "text-align:center")
FRAMES = "@keyframes gone{to{opacity:0}}"
TAGS = ("div", "section", "article", "center", "blockquote")

said = st.one_of(
    st.sampled_from(HARMLESS),
    st.sampled_from(HARMLESS),
    st.sampled_from(FOR_GOOD),
    st.sampled_from([f"{name}:{value}" for name, values in BY_THE_INNERMOST.items() for value in values]),
)
notation = st.sampled_from(
    ("inline", "important", "class", "id", "media", "nested", "where", "layer", "variable", "upper", "comment")
)
boxes = st.lists(st.tuples(said, notation, st.sampled_from(TAGS)), min_size=1, max_size=5)


def _written(index: int, css: str, how: str) -> tuple[str, str]:
    """A rule for the sheet and attributes for the element."""
    rules = {
        "class": f".c{index}{{{css}}}",
        "id": f"#c{index}{{{css}}}",
        "media": f"@media screen and (min-width:9px){{.c{index}{{{css}}}}}",
        "nested": f"body{{.c{index}{{{css}}}}}",
        "where": f":where(.c{index}):not(.other){{{css}}}",
        "layer": f"@layer base{{.c{index}{{{css}}}}}",
    }
    if how in rules:
        return rules[how], f'class=c{index} id="c{index}"'
    if how == "important":
        return f".c{index}{{{css.replace(';', '!important;')}!important}}" if css else "", f"class=c{index}"
    if how == "variable" and css.count(":") == 1:
        name, _, value = css.partition(":")
        return "", f'style="--v{index}:{value};{name}:var(--v{index})"'
    if how == "upper":
        return "", f'STYLE="{css.upper()}"'
    return "", f'style="{css.replace(":", ":/* : */", 1) if how == "comment" else css}"'


def _painted(styles: list[str]) -> bool:
    last = {name: values[1] for name, values in BY_THE_INNERMOST.items()}
    for css in styles:
        name, _, value = css.partition(":")
        if css in FOR_GOOD:
            return False
        if name in last:
            last[name] = value
    return all(last[name] == values[1] for name, values in BY_THE_INNERMOST.items())


@settings(max_examples=250, deadline=None)
@given(boxes, st.booleans())
def test_boxes_in_boxes_show_what_they_add_up_to(found: list[tuple[str, str, str]], standards: bool) -> None:
    sheet, html = FRAMES, f"<p>{SECRET}</p>"
    for index, (css, how, tag) in enumerate(reversed(found)):
        rule, attributes = _written(index, css, how)
        sheet += rule
        html = f"<{tag} {attributes}>{html}</{tag}>"
    page = f"{'<!doctype html>' if standards else ''}<style>{sheet}</style><p>before</p>{html}<p>after</p>"
    shown = distil_html(page)
    assert "before" in shown.text
    if not any(css.startswith("position") for css, _, _ in found):
        assert "after" in shown.text
    assert (SECRET in shown.text) is _painted([css for css, _, _ in found]), page


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(
    ["<p>", "</p>", "<b>", "</b>", "<i style='display:none'>", "</i>", "<font color=white>", "</font>", "<a href=x>",
     "</a>", "<div>", "</div>", "<ul>", "<li>", "</ul>", "<table>", "<tr>", "<td>", "</table>", "<select>", "</select>",
     "<form>", "</form>", "<body class=x>", "word "]
), max_size=40))  # fmt: skip
def test_tags_in_any_order_keep_what_is_hidden_for_good(tags: list[str]) -> None:
    found = distil_html("".join(tags) + f"<div style='display:none'>{SECRET}</div>" + "".join(tags))
    assert SECRET not in found.text


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_torn_and_spliced_variants_are_read_to_an_end(data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.sampled_from(_VARIANTS), min_size=1, max_size=3))
    torn = [piece[data.draw(st.integers(0, len(piece))) :] if at else piece for at, piece in enumerate(pieces)]
    page = "".join(piece[: data.draw(st.integers(0, len(piece)))] for piece in torn)
    assert len(distil_html(page).text) <= TEXT_BYTES


_VARIANTS = [html for _, html in variants()]
