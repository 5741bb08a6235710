"""The comparison itself: what it lets pass, and that nothing else passes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from conformance.compare import compare

REPLY: dict[str, Any] = {
    "manifest": {"column_count": 2, "columns": [{"name": "id"}, {"name": "score"}]},
    "result": {"row_count": 2, "data_array": [[1.0, 0.75], [2.0, 0.5]]},
}


def changed(change: Callable[[Any], object]) -> Any:
    reply = copy.deepcopy(REPLY)
    change(reply)
    return reply


CHANGES: dict[str, Callable[[Any], object]] = {
    "an integer for a float": lambda r: r["result"]["data_array"][0].__setitem__(0, 1),
    "a float for an integer": lambda r: r["result"].update(row_count=2.0),
    "true for one": lambda r: r["manifest"].update(column_count=True),
    "an integer as score": lambda r: r["result"]["data_array"][0].__setitem__(1, 1),
    "another score": lambda r: r["result"]["data_array"][0].__setitem__(1, 0.75 + 1e-8),
    "a value beside it": lambda r: r["result"]["data_array"][0].__setitem__(0, 1.0 + 1e-12),
    "another order": lambda r: r["result"]["data_array"].reverse(),
    "a missing row": lambda r: r["result"]["data_array"].pop(),
    "one more row": lambda r: r["result"]["data_array"].append([3.0, 0.5]),
    "a missing key": lambda r: r["manifest"].pop("column_count"),
    "one more key": lambda r: r.update(next_page_token=""),
    "null for a key": lambda r: r["result"].update(data_array=None),
    "another word": lambda r: r["manifest"]["columns"][0].update(name="Id"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen(what: str) -> None:
    with pytest.raises(AssertionError, match="differs from local"):
        compare("sdk", "search", REPLY, changed(CHANGES[what]))
    with pytest.raises(AssertionError, match="differs from local"):
        compare("sdk", "search", changed(CHANGES[what]), REPLY)


def test_the_same_passes_and_so_does_a_score_s_last_digit() -> None:
    assert compare("sdk", "search", REPLY, copy.deepcopy(REPLY)) == set()
    near = changed(lambda r: r["result"]["data_array"][0].__setitem__(1, 0.75 + 1e-10))
    assert compare("sdk", "search", REPLY, near) == set()


def test_a_difference_is_allowed_where_its_reason_holds() -> None:
    local = {"id": "a", "name": "n", "status": {"ready": True, "detailed_state": "ONLINE"}}
    other = {"name": "n", "status": {"ready": True}}
    assert len(compare("sdk-m2m", "describe", local, other)) == 2
    for door, verb in (("ai_search", "describe"), ("sdk", "get_endpoint")):
        with pytest.raises(AssertionError, match="detailed_state"):
            compare(door, verb, local, other)
    with pytest.raises(AssertionError, match="extra"):
        compare("sdk", "describe", other, local)
