"""When places have to be worked out, and which rules are looked at: less work, and no word more or less for it."""

from __future__ import annotations

import pytest

from postbox.screening.distil import distil_html
from postbox.screening.distilling.document import parse
from postbox.screening.distilling.limits import Deadline
from postbox.screening.distilling.page import styles_for
from postbox.screening.distilling.tree import Element
from postbox.screening.distilling.walk import Walk

# Of every newsletter: rows and cells that only take up room or draw a line.
SPACERS = [
    '<td style="line-height:0;font-size:0">{}</td>',
    '<td style="height:3px;background-color:#c00">{}</td>',
    '<div style="height:20px;overflow:hidden">{}</div>',
    '<div style="line-height:1px"><span>{}</span></div>',
    '<div style="text-indent:-9999px">{}</div>',
    '<td style="background:#fff;box-shadow:inset 0 0 0 40px #000">{}</td>',
]
EMPTY = ["", "&nbsp;", "&#8202;", "\u200c\u200b&nbsp;", '<img src="https://example.com/1.gif" width="1">', "<br>"]


def placed(html: str) -> bool:
    document = parse(f"<html><body><table><tr>{html}</tr></table><p>Good morning</p></body></html>")
    assert isinstance(document.tree.root, Element)
    assert document.sheets is not None
    cascade, page = styles_for(document.sheets, True, False, Deadline())
    cascade.begin(document.tree.root)
    walk = Walk(cascade, page, Deadline())
    walk.run(document.tree.root)
    return walk.places_matter


@pytest.mark.parametrize("spacer", SPACERS)
def test_places_are_worked_out_for_what_could_hide_words_and_holds_some(spacer: str) -> None:
    assert not any(placed(spacer.format(inside)) for inside in EMPTY)
    words = "pay now" if "font-size:0" not in spacer else '<b style="font-size:16px">pay now</b>'
    assert placed(spacer.format(words))
    assert placed(spacer.format(f"<div><div><a href='#'>{words}</a></div></div>"))


@pytest.mark.parametrize("inside", ['<input value="pay now">', "<svg><text>pay</text></svg>", "<br>" * 40])
def test_what_is_no_plain_text_or_too_much_to_look_through_counts_as_words(inside: str) -> None:
    assert placed(f'<td style="height:3px;background-color:#c00">{inside}</td>')


@pytest.mark.parametrize(
    "style", ["position:absolute", "margin-top:-40px", "transform:scale(2)", "position:relative;top:9px", "z-index:2"]
)
def test_what_may_lie_over_others_is_worked_out_even_when_it_is_empty(style: str) -> None:
    assert placed(f'<td><div style="{style}"></div></td>')


def test_lines_that_get_their_height_back_need_no_places() -> None:
    assert not placed('<td style="line-height:0"><div style="line-height:1.4">Good evening</div></td>')
    assert placed('<td style="line-height:1.4"><div style="line-height:0">Good evening</div></td>')


@pytest.mark.parametrize(
    ("shadow", "behind"),
    [
        ("inset 0 1px 1px rgba(255, 255, 255, 0.1), 0 90px 0 #000", False),
        ("0 1px 0 #fff, inset 0 0 0 2em #000", True),
        ("inset 0 0 0 99px #000", True),
    ],
)
def test_a_line_round_the_inner_edge_is_not_behind_text(shadow: str, behind: bool) -> None:
    assert placed(f'<td style="box-shadow:{shadow}">Good evening</td>') is behind


@pytest.mark.parametrize("doctype", ["", "<!doctype html>"])
@pytest.mark.parametrize(
    ("rule", "around"),
    [
        (".Gone p", '<div class="x Gone"><p>{}</p></div>'),
        ("#Gone > p", '<div id="Gone"><p>{}</p></div>'),
        ("#a\\ b p", '<div id="a b"><p>{}</p></div>'),
        (".one.two p", '<div class="two  one"><p>{}</p></div>'),
        ("p.Gone", '<p class="Gone">{}</p>'),
        (".Gone + p", '<i class="Gone"></i><p>{}</p>'),
        ("div:not(.kept) p", "<div><p>{}</p></div>"),
        ("div:has(.Gone) p", '<div><p>{}</p><i class="Gone"></i></div>'),
    ],
)
def test_one_sheet_in_many_mails_hides_where_its_names_stand(doctype: str, rule: str, around: str) -> None:
    """Sheets are remembered from mail to mail; which of their rules can match is not."""
    there, not_there = around.format("secret"), '<div class="kept"><p>secret</p></div>'
    for number, order in enumerate(([there, not_there, there], [not_there, there, not_there])):
        sheet = f"{doctype}<html><head><style>{rule} {{display: none}} .n{number} {{}}</style></head><body>"
        for body in order:
            assert distil_html(f"{sheet}{body}</body></html>").text == ("" if body == there else "secret")


def test_in_quirks_mode_names_are_found_in_any_case() -> None:
    html = '<html><head><style>.Gone P {display: none}</style></head><body><div class="gONE"><p>secret</p></div></body>'
    assert distil_html(html).text == ""
    assert distil_html(f"<!doctype html>{html}").text == "secret"
