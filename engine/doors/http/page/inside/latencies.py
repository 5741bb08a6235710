"""Requests by operation with their latencies, out of the metrics. Knows their names; not pages."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from engine.doors.http.metrics import current_registry

_SECONDS = "vitrine_http_request_seconds"
_REQUESTS = "vitrine_http_requests_total"
_FAILED = 400  # the first status that says so


@dataclass(frozen=True)
class Latency:
    """The requests of one operation since the server started.

    Attributes:
        failed: answered with a status of 400 and more.
        mean_ms: of all. half_ms, most_ms: by when half and 95 % of them were answered, as far as the
            buckets of the metrics tell; infinite beyond the last bucket.
    """

    operation: str
    requests: int
    failed: int
    mean_ms: float
    half_ms: float
    most_ms: float


def latencies() -> list[Latency]:
    """Every operation, the most often asked first."""
    buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
    sums: dict[str, float] = defaultdict(float)
    failed: dict[str, float] = defaultdict(float)
    for family in current_registry().collect():
        for sample in family.samples:
            operation = sample.labels.get("operation", "")
            if sample.name == f"{_SECONDS}_bucket":
                buckets[operation].append((float(sample.labels["le"]), sample.value))
            elif sample.name == f"{_SECONDS}_sum":
                sums[operation] += sample.value
            elif sample.name == _REQUESTS and int(sample.labels["status"]) >= _FAILED:
                failed[operation] += sample.value
    found = [_latency(name, sorted(buckets[name]), sums[name], failed[name]) for name in buckets]
    return sorted(found, key=lambda one: (-one.requests, one.operation))


def _latency(
    name: str, buckets: list[tuple[float, float]], seconds: float, failed: float
) -> Latency:
    count = buckets[-1][1]
    mean = 1000 * seconds / count if count else 0.0
    half, most = (1000 * _by_when(buckets, share * count) for share in (0.5, 0.95))
    return Latency(name, int(count), int(failed), mean, half, most)


def _by_when(buckets: list[tuple[float, float]], wanted: float) -> float:
    """Seconds in which so many were answered: as Prometheus' `histogram_quantile`, between bounds."""
    below, answered = 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted and count > answered:
            if math.isinf(bound):
                return math.inf
            return below + (bound - below) * (wanted - answered) / (count - answered)
        below, answered = bound, count
    return 0.0
