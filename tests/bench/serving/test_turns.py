"""The whole case on servers whose faults are planted: who is slow ranks last, who is wrong is out."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.planted_server import Planted, running

from engine.bench.records.floors import Floors
from engine.bench.records.line import LeftOut, Line, Measured
from engine.bench.serving.judging import Judge
from engine.bench.serving.plan import Plan
from engine.bench.serving.served import Asked, Rows, Served, matching, served_index, usual_filter
from engine.bench.serving.servers import small
from engine.bench.serving.servers.peers import peers
from engine.bench.serving.sweep import highest_rate
from engine.bench.serving.turns import measure
from engine.errors import InvalidParameterValue
from engine.workspace import Workspace

LITTLE = Floors(10.0, 8.0, 50.0, 5.0)
FEW = Plan(
    kinds=("vector",),
    clients=(2,),
    rates=(100.0,),
    arrivals=("poisson",),
    seconds=0.1,
    rounds=2,
    warming=8,
    resolution=4.0,
)
SERVED = Served(
    "main.a.i",
    "id",
    ("id",),
    Asked(np.array([[0.0, 1.0]], dtype=np.float32), {"kind": "a"}),
    k=2,
    rows=Rows(
        pa.table({"id": [7, 8, 9], "kind": ["a", "b", "a"]}),
        np.array([[0, 1], [0, 0.9], [1, 0]], dtype=np.float32),
    ),
)
RIGHT, HALF, WRONG = (
    json.dumps({"keys": keys}).encode() for keys in (["7", "8"], ["7", "9"], ["9", "x"])
)


def measured(*servers: Planted, plan: Plan = FEW) -> list[Measured]:
    kept: list[Measured] = []
    with contextlib.ExitStack() as stack:
        ready = [stack.enter_context(running(server)) for server in servers]
        starters: dict[str, Callable[[], Planted]] = {
            server.name: lambda server=server: server for server in ready
        }
        measure(SERVED, starters, plan, LITTLE, kept.append)
    return kept


def value(kept: list[Measured], who: str, what: str, **settings: object) -> float:
    found = [
        line.median
        for line in kept
        if isinstance(line, Line) and (line.contestant, line.what) == (who, what)
        if settings.items() <= dict(line.settings).items()
    ]
    assert len(found) == 1
    return found[0]


def test_a_slow_server_ranks_last_in_all_that_is_measured() -> None:
    kept = measured(Planted(name="slow", body=RIGHT, delay=0.1), Planted(name="quick", body=RIGHT))
    for loop in ("closed", "open"):
        how = {"kind": "vector", "loop": loop}
        lines = [x for x in kept if isinstance(x, Line) and x.settings.get("loop") == loop]
        latency = {x.contestant: x.median for x in lines if x.what == "latency"}
        assert latency["slow"] >= 20 and latency["slow"] > latency["quick"], how
    rates = [value(kept, who, "throughput", loop="closed") for who in ("quick", "slow")]
    assert rates[0] > rates[1]
    assert value(kept, "quick", "highest_rate") > value(kept, "slow", "highest_rate")
    assert value(kept, "quick", "recall@2") == 1
    assert not [x for x in kept if isinstance(x, LeftOut)]


def test_one_that_answers_wrong_is_out_and_its_recall_is_shown() -> None:
    kept = measured(Planted(name="half", body=HALF), Planted(name="right", body=RIGHT))
    assert value(kept, "half", "recall@2") == 0.5
    out = [x for x in kept if isinstance(x, LeftOut)]
    assert [x.contestant for x in out] == ["half"] and "0.5" in out[0].reason
    assert not [
        x for x in kept if isinstance(x, Line) and (x.contestant, x.what) == ("half", "latency")
    ]
    assert value(kept, "right", "latency", loop="closed") > 0


def test_one_that_can_search_better_is_asked_to_until_it_is_right() -> None:
    server = Planted(name="a", body=WRONG, better=[HALF, RIGHT, WRONG])
    kept = measured(server)
    assert value(kept, "a", "recall@2") == 1 and server.better == [WRONG]


def test_failures_are_shown_with_their_number_and_none_is_a_quick_answer() -> None:
    kept = measured(Planted(name="a", body=RIGHT, failing=2), plan=FEW)
    for line in (x for x in kept if isinstance(x, Line) and x.what == "failed"):
        assert line.more["how"]["500"] == pytest.approx(line.more["requests"] / 2, abs=1)
        assert line.median == line.more["how"]["500"] / line.more["requests"]
    assert value(kept, "a", "latency_p99", loop="closed") == 1000 * FEW.timeout
    assert value(kept, "a", "highest_rate") == 0


def test_one_that_answers_nothing_well_is_left_out_with_what_it_said() -> None:
    kept = measured(Planted(name="a", body=b"I am broken", failing=1))
    assert [type(x) for x in kept] == [LeftOut]
    assert "I am broken" in kept[0].reason and "500" in kept[0].reason  # type: ignore[union-attr]


def test_one_that_does_not_start_is_the_others_trouble_not() -> None:
    def start() -> Planted:
        raise OSError("no such command")

    kept: list[Measured] = []
    with running(Planted(name="a", body=RIGHT)) as server:
        measure(SERVED, {"b": start, "a": lambda: server}, FEW, LITTLE, kept.append)
    assert kept[0] == LeftOut("serving", "b", "OSError: no such command")
    assert value(kept, "a", "recall@2") == 1


def test_recall_counts_what_is_right_and_passes_the_filter_once() -> None:
    judge = Judge(SERVED)
    assert judge.recall("vector", {0: ["7", "8"]}).tolist() == [1]
    assert judge.recall("vector", {0: ["7", "7"]}).tolist() == [0.5]
    assert judge.recall("vector", {0: []}).tolist() == [0]
    assert judge.recall("filtered", {0: ["7", "9"]}).tolist() == [1]
    assert judge.recall("filtered", {0: ["7", "8"]}).tolist() == [0.5]  # 8 is near, but no a
    assert not judge.knows("text") and not judge.knows("keyword")


def test_the_highest_rate_is_found_within_the_resolution() -> None:
    swept = highest_rate(lambda rate: 10 if rate <= 300 else 90, 50, 10, 2000, 1.1)
    assert 300 / 1.1 <= swept.rate <= 300 and not swept.is_open
    assert all((figure <= 50) == (rate <= 300) for rate, figure in swept.tried)
    assert highest_rate(lambda rate: 1, 50, 10, 2000, 1.1).is_open
    assert highest_rate(lambda rate: 99, 50, 10, 2000, 1.1).rate == 0
    assert highest_rate(lambda rate: rate, 10, 10, 2000, 1.1).rate == 10


def test_an_index_is_asked_for_what_its_rows_hold(tmp_path: Path) -> None:
    workspace = small.small_workspace(tmp_path)
    served = served_index(workspace, small.INDEX, queries=20, seed=5)
    assert served.rows is not None and served.size == 300
    assert served.rows.table.column_names == list(served.columns) == ["id", "name", "kind", "price"]
    ((column, _),) = served.asked.filters.items()
    assert column == "kind" and matching(served.rows.table, served.asked.filters).mean() < 0.3
    assert len(served.asked.texts) == 20 and served.asked.text_vectors is not None
    names = set(served.rows.table["name"].to_pylist())
    assert set(served.asked.texts) <= names and served.text_route == "index"
    again = served_index(workspace, small.INDEX, queries=20, seed=5)
    assert again.asked.vectors.tolist() == served.asked.vectors.tolist()
    with pytest.raises(InvalidParameterValue, match="colour"):
        matching(served.rows.table, {"colour": "red"})


def test_a_filter_comes_nearest_to_a_tenth_of_the_rows() -> None:
    table = pa.table({"id": list("abcdefghij"), "g": ["x"] * 6 + ["y"] * 3 + [None]})
    assert usual_filter(table, "id") == {"g": "y"}
    assert usual_filter(pa.table({"id": [1], "n": [2]}), "id") == {}


def test_an_index_without_rows_or_vectors_is_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.write_table("main.a.t", pa.table({"id": [1], "name": ["x"]}))
    workspace.create_endpoint("words", "STORAGE_OPTIMIZED")
    workspace.create_index(
        "main.a.words",
        source_table="main.a.t",
        primary_key="id",
        index_subtype="FULL_TEXT",
        endpoint="words",
    )
    with pytest.raises(InvalidParameterValue, match="no vectors"):
        served_index(workspace, "main.a.words")
    workspace.create_direct_access_index(
        "main.a.empty",
        dimension=2,
        vector_column="v",
        primary_key="id",
        schema={"id": "int", "v": "array<float>"},
        create_endpoint=True,
    )
    with pytest.raises(InvalidParameterValue, match="no rows"):
        served_index(workspace, "main.a.empty")


def test_peers_are_files_and_those_that_cannot_be_had_have_reasons(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("NAME = 'x'\n")
    (tmp_path / "one.py").write_text(
        "from helper import NAME\ndef started(served, folder):\n    return NAME\n"
    )
    (tmp_path / "other.py").write_text("LEFT_OUT = {'y': 'there is none'}\n")
    found = {peer.name: peer for peer in peers(tmp_path)}
    assert set(found) == {"one", "other"} and found["other"].left_out == {"y": "there is none"}
    assert found["one"].started is not None
    assert found["one"].started(SERVED, tmp_path) == "x"  # type: ignore[comparison-overlap]
    for wrong in (tmp_path / "helper.py", tmp_path / "none.py"):
        with pytest.raises(InvalidParameterValue, match="started"):
            list(peers(wrong))
