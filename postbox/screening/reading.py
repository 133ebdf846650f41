"""What is found out about a distilled text without changing it: the writer's own words, and links that mislead.

Decides what is added to what distilling gives. It never takes anything away.
"""

from __future__ import annotations

from dataclasses import replace

from postbox.mail.parsed import Distilled, ParsedMail
from postbox.screening.link_targets import with_mismatches
from postbox.screening.replies.own import kind_of, own_places


def annotated(parsed: ParsedMail, shown: Distilled) -> Distilled:
    """The distilled mail with the places of its writer's own words, and its misleading links marked."""
    own = own_places(shown.text, kind_of(parsed), parsed.html)
    links = with_mismatches(shown.links) if shown.links else ()
    return replace(shown, own=own, links=links) if own is not None or links else shown
