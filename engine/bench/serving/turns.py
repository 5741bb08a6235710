"""The whole case: servers are started, and measured in turns by one plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from engine.bench.records.floors import Floors as MachineFloors
from engine.bench.records.line import Floor, LeftOut, Line, Record, Setting, one
from engine.bench.serving import point
from engine.bench.serving.entrants import Entrant, Entry
from engine.bench.serving.load.arrivals import Arrivals, schedule
from engine.bench.serving.load.client import Client
from engine.bench.serving.load.job import Load
from engine.bench.serving.plan import Plan
from engine.bench.serving.point import CASE
from engine.bench.serving.processes import is_known, memory_mb
from engine.bench.serving.served import JUDGED_QUERIES, Kind, Served
from engine.bench.serving.servers.server import Server
from engine.bench.serving.sweep import highest_rate
from engine.bench.statistics.intervals import percentile

Starters = Mapping[str, Callable[[], Server]]
SWEPT_FROM, SWEPT_TO = 1 / 16, 1.2  # of the highest throughput of a closed loop
SWEEP_SEED = 1_000  # further than rounds go, so that no schedule is drawn twice
SAYS_WHY = 500  # characters of an error
EMPTY = "an empty app under the same load"


def measure(
    served: Served, starters: Starters, plan: Plan, machine: MachineFloors, record: Record
) -> None:
    """Start each server, measure all that start, and end them. Who doesn't start is left out, with why.

    Args:
        starters: what starts a server, by the name that stands for one that doesn't start. The empty app
            comes first: it is the floor of what comes after.
    """
    with Client() as client, ExitStack() as stack:
        running: list[Server] = []
        for name, start in starters.items():
            try:
                server = start()
            except Exception as error:  # another's server: its trouble is its own
                record(LeftOut(CASE, name, f"{type(error).__name__}: {error}"[:SAYS_WHY]))
                continue
            stack.callback(server.close)
            running.append(server)
        if not is_known():
            reason = "this system doesn't tell the processor time of other processes"
            record(LeftOut(CASE, "server_cpu", reason))
        Turns(served, plan, machine, record, client).measure(running)


class Turns:
    """Measures servers that run. All are up meanwhile; only one is asked at a time."""

    def __init__(
        self, served: Served, plan: Plan, machine: MachineFloors, record: Record, client: Client
    ) -> None:
        self._served, self._plan, self._record, self._client = served, plan, record, client
        self._entry = Entry(served, plan, record, client)
        self._python = machine.python()
        self._floors: dict[str, dict[str, Floor]] = {}  # of the empty app: by load, by quantity

    def measure(self, servers: Sequence[Server]) -> None:
        """Ask all of them everything that the plan says, kind by kind."""
        for kind in self._plan.kinds:
            entrants = [e for s in servers if (e := self._entry.entrant(s, kind)) is not None]
            for clients in self._plan.clients:
                how: dict[str, Setting] = {"loop": "closed", "clients": clients}
                self._point(entrants, how, [self._closed(clients)] * self._plan.rounds)
            for arrivals in self._plan.arrivals:
                for rate in self._plan.rates:
                    how = {"loop": "open", "arrivals": arrivals, "rate": rate}
                    loads = [self._open(rate, arrivals, n) for n in range(self._plan.rounds)]
                    self._point(entrants, how, loads)
            for entrant in entrants:
                self._sweep(entrant)
                self._entry.record_recall(entrant)
        for server in servers:
            self._memory(server)

    # ------------------------------------------------------------------ loads
    @property
    def _share(self) -> float:
        """Seconds of a round."""
        return self._plan.seconds / self._plan.rounds

    def _closed(self, clients: int) -> Load:
        return Load(
            clients=clients, seconds=self._share, timeout=self._plan.timeout, kept=JUDGED_QUERIES
        )

    def _open(
        self, rate: float, arrivals: Arrivals, number: int, seconds: float | None = None
    ) -> Load:
        return Load(
            schedule(arrivals, rate, seconds or self._share, self._plan.seed + number),
            self._plan.most_connections,
            timeout=self._plan.timeout,
            kept=JUDGED_QUERIES,
        )

    # ------------------------------------------------------------------ measurements
    def _point(
        self, entrants: Sequence[Entrant], how: Mapping[str, Setting], loads: Sequence[Load]
    ) -> None:
        """One load on each, in turns: every second round the other way round."""
        rounds: dict[int, list[point.Round]] = {place: [] for place in range(len(entrants))}
        for number, load in enumerate(loads):
            for place in sorted(rounds, reverse=number % 2 == 1):
                entrant = entrants[place]
                taken = point.asked(self._client, entrant.server, entrant.calls, load)
                rounds[place].append(taken)
                self._entry.judge(entrant, taken.outcome)
        for place, entrant in enumerate(entrants):
            self._record_point(entrant, how, rounds[place])

    def _record_point(
        self, entrant: Entrant, how: Mapping[str, Setting], rounds: Sequence[point.Round]
    ) -> None:
        load, name = str(sorted(how.items())), entrant.server.name
        known = {} if entrant.is_floor else self._floors.get(load, {})
        floors = point.Floors(known.get("latency"), known.get("throughput"), self._python)
        settings = self._settings(entrant.kind, entrant.server, how)
        for line in point.lines(name, settings, rounds, floors, self._plan.seed):
            self._record(line)
            if line.what == "throughput":
                entrant.throughput = max(entrant.throughput, line.median)
            if entrant.is_floor and line.median > 0:
                self._floors.setdefault(load, {})[line.what] = Floor(EMPTY, line.median)

    def _sweep(self, entrant: Entrant) -> None:
        """The highest rate of Poisson's arrivals at which the 99th percentile keeps the bound."""
        server, bound, most = entrant.server, self._plan.bound_ms, entrant.throughput
        if most <= 0:
            self._entry.leave_out(server, entrant.kind, "no rate to begin with: no good answer")
            return
        probes = iter(range(SWEEP_SEED, 2 * SWEEP_SEED))

        def figure(rate: float) -> float:
            load = self._open(rate, "poisson", next(probes), self._plan.seconds)
            outcome = self._client.ask(server.address, entrant.calls, load)
            self._entry.judge(entrant, outcome)
            return percentile(outcome.latencies, 99)

        low, high = SWEPT_FROM * most, SWEPT_TO * most
        swept = highest_rate(figure, bound, low, high, self._plan.resolution)
        how: dict[str, Setting] = {"loop": "open", "arrivals": "poisson", "p99_at_most_ms": bound}
        settings = self._settings(entrant.kind, server, how)
        more = {"tried": [list(pair) for pair in swept.tried], "is_open": swept.is_open}
        found, unit = one(swept.rate), "queries/s"
        self._record(
            Line(CASE, server.name, "highest_rate", unit, found, settings, "higher", more=more)
        )

    def _memory(self, server: Server) -> None:
        if server.pid is not None and is_known():
            settings = {**server.settings, "rows": self._served.size}
            found = one(memory_mb(server.pid))
            self._record(Line(CASE, server.name, "memory", "MB", found, settings))

    def _settings(
        self, kind: Kind, server: Server, how: Mapping[str, Setting]
    ) -> dict[str, Setting]:
        rows: dict[str, Setting] = {"rows": self._served.size, "k": self._served.k}
        return {"kind": kind, **server.settings, **how, **rows}
