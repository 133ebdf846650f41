"""The text part made of HTML: lines end where a reader sees them end, links keep their address, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.html_text import MOST_TAGS, text_of


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Both <b>frames</b> of\n order <i>4471</i>.</p><p>Bye", "Both frames of order 4471.\n\nBye"),
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<div><div>a</div></div><div>b</div>c", "a\nb\nc"),
        ("Tasks:<ul><li>one<li>two</ul>", "Tasks:\n\n- one\n- two"),
        ("<table><tr><td>Frame<td>2</tr><tr><td>Total<td>412.80</table>", "Frame 2\nTotal 412.80"),
        ("<pre>def f():\n    return 1</pre>", "def f():\n    return 1"),
        ("See <a href='https://wren.example/o/4471'>your order</a>.", "See your order (https://wren.example/o/4471)."),
        ("<a href='https://wren.example'>https://wren.example</a>", "https://wren.example"),
        ("<a href='mailto:ann@wren.example'>ann@wren.example</a>", "ann@wren.example"),
        ("<a href='javascript:go()'>Go</a> <a href='https://wren.example/x'></a>", "Go https://wren.example/x"),
        ("<img src=l.png alt='Wren Ltd'><p>Hi", "Wren Ltd\n\nHi"),
        ("<head><title>T</title><style>p{}</style></head><!-- no --><script>no()</script>Hi", "Hi"),
        ("", ""),
    ],
)
def test_html_as_its_reader_would_write_it_down(html: str, text: str) -> None:
    assert text_of(html) == text


@given(st.lists(st.sampled_from(["p", "b", "div", "li", "td", "a", "h1", "pre", "span"]), max_size=20))
def test_no_word_is_lost_and_their_order_stays(tags: list[str]) -> None:
    html = "".join(f"<{tag}>word{number}</{tag}> " for number, tag in enumerate(tags))
    assert [word for word in text_of(html).split() if word != "-"] == [f"word{number}" for number in range(len(tags))]


@pytest.mark.parametrize("tag", ["<div>", "<br>", "<a href=http:x>", "<script></script>", "<pre>"])
@pytest.mark.parametrize("count", [MOST_TAGS // 2 - 1, 120_000])
def test_hostile_html_is_done_within_a_second(tag: str, count: int) -> None:
    begun = time.process_time()
    assert "end" in text_of(f"{tag * count}<p>end</p>")
    assert time.process_time() - begun < 1
