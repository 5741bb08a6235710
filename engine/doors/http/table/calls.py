"""One request for the REST table: what it costs, and its answer. Knows bodies; no transport."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.doors.rest import ROUTES
from engine.doors.rest.bodies import encode_json, parse_body
from engine.doors.rest.read_cost import READS, ReadCosts
from engine.doors.rest.routing import EndpointNotFound, answer, find_route
from engine.errors import VitrineError
from engine.service.search.cost import REFUSED, Cost
from engine.workspace import Workspace

QUICK_BYTES = 1 << 17  # of bodies that it reads itself; a vector of 4,096 numbers takes 80 kB
_UNREAD = Cost(math.inf, 1 << 20)  # of a read with a larger body


@dataclass(frozen=True)
class ApiCall:
    """One request for the REST table.

    Attributes:
        origin: scheme and host that it was sent to; "" where no link can be asked for.
        body: its bytes, or the values that they stand for.
        cost: of a read; None for all else.
    """

    workspace: Workspace
    method: str
    path: str
    query: Mapping[str, object]
    id: str
    origin: str
    body: object = field(repr=False)
    cost: Cost | None = None

    def answer(self) -> tuple[bytes, int, str]:
        """The reply as JSON, the status and the operation's name."""
        status, reply, operation = answer(
            ROUTES,
            self.workspace,
            self.method,
            self.path,
            self.query,
            self.body,
            self.id,
            self.origin,
        )
        return encode_json(reply), status, operation

    def with_cost(self, costs: ReadCosts) -> ApiCall:
        """The same with its cost, and with its values where they were read for that."""
        try:
            route, parameters = find_route(ROUTES, self.method, self.path)
        except EndpointNotFound:
            return replace(self, cost=REFUSED)
        if route.name not in READS:
            return self
        assert isinstance(self.body, bytes)
        if len(self.body) > QUICK_BYTES:
            return replace(self, cost=_UNREAD)
        try:
            values = parse_body(self.body)
        except VitrineError:
            return replace(self, cost=REFUSED)
        if not isinstance(values, dict):
            return replace(self, cost=REFUSED)
        cost = costs.of(route.name, parameters, values)
        return replace(self, body=values, cost=cost)
