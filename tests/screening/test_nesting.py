"""How far HTML is parsed: the model of what is open is never smaller than what the parser holds open."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from postbox.screening.distilling.bounding import bounded
from postbox.screening.distilling.nesting import FEW, Nesting
from postbox.screening.distilling.tree import MOST, build
from postbox.screening.distilling.words import words

_NAMES = words(
    """
    a b i font nobr div p span ul li dd dt table tr td th tbody caption col svg desc title foreignObject math mtext
    select option button object marquee template h1 form input img script style xmp frameset body html
    """
)
_LITTER = ["x", "<!--", "-->", "<![CDATA[", "]]>", "<!x>", "<?y>", "</ >", '"', ">", "--!>", "<!-->", "</", "<"]
_TAGS = [f"<{name}{rest}>" for name in _NAMES for rest in ("", " y=@", ' a="></b>"', "/")]
_SAID = st.one_of(st.sampled_from([*_TAGS, *_LITTER]), st.sampled_from(_NAMES).map(lambda name: f"</{name}>"))
_PROBES = ["zqz", "<p>zqz", "</table><p>zqz", "<p></p><p>zqz"]
_SLACK = 4


def placed(html: str) -> tuple[int, int]:
    """How many nodes a parser makes of it, and how deep the probe's text stands."""
    root = LexborHTMLParser(html, options=1).root
    assert root is not None
    stack: list[tuple[LexborNode, int]] = [(root, 0)]
    nodes = deep = 0
    while stack:
        node, depth = stack.pop()
        nodes += 1
        if node.tag == "-text" and "zqz" in (node.text_content or ""):
            deep = depth
        fragments = node.template_fragments() if node.tag == "template" else []  # one in a drawing has none
        inner = fragments[0].first_child if fragments else node.first_child
        while inner is not None:
            stack.append((inner, depth + 1))
            inner = inner.next
    return nodes, deep


# Of each, what closes the formatting for a reader that is not careful, and not for a parser.
FEINTS = [
    "<table></b></table>", "<table><td></b></table>", "<td></b>", "<svg><title></b></title></svg>",
    "<svg><![CDATA[></svg></b>]]></svg>", "<script><!--<script></script></b>--></script>", "<!-- --!></b><!-- </b> -->",
    '<i c= "></b>">', '<i ="></b>">', '<i q=\xa0"></b></p>">', "<!x </b>><?y </b>></ </b>>", "<select></b></select>",
    "<xmp></b></xmp>", "<template></b></template>", "<button></b></button>", "<object></b></object>",
]  # fmt: skip


class TestModel:
    @settings(max_examples=300, deadline=None)
    @given(st.lists(_SAID, min_size=1, max_size=12), st.sampled_from([1, 12]), st.sampled_from(_PROBES))
    def test_no_more_is_open_than_it_takes_for_open(self, said: list[str], times: int, probe: str) -> None:
        html = "".join("".join(said).replace("@", str(time)) for time in range(times)) + probe
        model = Nesting()
        if model.read(html) < len(html):
            return
        nodes, deep = placed(html)
        assert deep <= len(model.open) + model.depth + _SLACK
        assert nodes <= 10 + 5 * html.count("<") + html.count(">") + model.reopened

    @pytest.mark.parametrize("feint", FEINTS)
    def test_formatting_that_is_not_closed_ends_parsing(self, feint: str) -> None:
        html = "<p>" + "".join(f"<b a={number}>{feint}" for number in range(1_000)) + "<p>x" * 3_000
        end = bounded(html)
        assert placed(html[:end])[0] < 200_000
        assert end < len(html) or placed(html)[0] < 20_000

    @pytest.mark.parametrize(
        "html",
        [
            f"<p {' '.join(f'a{number}' for number in range(10_000))}>x",
            f"<p></p {' '.join(f'a{number}' for number in range(10_000))}>x",
            "".join(f"<body {' '.join(f'a{tag}x{number}' for number in range(70))}>" for tag in range(700)),
        ],
        ids=["of a tag", "of an end tag", "of many that become one"],
    )
    def test_too_many_attributes_end_parsing(self, html: str) -> None:
        assert bounded(html) < len(html) / 4

    def test_formatting_opened_again_would_grow_beyond_measure(self) -> None:
        rows = [placed("<p>" + "".join(f"<b a={n}>" for n in range(size)) + "<p>x" * size)[0] for size in (50, 100)]
        assert rows[1] > 3.5 * rows[0]

    @pytest.mark.parametrize(
        "row",
        [
            "<tr><td><font color=red>a<td><b>b</b><p>c<p>d",
            "<tr><td><ul><li>a<li>b</ul><table><tr><td><i>x</table></td></tr>",
            "<tr><td><a href=x><font size=2><b>a</font></b></a><br><img src=y><div><span>z</div>",
            "<tr><td><!--[if mso]><b><![endif]--><form><input></form><style>a > b{}</style><script>'</td>'</script>",
        ],
    )
    def test_long_mail_that_is_written_badly_is_parsed_whole(self, row: str) -> None:
        html = f"<body><table>{row * 1_000}</table></body>"
        assert html.count("<") > 4 * FEW
        assert bounded(html) == len(html)


class TestTree:
    def test_no_more_nodes_are_made_than_there_is_room_for(self) -> None:
        tree = build(b"<p>x</p>" * (MOST + 10))
        assert not tree.whole
        assert len(tree.elements) <= MOST + 3

    def test_it_is_as_browsers_build_it(self) -> None:
        tree = build(b"<!-- a --><table nowrap><tr>b<td>c<svg viewBox=1><foreignObject/></svg><template><i>d")
        tags = [(element.tag, element.text, dict(element.attrib)) for element in tree.root.iter()]
        assert tags == [
            ("html", None, {}), ("!--", "a", {}), ("head", None, {}), ("body", "b", {}),
            ("table", None, {"nowrap": ""}), ("tbody", None, {}), ("tr", None, {}), ("td", "c", {}),
            ("svg", None, {"viewbox": "1"}),
            ("foreignobject", None, {}), ("template", None, {}), ("i", "d", {}),
        ]  # fmt: skip
        for element, other in itertools.pairwise(tree.root.children):
            assert next(element.itersiblings()) is other
            assert next(other.itersiblings(preceding=True)) is element
        tree.release()
        assert not any(element.children or element.parent for element in tree.elements)
