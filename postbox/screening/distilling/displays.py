"""What each element displays as without any style of an author (HTML Living Standard, 15.3).

Decides the list.
"""

from __future__ import annotations

from postbox.screening.distilling.words import words

DISPLAYS = {
    **dict.fromkeys(
        words(
    """
    address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure
    footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend listing main menu nav ol optgroup
    option p plaintext pre search section summary ul xmp
    """
),
        "block",
    ),
    "li": "list-item", "table": "table", "tr": "table-row", "td": "table-cell", "th": "table-cell",
    "tbody": "table-row-group", "thead": "table-header-group", "tfoot": "table-footer-group",
    "caption": "table-caption", "col": "table-column", "colgroup": "table-column-group", "img": "inline-block",
    "button": "inline-block", "select": "inline-block", "textarea": "inline-block", "input": "inline-block",
    "marquee": "inline-block",
}  # fmt: skip
