"""Contestants take turns; who is slow ranks last, who answers otherwise or fails is out and told."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.bench.embedding.cell import Cell, Start, cosines_of
from engine.bench.embedding.entrants import Entrant, Model
from engine.bench.embedding.process import Failed, Process
from engine.bench.records.line import LeftOut

HONEST = """
import os, sys, time
import numpy as np

class Contestant:
    def __init__(self, setup): self.setup = setup
    def facts(self): return {"told": self.setup["told"]}
    def prepare(self, kind, inputs): print("noise on standard output")
    def run(self, kind, inputs):
        with open(self.setup["log"], "a") as log: log.write(self.setup["told"] + "\\n")
        DOING
        self.count = len(inputs.photos)
    def vectors(self, kind, inputs): return VECTORS
"""
RIGHT = "np.eye(4, 3, dtype=np.float32)[: self.count]"
WRONG = "np.eye(4, 3, dtype=np.float32)[: self.count] + [[0], [0.02], [0]]"


@pytest.fixture
def place(tmp_path: Path) -> SimpleNamespace:
    inputs = tmp_path / "inputs.json"
    inputs.write_text(json.dumps({"photos": ["a", "b", "c"], "texts": []}))
    told: list[LeftOut] = []
    model = Model("m", "m", "onnx")
    cell = Cell(model, {"model": "m"}, tmp_path / "cell", told.append)
    return SimpleNamespace(
        folder=tmp_path, inputs=inputs, told=told, cell=cell, log=tmp_path / "log"
    )


@pytest.fixture(autouse=True)
def ended(place: SimpleNamespace) -> Iterator[None]:
    yield
    place.cell.close()


def start(
    place: SimpleNamespace,
    name: str,
    doing: str = "pass",
    vectors: str = RIGHT,
    python: str = sys.executable,
) -> Start:
    file = place.folder / f"{name}.py"
    file.write_text(HONEST.replace("DOING", doing).replace("VECTORS", vectors))
    return Start(Entrant(name, str(file)), {"told": name, "log": str(place.log)}, python)


def turns(place: SimpleNamespace, *starts: Start, rounds: int = 3, budget_s: float = 60) -> dict:
    place.cell.start(starts, None, budget_s)
    return place.cell.turns("images", place.inputs, place.inputs, rounds)


def test_a_slow_contestant_ranks_last(place: SimpleNamespace) -> None:
    slow = start(place, "slow", "time.sleep(0.1)")
    found = turns(place, slow, start(place, "vitrine"), start(place, "quick"))
    seconds = {name: statistics.median(each.seconds) for name, each in found.items()}
    assert max(seconds, key=seconds.__getitem__) == "slow"
    assert seconds["slow"] >= 0.1 and not place.told


def test_who_answers_otherwise_is_out_however_fast(place: SimpleNamespace) -> None:
    found = turns(
        place,
        start(place, "vitrine", "time.sleep(0.05)"),
        start(place, "cheat", vectors=WRONG),
        start(place, "short", vectors="np.eye(3, dtype=np.float32)[:2]"),
        start(place, "nothing", vectors="np.full((3, 3), np.nan)"),
    )
    assert list(found) == ["vitrine"]
    reasons = {one.contestant: one.reason for one in place.told}
    assert "images 1 has cosine 0.99" in reasons["cheat"] and "1 of 3" in reasons["cheat"]
    assert "vectors (2, 3), and ours are (3, 3)" in reasons["short"]
    assert "3 of 3" in reasons["nothing"]
    assert all(one.settings == {"model": "m"} for one in place.told)


def test_equal_results_of_another_length_are_equal(place: SimpleNamespace) -> None:
    found = turns(place, start(place, "vitrine"), start(place, "long", vectors=f"7 * {RIGHT}"))
    assert found["long"].cosines == pytest.approx([1.0] * 3)


def test_who_fails_is_told_and_the_others_go_on(place: SimpleNamespace) -> None:
    found = turns(
        place,
        start(place, "vitrine"),
        start(place, "raises", "raise ValueError('no such picture')"),
        start(place, "dies", "os._exit(3)"),
        start(place, "unloaded", python=str(place.folder / "none" / "python")),
        start(place, "other", vectors="1 / 0"),
    )
    assert list(found) == ["vitrine"] and len(found["vitrine"].seconds) == 3
    reasons = {one.contestant: one.reason for one in place.told}
    assert reasons["raises"] == "ValueError: no such picture"
    assert "ended with 3" in reasons["dies"]
    assert "can't be started" in reasons["unloaded"]
    assert "ZeroDivisionError" in reasons["other"]


def test_who_takes_too_long_is_ended(place: SimpleNamespace) -> None:
    hangs = start(place, "hangs", "time.sleep(60)")
    found = turns(place, start(place, "vitrine"), hangs, rounds=1, budget_s=5)
    assert list(found) == ["vitrine"]
    assert [(one.contestant, one.reason) for one in place.told] == [
        ("hangs", "took more than 5 s, and was ended")
    ]


def test_without_ours_nobody_can_be_compared(place: SimpleNamespace) -> None:
    found = turns(place, start(place, "vitrine", "raise OSError('disk')"), start(place, "other"))
    assert found == {}
    assert [one.contestant for one in place.told] == ["vitrine", "other"]


def test_rounds_are_interleaved_and_another_one_begins_each(place: SimpleNamespace) -> None:
    turns(place, start(place, "vitrine"), start(place, "b"), start(place, "c"))
    order = place.log.read_text().split()[3:]  # after the first run of each, which isn't counted
    assert order == ["vitrine", "b", "c", "b", "c", "vitrine", "c", "vitrine", "b"]


def test_what_it_knows_is_asked(place: SimpleNamespace) -> None:
    turns(place, start(place, "vitrine"))
    assert place.cell.facts == {"vitrine": {"told": "vitrine"}}
    assert place.cell.ready_s["vitrine"] >= 0


BUSY = """
import threading, time
import numpy as np

class Contestant:
    def __init__(self, setup): self.side = np.ones((400, 400), np.float32)
    def facts(self): return {}
    def prepare(self, kind, inputs): pass
    def run(self, kind, inputs):
        threads = [threading.Thread(target=self.work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    def work(self):
        end = time.perf_counter() + 0.5
        while time.perf_counter() < end: self.side @ self.side
    def vectors(self, kind, inputs): return self.side
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="cores are set on Linux")
def test_one_thread_is_one_core_whatever_a_contestant_starts(place: SimpleNamespace) -> None:
    file = place.folder / "busy.py"
    file.write_text(BUSY)
    process = Process(file, {}, place.folder / "own", threads=1)
    try:
        said = process.ask(do="run", kind="images", inputs=str(place.inputs))
    finally:
        process.close()
    assert process.cores == 1
    assert 0 < said["processor"] <= 1.05 * said["seconds"]


def test_a_file_that_is_no_contestant_is_told(place: SimpleNamespace) -> None:
    file = place.folder / "none.py"
    file.write_text("x = 1")
    with pytest.raises(Failed, match="Contestant"):
        Process(file, {}, place.folder / "own")


def test_cosines_of_rows_without_a_length() -> None:
    a = np.array([[1, 0], [0, 0], [np.nan, 1], [3, 4]], dtype=np.float32)
    b = np.array([[2, 0], [1, 0], [1, 1], [4, 3]], dtype=np.float32)
    assert cosines_of(a, b).tolist() == pytest.approx([1, -1, -1, 0.96])
