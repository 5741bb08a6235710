"""Who takes part in one kind of request: warmed up, judged, and tuned until it answers well enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.bench.records.line import LeftOut, Line, Record, Setting, many
from engine.bench.serving.judging import Judge
from engine.bench.serving.load.client import Client
from engine.bench.serving.load.job import Call, Load, Outcome
from engine.bench.serving.plan import Plan
from engine.bench.serving.point import CASE
from engine.bench.serving.served import JUDGED, JUDGED_QUERIES, Kind, Served
from engine.bench.serving.servers.floor import NAME as EMPTY_APP
from engine.bench.serving.servers.server import NotServed, Server

CLIENTS = 8  # of the warm-up: each worker process is asked, and has loaded what it needs
PATIENCE = 10  # times the limit that a request has later: the first ones load models
SHOWN = 300  # characters of a refusal


@dataclass
class Entrant:
    """A server with one kind of request, and the recall of each reply that was judged."""

    server: Server
    kind: Kind
    calls: Sequence[Call]
    recalls: list[float] = field(default_factory=list)
    throughput: float = 0.0

    @property
    def is_floor(self) -> bool:
        return self.server.name == EMPTY_APP

    @property
    def recall(self) -> float:
        return float(np.mean(self.recalls))


class Entry:
    """Lets servers take part, and says of those that don't why."""

    def __init__(self, served: Served, plan: Plan, record: Record, client: Client) -> None:
        self._served, self._plan = served, plan
        self._record, self._client = record, client
        self._judge = None if served.rows is None else Judge(served)

    def entrant(self, server: Server, kind: Kind) -> Entrant | None:
        """The server, answering well enough; None where it can't take part."""
        try:
            entrant = Entrant(server, kind, server.calls(kind))
        except NotServed as error:
            if server.name != EMPTY_APP:
                self.leave_out(server, kind, error.message)
            return None
        while True:
            outcome = self._warmed(entrant)
            if not outcome.good.any():
                said = outcome.refusal[:SHOWN].decode(errors="replace")
                reason = f"no request was answered: {outcome.failures()} {said}"
                self.leave_out(server, kind, reason)
                return None
            entrant.recalls.clear()
            self.judge(entrant, outcome)
            if not entrant.recalls or entrant.recall >= self._plan.least_recall:
                return entrant
            if not server.search_better():
                self.record_recall(entrant)
                return None

    def judge(self, entrant: Entrant, outcome: Outcome) -> None:
        """Add the recall of the replies that were kept, where the right ones are known."""
        if self._judge is None or entrant.kind not in JUDGED or not self._judge.knows(entrant.kind):
            return
        found = {}
        for number, body in outcome.replies.items():
            try:
                found[number] = entrant.server.found(body)
            except ValueError:  # an answer, but no result
                found[number] = []
        entrant.recalls += self._judge.recall(entrant.kind, found).tolist()

    def record_recall(self, entrant: Entrant) -> None:
        """A line with the recall of each reply; and a word, where the mean is too low."""
        if not entrant.recalls:
            return
        k, server = self._served.k, entrant.server
        rows: dict[str, Setting] = {"rows": self._served.size, "k": k}
        settings = {"kind": entrant.kind, **server.settings, **rows}
        values = many(entrant.recalls)
        self._record(Line(CASE, server.name, f"recall@{k}", "share", values, settings, "higher"))
        if entrant.recall < self._plan.least_recall:
            least = self._plan.least_recall
            reason = f"out: its recall is {entrant.recall:.4f}, and {least:g} is asked of all"
            self.leave_out(server, entrant.kind, reason)

    def leave_out(self, server: Server, kind: Kind, reason: str) -> None:
        settings: Mapping[str, Setting] = {"kind": kind, **server.settings}
        self._record(LeftOut(CASE, server.name, f"{kind}: {reason}", settings))

    def _warmed(self, entrant: Entrant) -> Outcome:
        load = Load(
            clients=CLIENTS,
            requests=max(self._plan.warming, min(len(entrant.calls), JUDGED_QUERIES)),
            timeout=PATIENCE * self._plan.timeout,
            kept=JUDGED_QUERIES,
        )
        for _ in range(self._plan.warm_ups - 1):
            self._client.ask(entrant.server.address, entrant.calls, load)
        return self._client.ask(entrant.server.address, entrant.calls, load)
