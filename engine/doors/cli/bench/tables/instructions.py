"""What doors add to the operations that are counted: a route's handler, the command's start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.bench.instructions.operations import INDEX, KEY, Action, Operation, query_vector
from engine.doors.rest import handle
from engine.workspace import Workspace

STARTS = {"vitrine --help": ("-m", "engine.doors.cli", "--help")}


def operations() -> Sequence[Operation]:
    """See `engine.bench.instructions.worker`."""
    return (Operation("route of a vector query, in-process", _route),)


def _route(folder: Path) -> Action:
    workspace = Workspace(folder)
    path = f"/api/2.0/vector-search/indexes/{INDEX}/query"
    body = {"columns": [KEY, "name", "price"], "query_vector": query_vector(), "num_results": 10}
    status, reply = handle(workspace, "POST", path, body=body)
    if status != 200:
        raise ValueError(f"the route answered {status}: {reply}")
    return lambda: handle(workspace, "POST", path, body=body)
