"""An upsert of which some rows are not written: what is left of it, and what its answer says.

Knows bodies and replies; not where rows are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.doors.faults.kinds import PartialUpsert
from engine.errors import VitrineError
from engine.workspace import Workspace

_INDEX = re.compile(r"/indexes/([^/:]+)")
_REASON = "refused by a fault that was asked for"


@dataclass(frozen=True)
class SplitRows:
    """The rows of one upsert.

    Attributes:
        kept: to be written. failed: keys of the others, as text, in their order.
    """

    kept: list[Any]
    failed: list[str]

    @staticmethod
    def of(rows: Sequence[Any], key: str, fault: PartialUpsert) -> SplitRows:
        """Rows divided as a fault says; `key` is the column of the primary key."""
        failing = fault.failing(rows, key)
        return SplitRows(
            [row for place, row in enumerate(rows) if place not in failing],
            [str(rows[place].get(key)) for place in sorted(failing)],
        )

    def answer(self, reply: dict[str, Any]) -> dict[str, Any]:
        """The whole upsert's reply, of that to the rows that were kept."""
        if not self.failed:
            return reply
        result = dict(reply.get("result", {}))
        done = result.get("success_row_count", 0)
        result["success_row_count"] = done
        result["failed_primary_keys"] = [*result.get("failed_primary_keys", []), *self.failed]
        reasons = [{"primary_key": key, "reason": _REASON} for key in self.failed]
        return {
            **reply,
            "status": "PARTIAL_SUCCESS" if done else "FAILURE",
            "result": result,
            "failures": [*reply.get("failures", []), *reasons],
        }


def split_body(body: object, key: str, fault: PartialUpsert) -> tuple[dict[str, Any], SplitRows]:
    """The body of an upsert without the rows that fail, and the rows; as it is where it has none."""
    try:
        values = body if isinstance(body, dict) else json.loads(body)  # type: ignore[arg-type]
        rows = json.loads(values["inputs_json"])
        is_readable = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    except (ValueError, TypeError, KeyError):
        is_readable = False
    if not is_readable:
        return (body if isinstance(body, dict) else {}), SplitRows([], [])
    split = SplitRows.of(rows, key, fault)
    return {**values, "inputs_json": json.dumps(split.kept)}, split


def primary_key_of(workspace: Workspace, path: str) -> str | None:
    """The column of an index's primary key, by the address of a request; None where there is none."""
    found = _INDEX.search(path)
    try:
        key: str = workspace.get_index(found[1] if found else "")["primary_key"]
    except VitrineError:  # which the route itself will say
        return None
    return key
