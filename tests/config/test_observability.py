"""The dashboard and the alert rules: every metric and label that they name is one that Postbox tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from postbox.metrics.counts import Counter, Histogram
from postbox.metrics.gauges import Gauge

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
ALERTS = [rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]

pytestmark = pytest.mark.django_db


def told() -> dict[str, set[str]]:
    """Every series' name with its labels."""
    found: dict[str, set[str]] = {}
    for module in map(import_module, settings.POSTBOX_METRICS):
        for defined in [*vars(module).values(), *module.gauges()]:
            if isinstance(defined, Counter):
                found[f"{defined.name}_total"] = set(defined.labels)
            elif isinstance(defined, Histogram):
                found[f"{defined.name}_bucket"] = {*defined.labels, "le"}
                found |= dict.fromkeys((f"{defined.name}_sum", f"{defined.name}_count"), set(defined.labels))
            elif isinstance(defined, Gauge):
                found[defined.name] = set(defined.labels)
    return found


def expressions() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for note in DASHBOARD["annotations"]["list"]:
        yield note["name"], note["expr"]
    for rule in ALERTS:
        yield rule["alert"], rule["expr"]


def problems(expression: str, series: dict[str, set[str]]) -> list[str]:
    names = re.findall(r"\bpostbox_\w+", expression)
    wrong = [name for name in names if name not in series]
    allowed: set[str] = set().union(*(series.get(name, set()) for name in names))
    selected = re.findall(r"(\w+)\s*(?:=~|!=|!~|=)\s*\"", expression)
    grouped = re.findall(r"\bby \(([^)]*)\)", expression)
    labels = {*selected, *(label.strip() for group in grouped for label in group.split(","))}
    return wrong + sorted(labels - allowed) + ([] if names else ["no metric"])


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_it_names_what_there_is(name: str, expression: str) -> None:
    assert problems(expression, told()) == []


def test_this_test_finds_a_wrong_name_and_a_wrong_label() -> None:
    series = told()
    assert problems("rate(postbox_mails_acepted_total[5m])", series) == ["postbox_mails_acepted_total"]
    assert problems('postbox_queue_depth{que="ingest"}', series) == ["que"]
    assert problems("sum by (agent) (postbox_queue_depth)", series) == ["agent"]


def test_every_metric_is_shown_or_alerted_on() -> None:
    used = " ".join(expression for _, expression in expressions())
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in told()}
    assert {name for name in families if name not in used} == set()


def test_alerts_say_what_to_do() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"]


def test_panels_do_not_overlap_and_stay_on_the_grid() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place: dict[str, Any] = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
