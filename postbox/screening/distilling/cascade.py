"""The cascade (CSS Cascading 4): which value each property of an element ends with.

Decides the order: presentational hints, style sheets by specificity and place, the ``style`` attribute, then the same
again for what is important. It never computes a value from the parent's: ``style`` does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from postbox.screening.distilling.animations import ANIMATED, ANIMATING
from postbox.screening.distilling.css_colours import Hashless
from postbox.screening.distilling.css_lengths import Length
from postbox.screening.distilling.declarations import CUSTOM, Declaration, Unresolved, parse_declarations
from postbox.screening.distilling.hints import hints
from postbox.screening.distilling.layers import Layers
from postbox.screening.distilling.limits import SELECTORS_IN_A_RULE, Deadline, Overrun
from postbox.screening.distilling.property_values import Value
from postbox.screening.distilling.selector_matching import STEPS, Budget, Invalid, Selector, matches
from postbox.screening.distilling.selectors import compile_list
from postbox.screening.distilling.stylesheet import style_rules
from postbox.screening.distilling.tree import Element
from postbox.screening.distilling.words import tokens, words

Declared = dict[str, Value]
Pairs = Sequence[tuple[Any, Any]]
"""Attributes: names and values."""

TELLING = frozenset(
    words(
        """
    style class id hidden bgcolor color size dir nowrap popover mathcolor mathsize mathbackground
        """
    )
)
PARTICULAR = frozenset(
    words(
        """
    a area body dialog marquee svg g text tspan foreignobject input mpadded mspace
    """
    )
)
"""Attributes that bear on style, apart from what attribute selectors look at; and tags for which others do too."""


def key_of(element: Element, tag: str) -> object:
    """What an element's style hangs on, apart from its parent and from selectors that look around."""
    attributes = element.attrib
    if not attributes:
        return tag
    telling = [pair for pair in attributes.items() if pair[0] in TELLING]
    if tag in PARTICULAR:
        return particular_key(tag, attributes, telling)
    return (tag, *telling) if telling else tag


def particular_key(tag: str, attributes: dict[str, str], telling: Pairs) -> object:
    """The key of an element one of ``PARTICULAR``: for links whether they lead anywhere, for others all attributes."""
    if tag != "a":
        return (tag, *attributes.items())
    return (tag, "href" if "href" in attributes else "", *telling)


@dataclass(frozen=True, slots=True)
class _Entry:
    specificity: int
    order: int
    selector: Selector
    declarations: tuple[Declaration, ...]
    layer: tuple[str, ...]
    names: frozenset[str]
    """Classes and ids without which it matches nothing."""


_MOST_KNOWN = 5_000
PSEUDOS = ("before", "after")


class Cascade:
    """The style sheets of one mail, indexed by the rightmost compound's id, class or tag."""

    def __init__(self, sheets: list[str], deadline: Deadline, quirks: bool = False) -> None:
        self._folds = quirks
        """In quirks mode classes and ids match in any case (Selectors 4, 6.6)."""
        self._budget = Budget(folds=quirks)
        self._by_id: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._by_class: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._by_tag: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._count = 0
        self._deadline = deadline
        self._known: dict[object, Declared] = {}
        self._looking: dict[object, list[_Entry]] = {}
        """Candidates, by key, for elements whose surroundings decide which of them match."""
        self._here: dict[object, list[_Entry]] = {}
        """Those of them that may match anything in this mail."""
        self._settled: dict[object, tuple[Declared, object]] = {}
        """What is declared, by key, where no surroundings in this mail make a difference."""
        self._root: Element | None = None
        self._named: frozenset[str] | None = None
        self._layers = Layers()
        self.pseudos = False
        """Whether any rule is for a pseudo-element."""
        self.placeholders = False
        """Whether any rule is for what stands in empty form controls; then that is not shown."""
        for sheet in sheets:
            self._add(sheet)

    def renew(self, deadline: Deadline) -> bool:
        """Makes it ready for another mail with the same sheets; whether it has not grown too large for that."""
        self._deadline = deadline
        self._budget.left = STEPS
        return len(self._known) + len(self._looking) < _MOST_KNOWN

    def begin(self, root: Element) -> None:
        """What follows is asked of elements of this tree: most rules of a sheet are about classes that it has not."""
        self._root, self._named = root, None
        self._here.clear()
        self._settled.clear()

    def _add(self, sheet: str) -> None:
        for rule in style_rules(sheet, self._deadline, self._layers):
            if rule.selector.count(",") > SELECTORS_IN_A_RULE:
                raise Overrun
            try:
                selectors = compile_list(rule.selector, self._budget)
            except Invalid:
                continue
            self.placeholders = self.placeholders or "placeholder" in rule.selector
            for selector in selectors:
                self._count += 1
                if not self._count % 256 and self._deadline.passed():
                    raise Overrun
                if selector.never:
                    continue
                names = selector.names(self._folds)
                entry = _Entry(selector.specificity, self._count, selector, rule.declarations, rule.layer, names)
                self._index(selector, entry)

    def _index(self, selector: Selector, entry: _Entry) -> None:
        rightmost = selector.parts[0]
        self.pseudos = self.pseudos or bool(rightmost.pseudo)
        if rightmost.ident:
            self._by_id[rightmost.ident.lower()].append(entry)
        elif rightmost.classes:
            self._by_class[rightmost.classes[0].lower()].append(entry)
        else:
            self._by_tag[rightmost.tag].append(entry)

    def declared(self, element: Element, tag: str, key: object) -> tuple[Declared, object]:
        """The winning declared values of an element, and the key of what decides them.

        ``key`` holds the tag and the attributes that bear on style; where these do not decide which rules match, the
        key that is returned holds the rules too. The mapping may be shared and must not be changed.
        """
        known = self._known.get(key)
        if known is not None:
            return known, key
        settled = self._settled.get(key)
        if settled is not None:
            return settled
        looking, around = self._here.get(key), True
        if looking is None:
            looking, around = self._looked_at(element, tag, key)
        matched = [entry for entry in looking if matches(entry.selector, element, self._budget)]
        plain = key
        if key in self._looking:
            key = (key, *[entry.order for entry in matched])
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._cascaded(tag, element, matched)
        if not around:
            self._settled[plain] = (found, key)
        return found, key

    def _looked_at(self, element: Element, tag: str, key: object) -> tuple[list[_Entry], bool]:
        """The rules that may match such an element in this mail; whether that hangs on what stands around it."""
        candidates = self._looking.get(key)
        if candidates is None:
            candidates = self._candidates(tag, element) if self._count else []
            if all(entry.selector.local for entry in candidates):
                return candidates, True
            self._looking[key] = candidates
        if self._named is None:
            self._named = _names(self._root, self._folds)
        here = [entry for entry in candidates if entry.names <= self._named]
        if all(entry.selector.local for entry in here):
            return here, False
        self._here[key] = here
        return here, True

    def _candidates(self, tag: str, element: Element) -> list[_Entry]:
        """The rules that may match, the strongest last."""
        found = list(self._by_tag.get(tag, ()))
        found += self._by_tag.get("", ())
        if ident := element.get("id"):
            found += self._by_id.get(ident.lower(), ())
        if classes := element.get("class"):
            for name in set(tokens(classes.lower())):
                found += self._by_class.get(name, ())
        found.sort(key=lambda entry: (entry.specificity, entry.order))
        return found

    def _cascaded(self, tag: str, element: Element, matched: list[_Entry]) -> Declared:
        named = element.attrib
        own = [entry for entry in matched if not entry.selector.pseudo] if self.pseudos else matched
        blocks = [(self._layers.rank(entry.layer), entry.declarations) for entry in own]
        if style := named.get("style"):
            blocks.append((_INLINE, parse_declarations(style)))
        if not self._folds:
            blocks = [(rank, _standard(block)) for rank, block in blocks]
        found = _layered(hints(tag, named), blocks)
        if self._layers.frames and not ANIMATING.isdisjoint(found):
            fixed = {name for _, block in blocks for name, _, is_important in block if is_important}
            found[ANIMATED] = (self._layers.frames, fixed)
            found[CUSTOM] = True
        if len(own) != len(matched):
            for name in (*PSEUDOS, "first-line"):
                made = [entry for entry in matched if entry.selector.pseudo == name]
                generated = _layered({}, [(self._layers.rank(entry.layer), entry.declarations) for entry in made])
                if generated.get("content") is not None or (made and name == "first-line"):
                    found[f"::{name}"] = generated
        return found


def _names(root: Element | None, folds: bool) -> frozenset[str]:
    """Every class and id of a tree, in small letters where case makes no difference."""
    if root is None:
        return frozenset()
    names: list[str] = []
    for element in root.iter():
        if "class" in element.attrib:
            names += tokens(element.attrib["class"])
        if "id" in element.attrib:
            names.append(element.attrib["id"])
    return frozenset(map(str.lower, names) if folds else names)


def _standard(block: tuple[Declaration, ...]) -> tuple[Declaration, ...]:
    """A block without what is valid in quirks mode alone: lengths without a unit, colours without their sign."""
    if not any(map(_quirky, block)):
        return block
    return tuple(one for one in block if not _quirky(one))


def _quirky(declaration: Declaration) -> bool:
    name, value, _ = declaration
    kind = type(value)
    return kind is Hashless or (kind is Length and value.bare and bool(value.pixels) and name != "line-height")


_INLINE = (float("inf"), float("inf"))
"""The rank of the ``style`` attribute: above every layer and every sheet."""


def _layered(result: Declared, blocks: list[tuple[tuple[float, ...], tuple[Declaration, ...]]]) -> Declared:
    """Hints, then the blocks in rising order of layers, then what is important in them with the layers turned round."""
    if any(rank != blocks[0][0] for rank, _ in blocks):
        blocks = sorted(blocks, key=lambda block: block[0])
    important: list[tuple[tuple[float, ...], str, Value]] = []
    below, layer = result, None
    for rank, block in blocks:
        if rank != layer:
            below, layer = dict(result), rank
        for name, value, is_important in block:
            if is_important:
                important.append((rank, name, value))
            elif value == "revert-layer":
                result.pop(name, None)
                if name in below:
                    _put(result, name, below[name])
            else:
                _put(result, name, value)
    if important:
        inline = [entry for entry in important if entry[0] == _INLINE]
        sheets = [entry for entry in important if entry[0] != _INLINE]
        sheets.sort(key=lambda entry: entry[0], reverse=True)
        for _, name, value in sheets + inline:
            _put(result, name, value)
    return result


def _put(result: Declared, name: str, value: Value) -> None:
    """Later wins; its place in the mapping is renewed, so that shorthands with ``var()`` expand in order."""
    if name in result:
        del result[name]
    result[name] = value
    if name[:2] == CUSTOM or type(value) is Unresolved:
        result[CUSTOM] = True
