"""What is asked of every server: kinds of requests, clients, rates, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from engine.bench.serving.load.arrivals import ARRIVALS, Arrivals
from engine.bench.serving.served import KINDS, Kind


@dataclass(frozen=True)
class Plan:
    """The same for all that are measured.

    Attributes:
        clients: of closed loops, each a measurement.
        rates: requests a second of open loops; arrivals: how these come.
        bound_ms: that the 99th percentile must keep in the search for the highest rate, whose requests
            arrive as Poisson's.
        seconds: of each measurement in all; rounds: turns that share them.
        timeout: seconds after which a request has failed.
        most_connections: of an open loop.
        least_recall: who answers worse is out.
        warming: requests of each warm-up; the last one's answers are judged.
        warm_ups: so many, each with new connections, so that every worker process is reached.
        resolution: factor between the highest rate and the lowest that is too high.
    """

    kinds: tuple[Kind, ...] = KINDS
    clients: tuple[int, ...] = (1, 4, 16)
    rates: tuple[float, ...] = (50.0, 200.0)
    arrivals: tuple[Arrivals, ...] = ARRIVALS
    bound_ms: float = 50.0
    seconds: float = 2.0
    rounds: int = 2
    timeout: float = 5.0
    most_connections: int = 256
    least_recall: float = 0.99
    warming: int = 200
    warm_ups: int = 3
    resolution: float = 1.1
    seed: int = 0
