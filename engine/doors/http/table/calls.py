"""One request for the REST table: what it costs, and its answer. Knows bodies; no transport."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.doors.rest import ROUTES
from engine.doors.rest.bodies import encode_json, parse_body
from engine.doors.rest.read_cost import READS, ReadCosts
from engine.doors.rest.routing import EndpointNotFound, answer, find_route
from engine.errors import VitrineError
from engine.service.search.cost import REFUSED, Cost
from engine.workspace import Workspace

QUICK_BYTES = 1 << 17  # of bodies that it reads itself; a vector of 4,096 numbers takes 80 kB
_UNREAD = Cost(math.inf, 1 << 20)  # of a read with a larger body


@dataclass
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
    cost: Cost | None

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


def weighed(costs: ReadCosts, method: str, path: str, body: bytes) -> tuple[Cost | None, object]:
    """The cost of a request, and its body: the values, where they were read for that."""
    try:
        route, parameters = find_route(ROUTES, method, path)
    except EndpointNotFound:
        return REFUSED, body
    if route.name not in READS:
        return None, body
    if len(body) > QUICK_BYTES:
        return _UNREAD, body
    try:
        values = parse_body(body)
    except VitrineError:
        return REFUSED, body
    if not isinstance(values, dict):
        return REFUSED, body
    return costs.of(route.name, parameters, values), values
