"""Whether two replies are the same, to the last key, type and digit. Knows what may differ, and why.

A reply has a path such as `search.result.data_array[0][2]`; what may differ is listed by path below,
and nothing else may.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

SCORE = 1e-9  # scores that differ by more are different


@dataclass(frozen=True)
class Difference:
    """One thing in which a door's reply may differ from the in-process client's.

    Attributes:
        doors: pattern of names of doors. where: regular expression of whole paths.
        kind: "value", both have it; "absent", the door's reply lacks it.
    """

    doors: str
    where: str
    kind: Literal["value", "absent"]
    reason: str

    def covers(self, door: str, path: str, kind: str) -> bool:
        return (
            self.kind == kind
            and fnmatch.fnmatchcase(door, self.doors)
            and re.fullmatch(self.where, path) is not None
        )


_DESCRIBED = r"(describe|create_index)"
_ENDPOINT = r"(create|get|stop|start|update)_endpoint"
_SDK = "sdk*"

DIFFERENCES = (
    # Each door makes things of its own, at its own time.
    Difference("*", rf"{_ENDPOINT}\.id", "value", "every endpoint has an id of its own"),
    Difference("*", rf"{_ENDPOINT}\.(creation|last_updated)_timestamp", "value", "times differ"),
    Difference("*", rf"{_DESCRIBED}\.id", "value", "every index has an id of its own"),
    Difference("*", rf"{_DESCRIBED}\.delta_sync_index_spec\.pipeline_id", "value",
               "every pipeline has an id of its own"),
    Difference("*", rf"{_DESCRIBED}\.status\.triggered_update_status\."
               r"last_processed_commit_timestamp", "value", "times differ"),
    Difference("*", rf"{_DESCRIBED}\.status\.last_sync\.seconds", "value", "times differ"),
    Difference("*", r"search\.debug_info\.\w+_time", "value", "times differ"),
    # databricks-sdk reads replies into classes, which have no place for some fields.
    Difference(_SDK, rf"{_DESCRIBED}\.status\.(detailed_state|triggered_update_status|"
               r"num_indexed_rows|last_sync|failed_status)", "absent",
               "databricks-sdk's VectorIndexStatus has no such field"),
    Difference(_SDK, rf"{_DESCRIBED}\.(id|endpoint_type)", "absent",
               "databricks-sdk's VectorIndex has no such field"),
    Difference(_SDK, r"scan\.data\[\d+\]\.fields\[\d+\]\.value\.list_value\.values", "absent",
               "databricks-sdk writes no empty lists"),
    Difference(_SDK, r"upsert\.failures", "absent",
               "databricks-sdk's UpsertDataVectorIndexResponse has no such field"),
)  # fmt: skip


def differences(door: str, local: Any, other: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """(path, kind, what) of everything in which two replies differ, allowed or not.

    Kinds: "absent" and "extra" of the other reply, "type", "length", "value". The order of keys in an
    object says nothing, and is not looked at.
    """
    if type(local) is not type(other):
        yield path, "type", f"{local!r:.80} against {other!r:.80}"
    elif isinstance(local, dict):
        for name in local.keys() - other.keys():
            yield f"{path}.{name}", "absent", f"{local[name]!r:.80}"
        for name in other.keys() - local.keys():
            yield f"{path}.{name}", "extra", f"{other[name]!r:.80}"
        for name in local.keys() & other.keys():
            yield from differences(door, local[name], other[name], f"{path}.{name}")
    elif isinstance(local, list):
        if len(local) != len(other):
            yield path, "length", f"{len(local)} against {len(other)}"
        for place, (mine, its) in enumerate(zip(local, other)):
            yield from differences(door, mine, its, f"{path}[{place}]")
    elif isinstance(local, float) and _is_score(path):
        if not math.isclose(local, other, rel_tol=0, abs_tol=SCORE):
            yield path, "value", f"{local!r} against {other!r}"
    elif local != other:
        yield path, "value", f"{local!r:.120} against {other!r:.120}"


def _is_score(path: str) -> bool:
    return path.endswith("<score>")


def mark_scores(reply: Any) -> Any:
    """A query's reply whose scores stand under a name of their own, which the comparison knows."""
    rows = reply.get("result", {}).get("data_array") if isinstance(reply, dict) else None
    if rows is None or "manifest" not in reply:
        return reply
    marked = [[*row[:-1], {"<score>": row[-1]}] for row in rows]
    return {**reply, "result": {**reply["result"], "data_array": marked}}


def compare(door: str, verb: str, local: Any, other: Any) -> set[Difference]:
    """Fail where two replies of a verb differ in what no `Difference` covers; those that were met."""
    met, wrong = set(), []
    for path, kind, what in differences(door, mark_scores(local), mark_scores(other), verb):
        covering = [d for d in DIFFERENCES if d.covers(door, path, kind)]
        met.update(covering[:1])
        if not covering:
            wrong.append(f"{path}: {kind}: {what}")
    assert not wrong, f"{door} differs from local:\n" + "\n".join(wrong[:20])
    return met
