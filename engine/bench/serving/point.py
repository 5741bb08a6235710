"""One measurement: some rounds of one load on one server, and the lines that they become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.bench.records.line import Floor, Line, Setting, many, one
from engine.bench.serving.load.client import Client
from engine.bench.serving.load.job import Call, Load, Outcome
from engine.bench.serving.processes import cpu_seconds, is_known
from engine.bench.serving.servers.server import Server
from engine.bench.statistics.intervals import percentile

CASE = "serving"
MOST_VALUES = 20_000  # latencies of a line; of more so many are drawn
SHARES = (50.0, 90.0, 95.0, 99.0, 99.9)


@dataclass(frozen=True)
class Round:
    """What became of one load, and the processor time of the server's processes meanwhile."""

    outcome: Outcome
    server_seconds: float | None


@dataclass(frozen=True)
class Floors:
    """What the machine takes at least: an empty app under the same load, and a loop of Python.

    None where the empty app wasn't measured so.
    """

    latency: Floor | None
    throughput: Floor | None
    python: Floor


def asked(client: Client, server: Server, calls: Sequence[Call], load: Load) -> Round:
    """Make one load; the server's processor time where it runs here and the system tells it."""
    pid = server.pid if is_known() else None
    before = 0.0 if pid is None else cpu_seconds(pid)
    outcome = client.ask(server.address, calls, load)
    return Round(outcome, None if pid is None else cpu_seconds(pid) - before)


def lines(
    name: str,
    settings: Mapping[str, Setting],
    rounds: Sequence[Round],
    floors: Floors,
    seed: int,
) -> list[Line]:
    """What a report needs of some rounds of one load.

    Latency has every value, but where there are more than 20,000: then so many, drawn without
    replacement by the seed and left in their order; `more` says of how many, and its percentiles are
    those of all. One that failed counts with the time limit. Throughput counts good answers.
    """
    made = [
        *_latency(name, settings, rounds, floors, seed),
        *_rates(name, settings, rounds, floors),
        _failures(name, settings, rounds),
    ]
    if any(entry.outcome.delays.size for entry in rounds):
        delays = np.concatenate([entry.outcome.delays for entry in rounds])
        value, more = percentile(delays, 99), {"of": "requests sent after they were due"}
        made.append(Line(CASE, name, "sending_delay_p99", "ms", one(value), settings, more=more))
    return made


def _latency(
    name: str,
    settings: Mapping[str, Setting],
    rounds: Sequence[Round],
    floors: Floors,
    seed: int,
) -> list[Line]:
    values = np.concatenate([entry.outcome.latencies for entry in rounds])
    more: dict[str, Any] = {f"p{share:g}": percentile(values, share) for share in SHARES}
    more |= {"max": float(values.max()), "requests": len(values)}
    kept = values
    if len(values) > MOST_VALUES:
        places = np.random.default_rng(seed).choice(len(values), MOST_VALUES, replace=False)
        kept = values[np.sort(places)]
        more["drawn"] = f"{MOST_VALUES:,} of {len(values):,} without replacement, seed {seed}"
    p99 = one(more["p99"])
    return [
        Line(
            CASE,
            name,
            "latency",
            "ms",
            many(kept.tolist()),
            settings,
            floor=floors.latency,
            more=more,
        ),
        Line(CASE, name, "latency_p99", "ms", p99, settings, more={"requests": len(values)}),
    ]


def _rates(
    name: str, settings: Mapping[str, Setting], rounds: Sequence[Round], floors: Floors
) -> list[Line]:
    good = many([entry.outcome.good.sum() / entry.outcome.wall_seconds for entry in rounds])
    made = [
        Line(
            CASE, name, "throughput", "queries/s", good, settings, "higher", floors.throughput
        )
    ]  # fmt: skip
    computed = {"client": [entry.outcome.cpu_seconds for entry in rounds]}
    server = [entry.server_seconds for entry in rounds if entry.server_seconds is not None]
    if len(server) == len(rounds):
        computed["server"] = server
    for side, seconds in computed.items():
        each = [1000 * s / entry.outcome.requests for s, entry in zip(seconds, rounds)]
        cores = [s / entry.outcome.wall_seconds for s, entry in zip(seconds, rounds)]
        made += [
            Line(CASE, name, f"{side}_cpu", "ms/query", many(each), settings, floor=floors.python),
            Line(CASE, name, f"{side}_load", "cores", many(cores), settings, "neither"),
        ]
    return made


def _failures(name: str, settings: Mapping[str, Setting], rounds: Sequence[Round]) -> Line:
    counted: Counter[str] = Counter()
    for entry in rounds:
        counted.update(entry.outcome.failures())
    requests = sum(entry.outcome.requests for entry in rounds)
    share = one(counted.total() / requests)
    more = {"requests": requests, "how": dict(counted)}
    return Line(CASE, name, "failed", "share", share, settings, more=more)
