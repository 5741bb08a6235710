"""The whole case: servers started, judged, and measured in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from engine.bench.records.floors import Floors as MachineFloors
from engine.bench.records.line import Floor, LeftOut, Line, Measured, Setting, many, one
from engine.bench.serving import point
from engine.bench.serving.arrivals import schedule
from engine.bench.serving.client import Client
from engine.bench.serving.job import Call, Load
from engine.bench.serving.judging import Judge
from engine.bench.serving.plan import Plan
from engine.bench.serving.point import CASE
from engine.bench.serving.processes import is_known, memory_mb
from engine.bench.serving.served import JUDGED, JUDGED_QUERIES, Kind, Served
from engine.bench.serving.servers import floor
from engine.bench.serving.servers.server import NotServed, Server
from engine.bench.serving.sweep import highest_rate
from engine.bench.statistics.intervals import percentile

Record = Callable[[Measured], None]
Starters = Mapping[str, Callable[[], Server]]
CHECKING_CLIENTS = 8  # so that each worker process is asked, and has loaded what it needs
SWEPT_FROM, SWEPT_TO = 1 / 16, 1.2  # of the throughput of the closed loop with most clients


@dataclass
class Entrant:
    """A server that takes part in one kind of request, and what its replies were worth."""

    server: Server
    calls: Sequence[Call]
    recalls: list[float] = field(default_factory=list)
    throughput: float = 0.0


class Serving:
    """Measures servers by one plan. Each is started once and kept; only one is asked at a time."""

    def __init__(
        self, served: Served, plan: Plan, machine: MachineFloors, record: Record, client: Client
    ) -> None:
        self._served, self._plan, self._record, self._client = served, plan, record, client
        self._judge = None if served.rows is None else Judge(served)
        self._python = machine.python()
        self._latency: dict[str, Floor] = {}  # of the empty app, by the load
        self._throughput: dict[str, Floor] = {}

    def measure(self, servers: Sequence[Server]) -> None:
        """Ask all of them everything that the plan says, in turns, kind by kind.

        The empty app, where it is among them, comes first where only health is asked for: it is the
        floor of all that comes after.
        """
        for kind in self._plan.kinds:
            entrants = [e for s in servers if (e := self._entrant(s, kind)) is not None]
            if not entrants:
                continue
            for clients in self._plan.clients:
                load = Load(clients=clients, seconds=self._share, timeout=self._plan.timeout)
                self._closed(kind, entrants, load)
            for arrivals in self._plan.arrivals:
                for rate in self._plan.rates:
                    how: dict[str, Setting] = {"loop": "open", "arrivals": arrivals, "rate": rate}
                    self._point(kind, entrants, how, [self._open(rate, arrivals, n) for n in self._rounds])
            for entrant in entrants:
                self._sweep(kind, entrant)
                self._recall(kind, entrant)
        self._memory(servers)

    @property
    def _rounds(self) -> range:
        return range(self._plan.rounds)

    @property
    def _share(self) -> float:
        return self._plan.seconds / self._plan.rounds

    # ------------------------------------------------------------------ who takes part
    def _entrant(self, server: Server, kind: Kind) -> Entrant | None:
        """Warm it up and judge its replies; None, and a word on it, where it can't take part."""
        try:
            entrant = Entrant(server, server.calls(kind))
        except NotServed as error:
            if server.name != floor.NAME:
                self._leave_out(server, kind, error.message)
            return None
        while True:
            entrant.recalls.clear()
            count = max(self._plan.warming, min(len(entrant.calls), JUDGED_QUERIES))
            load = Load(
                clients=CHECKING_CLIENTS,
                requests=count,
                timeout=10 * self._plan.timeout,
                kept=JUDGED_QUERIES,
            )
            outcome = self._client.ask(server.address, entrant.calls, load)
            if not outcome.good.any():
                self._leave_out(server, kind, f"no request was answered: {outcome.failures()}")
                return None
            if not self._judged(kind):
                return entrant
            entrant.recalls += self._recalls(entrant, kind, outcome.replies)
            recall = float(np.mean(entrant.recalls))
            if recall >= self._plan.least_recall:
                return entrant
            if not server.search_better():
                self._recall(kind, entrant)
                wanted = f"recall {recall:.3f}, and {self._plan.least_recall:g} is asked of all"
                self._leave_out(server, kind, wanted)
                return None

    def _judged(self, kind: Kind) -> bool:
        return kind in JUDGED and self._judge is not None and self._judge.knows(kind)

    def _recalls(self, entrant: Entrant, kind: Kind, replies: Mapping[int, bytes]) -> list[float]:
        assert self._judge is not None
        found = {}
        for number, body in replies.items():
            try:
                found[number] = entrant.server.found(body)
            except ValueError:
                found[number] = []
        values: list[float] = self._judge.recall(kind, found).tolist()
        return values

    def _leave_out(self, server: Server, kind: Kind, reason: str) -> None:
        settings = {"kind": kind, **server.settings}
        self._record(LeftOut(CASE, server.name, reason, settings))

    # ------------------------------------------------------------------ loads
    def _open(self, rate: float, arrivals: str, number: int, seconds: float | None = None) -> Load:
        seed = self._plan.seed + number
        due = schedule(arrivals, rate, seconds or self._share, seed)  # type: ignore[arg-type]
        most, timeout = self._plan.most_connections, self._plan.timeout
        return Load(due, most, timeout=timeout, kept=JUDGED_QUERIES)

    def _closed(self, kind: Kind, entrants: Sequence[Entrant], load: Load) -> None:
        how: dict[str, Setting] = {"loop": "closed", "clients": load.clients}
        loads = [
            Load(clients=load.clients, seconds=load.seconds, timeout=load.timeout, kept=JUDGED_QUERIES)
            for _ in self._rounds
        ]
        self._point(kind, entrants, how, loads)

    def _point(
        self,
        kind: Kind,
        entrants: Sequence[Entrant],
        how: Mapping[str, Setting],
        loads: Sequence[Load],
    ) -> None:
        """One load on each, in turns: every second round the other way round."""
        rounds: dict[int, list[point.Round]] = {place: [] for place in range(len(entrants))}
        for number, load in enumerate(loads):
            order = list(rounds) if number % 2 == 0 else list(rounds)[::-1]
            for place in order:
                entrant = entrants[place]
                taken = point.asked(self._client, entrant.server, entrant.calls, load)
                rounds[place].append(taken)
                if self._judged(kind):
                    replies = taken.outcome.replies
                    entrant.recalls += self._recalls(entrant, kind, replies)
        for place, entrant in enumerate(entrants):
            self._record_point(kind, entrant, how, rounds[place])

    def _record_point(
        self, kind: Kind, entrant: Entrant, how: Mapping[str, Setting], rounds: list[point.Round]
    ) -> None:
        load = str(sorted(how.items()))
        server = entrant.server
        is_floor = server.name == floor.NAME
        floors = point.Floors(
            None if is_floor else self._latency.get(load),
            None if is_floor else self._throughput.get(load),
            self._python,
        )
        settings = self._settings(kind, server, how)
        for line in point.lines(server.name, settings, rounds, floors, self._plan.seed):
            self._record(line)
            if line.what == "throughput":
                entrant.throughput = max(entrant.throughput, line.median)
            if is_floor and line.what == "latency":
                self._latency[load] = Floor("an empty app under the same load", line.median)
            if is_floor and line.what == "throughput":
                self._throughput[load] = Floor("an empty app under the same load", line.median)

    def _settings(
        self, kind: Kind, server: Server, how: Mapping[str, Setting]
    ) -> dict[str, Setting]:
        return {
            "kind": kind,
            **server.settings,
            **how,
            "rows": self._served.size,
            "k": self._served.k,
        }

    # ------------------------------------------------------------------ one figure each
    def _sweep(self, kind: Kind, entrant: Entrant) -> None:
        """The highest rate of Poisson's arrivals at which the 99th percentile keeps the bound."""
        if entrant.throughput <= 0:
            self._leave_out(entrant.server, kind, "no rate to begin with: nothing was answered")
            return
        bound, probes = self._plan.bound_ms, iter(range(1000, 2000))

        def figure(rate: float) -> float:
            load = self._open(rate, "poisson", next(probes), self._plan.seconds)
            outcome = self._client.ask(entrant.server.address, entrant.calls, load)
            return percentile(outcome.latencies, 99)

        most = entrant.throughput
        swept = highest_rate(figure, bound, SWEPT_FROM * most, SWEPT_TO * most)
        how: dict[str, Setting] = {"loop": "open", "arrivals": "poisson", "p99_at_most_ms": bound}
        settings = self._settings(kind, entrant.server, how)
        more = {"tried": [list(pair) for pair in swept.tried], "is_open": swept.is_open}
        found = one(swept.rate)
        self._record(
            Line(CASE, entrant.server.name, "highest_rate", "queries/s", found, settings, "higher",
                 more=more)
        )  # fmt: skip

    def _recall(self, kind: Kind, entrant: Entrant) -> None:
        if not entrant.recalls:
            return
        settings = {
            "kind": kind,
            **entrant.server.settings,
            "rows": self._served.size,
            "k": self._served.k,
        }
        what = f"recall@{self._served.k}"
        values = many(entrant.recalls)
        self._record(Line(CASE, entrant.server.name, what, "share", values, settings, "higher"))
        if float(np.mean(values)) < self._plan.least_recall:
            self._leave_out(entrant.server, kind, f"under load recall was {np.mean(values):.3f}")

    def _memory(self, servers: Sequence[Server]) -> None:
        for server in servers:
            if server.pid is not None and is_known():
                settings = {**server.settings, "rows": self._served.size}
                found = one(memory_mb(server.pid))
                self._record(Line(CASE, server.name, "memory", "MB", found, settings))


def measure(
    served: Served, starters: Starters, plan: Plan, machine: MachineFloors, record: Record
) -> None:
    """Start each server, measure all that start, and end them. Who doesn't start is left out, with why.

    Args:
        starters: by the name that stands for a server that doesn't start.
    """
    with Client() as client, ExitStack() as stack:
        running: list[Server] = []
        for name, start in starters.items():
            try:
                server = start()
            except Exception as error:  # another's server: its trouble is its own
                record(LeftOut(CASE, name, f"{type(error).__name__}: {error}"[:500]))
                continue
            stack.callback(server.close)
            running.append(server)
        if not is_known():
            reason = "this system doesn't tell the processor time of other processes"
            record(LeftOut(CASE, "server_cpu", reason))
        Serving(served, plan, machine, record, client).measure(running)
