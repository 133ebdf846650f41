"""The bar chart of the front page: the last hours' mail, stacked by state."""

from __future__ import annotations

from collections.abc import Sequence

from postbox.desk.bars import Chart, Column, bars
from postbox.mail.figures import Hour
from postbox.mail.models import Status

# From the bottom of a bar up; the names are the classes of desk.css.
_STACK = (Status.PROCESSED, Status.RECEIVED, Status.QUARANTINED, Status.REFUSED)
_LABEL_EVERY = 3


def chart(hours: Sequence[Hour]) -> Chart:
    """Bars for these hours, stacked by state."""
    return bars([_column(hour) for hour in hours], [state.value for state in _STACK])


def _column(hour: Hour) -> Column:
    said = ", ".join(f"{hour.counts[state]:,} {state}" for state in _STACK if hour.counts.get(state)) or "no mail"
    label = f"{hour.begins:%H}" if hour.begins.hour % _LABEL_EVERY == 0 else ""
    return Column(label, f"{hour.begins:%H:%M}: {said}", {state.value: hour.counts.get(state, 0) for state in _STACK})
