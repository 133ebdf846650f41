"""All metrics in the text form that Prometheus reads, from the rows of all processes.

Decides the form alone. What is defined comes from the modules that config names; a row of a metric that no module
defines any more is passed over.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from types import ModuleType

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from postbox.metrics.counts import Counter, Histogram
from postbox.metrics.gauges import Gauge, merged
from postbox.metrics.models import Sample

Series = dict[tuple[str, ...], float]


def render(modules: Iterable[ModuleType], accept: str = "") -> tuple[bytes, str]:
    """The text and its content type. A module has Counters and Histograms as its globals, and ``gauges()``."""
    registry = CollectorRegistry()
    registry.register(_Rows(modules))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Rows(Collector):
    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self._modules = list(modules)

    def describe(self) -> Iterable[Metric]:
        """Nothing: else registering would ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        found = _samples()
        for module in self._modules:
            for defined in vars(module).values():
                if isinstance(defined, Counter):
                    yield _counter(defined, found[defined.name])
                elif isinstance(defined, Histogram):
                    yield _histogram(defined, found[defined.name])
        yield from map(_gauge, merged(gauge for module in self._modules for gauge in module.gauges()))


def _samples() -> dict[str, Series]:
    found: dict[str, Series] = defaultdict(dict)
    for name, labels, value in Sample.objects.order_by("name", "labels").values_list("name", "labels", "value"):
        found[name][tuple(json.loads(labels))] = value
    return found


def _counter(defined: Counter, series: Series) -> Metric:
    family = CounterMetricFamily(defined.name, defined.help, labels=defined.labels)
    if not series and not defined.labels:
        family.add_metric([], 0.0)
    for labels, value in series.items():
        if len(labels) == len(defined.labels):
            family.add_metric(labels, value)
    return family


def _histogram(defined: Histogram, series: Series) -> Metric:
    family = HistogramMetricFamily(defined.name, defined.help, labels=defined.labels)
    bounds = [*(str(bound) for bound in defined.buckets), "+Inf"]
    for labels in sorted({key[:-1] for key in series if len(key) == len(defined.labels) + 1}):
        buckets, count = [], 0.0
        for number, bound in enumerate(bounds):
            count += series.get((*labels, str(number)), 0.0)
            buckets.append((bound, count))
        family.add_metric(labels, buckets, series.get((*labels, ""), 0.0))
    return family


def _gauge(gauge: Gauge) -> Metric:
    family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
    for labels, value in gauge.values.items():
        family.add_metric(labels, value)
    return family
