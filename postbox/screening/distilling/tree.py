"""The tree of a mail's HTML, as a browser builds it: lexbor's, read once into plain nodes.

Decides how deep and how large the tree may be. It never decides what is visible, and never holds on to the parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, overload

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

COMMENT = "!--"
"""The tag of a comment; its words are its ``text``."""
DEEPEST = 1_000
MOST = 40_000
_WITHOUT_EVENTS = int(LexborDocumentOptions.WO_EVENTS)


class Element:
    """An element or a comment, with names in small letters; ``text`` is before its first child, ``tail`` after its end.

    ``place`` is its number among the children of ``parent``.
    """

    __slots__ = ("attrib", "children", "parent", "place", "tag", "tail", "text")

    attrib: dict[str, str]
    children: list[Element]
    parent: Element | None
    place: int
    tag: str
    tail: str | None
    text: str | None

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of an attribute, empty where none is written."""
        return self.attrib.get(name, default)

    def iter(self, *tags: str) -> Iterator[Element]:
        """The element and all below it, comments too, in document order; of these tags alone, if any are given."""
        stack = [self]
        while stack:
            element = stack.pop()
            if not tags or element.tag in tags:
                yield element
            if element.children:
                stack += element.children[::-1]

    def iterdescendants(self) -> Iterator[Element]:
        """All below the element, in document order."""
        below = self.iter()
        next(below)
        return below

    def iterancestors(self, *tags: str) -> Iterator[Element]:
        """What stands around it, from inside out; of these tags alone, if any are given."""
        above = self.parent
        while above is not None:
            if not tags or above.tag in tags:
                yield above
            above = above.parent

    def itersiblings(self, preceding: bool = False) -> Iterator[Element]:
        """The elements and comments that follow it in its parent, or those that stand before it, the nearest first."""
        around = self.parent.children if self.parent is not None else []
        return iter(around[: self.place][::-1] if preceding else around[self.place + 1 :])

    def itertext(self) -> Iterator[str]:
        """All texts in the element, in document order."""
        for element in self.iter():
            if element.text and element.tag != COMMENT:
                yield element.text
            if element.tail and element is not self:
                yield element.tail


class Tree(NamedTuple):
    """``whole`` says that nothing was left out; ``telling`` are the elements of ``TELLING_TAGS``, in document order."""

    root: Element
    whole: bool
    telling: list[Element]
    elements: list[Element]

    def release(self) -> None:
        """Lets go of the nodes, which would wait for a collection of garbage otherwise."""
        for element in self.elements:
            element.parent, element.children = None, _CHILDLESS


TELLING_TAGS = frozenset({"style", "link", "meta", "template", "svg", "math", "table", "frameset"})


def build(octets: bytes) -> Tree:
    """The tree of HTML in UTF-8, whose size was bounded before. Comments beside the root become its children."""
    parser = LexborHTMLParser(octets, options=_WITHOUT_EVENTS)
    root = _element("html", None)
    tree = Tree(root, True, [], [root])
    top = parser.root
    top = None if top is None or top.parent is None else top.parent.first_child
    while top is not None:
        if top.tag == "html":
            root.attrib = _attributes(top)
            tree = tree._replace(whole=_fill(tree, top))
        elif _name(top) == COMMENT:
            comment = _element(COMMENT, root)
            comment.text = _comment(top)
            tree.elements.append(comment)
        top = top.next
    if any(element.tag in {"svg", "math"} for element in tree.telling):
        _in_small_letters(tree.elements)
    return tree


def _fill(tree: Tree, top: LexborNode) -> bool:
    """Reads what stands below a node into the root of the tree; whether that was all.

    One loop without calls of its own, since mail has hundreds of elements and all of them pass through here.
    """
    names, telling, elements = _NAMES, tree.telling, tree.elements
    current, whole = tree.root, True
    last = current.children[-1] if current.children else None
    up: list[LexborNode] = []
    node = top.first_child
    while True:
        if node is None:
            if not up:
                return whole
            last, current = current, current.parent or tree.root
            node = up.pop().next
            continue
        tag = names.get(node.tag_id) or _name(node)
        if tag == _TEXT:
            text = node.text_content
            if last is None:
                current.text = text if current.text is None else current.text + (text or "")
            else:
                last.tail = text if last.tail is None else last.tail + (text or "")
            node = node.next
            continue
        element = Element()
        element.tag = tag
        element.text = element.tail = None
        element.parent = current
        element.children = _CHILDLESS
        if last is None:
            element.place = 0
            current.children = [element]
        else:
            element.place = last.place + 1
            current.children.append(element)
        elements.append(element)
        if tag == COMMENT:
            element.attrib = {}
            element.text = _comment(node)
            last, node = element, node.next
            continue
        attributes: Any = node.attributes
        if attributes and None in attributes.values():
            attributes = {name: value or "" for name, value in attributes.items()}
        element.attrib = attributes
        inner = node.first_child
        if tag in TELLING_TAGS:
            telling.append(element)
            if tag == "template" and (content := node.template_fragments()):
                inner = content[0].first_child
        if inner is None:
            last, node = element, node.next
        elif len(elements) >= MOST:
            return False
        elif len(up) == DEEPEST:
            last, node, whole = element, node.next, False
        else:
            up.append(node)
            current, last, node = element, None, inner


_TEXT = "-text"
_CHILDLESS: list[Element] = []
"""What all elements without children share; it is never written to."""
_OWN_NAMES = 256
"""lexbor numbers the names that HTML knows below this; others have the number of a place in memory."""
_NAMES: dict[int, str] = {}


def _name(node: LexborNode) -> str:
    """The name of a node in small letters, remembered where it has a number of its own."""
    name = {"-comment": COMMENT, None: COMMENT}.get(node.tag) or str(node.tag).lower()
    if node.tag is not None and node.tag_id < _OWN_NAMES:
        _NAMES[node.tag_id] = name
    return name


def _comment(node: LexborNode) -> str | None:
    """The words of a comment, or of a processing instruction, which is one to a browser."""
    return node.comment_content if node.tag else (node.html or "")[1:-1]


def _element(tag: str, parent: Element | None) -> Element:
    element = Element()
    element.tag, element.attrib, element.text, element.tail, element.children = tag, {}, None, None, _CHILDLESS
    element.parent, element.place = parent, 0
    if parent is not None:
        element.place = len(parent.children)
        parent.children = parent.children or []
        parent.children.append(element)
    return element


def _attributes(node: LexborNode) -> dict[str, str]:
    return {name: value or "" for name, value in node.attributes.items()}


def _in_small_letters(elements: list[Element]) -> None:
    """Names of attributes, which in drawings and formulas may have large letters."""
    for element in elements:
        if any(not name.islower() for name in element.attrib):
            element.attrib = {name.lower(): value for name, value in element.attrib.items()}
