"""No one wins by answering worse: fewer answers, later ones, others' rows, no columns."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.planted_contest import QUERIES, all_of, odd

from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.contest import Contest
from engine.bench.contest.entrants import entrants
from engine.bench.contest.truth import Truth, mask
from engine.bench.records.line import LeftOut

FEWER = """def search_batch(self, queries, k):
        return super().search_batch(queries[:1], k)"""
ONCE = """calls = 0
    def search_batch(self, queries, k):
        self.calls += 1
        found = super().search_batch(queries, k)
        return [one[:1] for one in found] if self.calls < 3 else found"""
BARE = """def search_batch(self, queries, k):
        return [[{"id": row["id"]} for row in one] for one in super().search_batch(queries, k)]"""
LATER = """def nearest(self, *a):
        def answers():
            time.sleep(0.01)
            yield from super(Contestant, self).nearest(*a)
        return answers()"""
FIRST_ALONE = """count = 0
    def search(self, *a):
        self.count += 1
        rows = super().search(*a)
        return rows if self.count % 36 in (4, 32) else [{"id": row["id"]} for row in rows]"""
OWN_ROWS = """def search(self, *a):
        class Own(str): pass
        kind = globals().setdefault("Own", Own)
        kind.__qualname__ = "Own"
        return [{**row, "kind": kind(row["kind"])} for row in super().search(*a)]"""
UNSCORED = """def search(self, *a):
        return [{**row, "score": float("nan")} for row in super().search(*a)]"""


def reasons(out: list[LeftOut]) -> dict[str, str]:
    return {one.contestant: one.reason for one in out}


@pytest.mark.parametrize("more", [FEWER, BARE], ids=["fewer answers", "keys alone"])
def test_a_batch_that_answers_less_is_out(
    contest: Contest, out: list[LeftOut], tmp_path: Path, more: str
) -> None:
    contest.build([odd(tmp_path, "less", more)])
    contest.open()
    assert contest.batch({"less": range(QUERIES)}, 10, rounds=1) == {}
    assert set(reasons(out)) == {"less"}


def test_a_batch_is_judged_by_its_worst_round(contest: Contest, tmp_path: Path) -> None:
    contest.build([odd(tmp_path, "once", ONCE)])
    contest.open()
    found = contest.batch({"once": range(QUERIES)}, 10, rounds=3)
    assert found["once"].recall.mean() < 0.2


@pytest.mark.parametrize("more", [LATER, OWN_ROWS, UNSCORED, FIRST_ALONE])
def test_who_answers_otherwise_is_out_and_the_others_go_on(
    contest: Contest, catalogue: Catalogue, out: list[LeftOut], tmp_path: Path, more: str
) -> None:
    contest.build([*entrants(["numpy_scan"]), odd(tmp_path, "odd", more)])
    contest.open()
    for _ in range(8):  # which answer's rows are looked at is drawn
        answers = contest.answer(all_of(catalogue, with_rows=more is not LATER))
    assert set(answers) == {"numpy_scan"} and set(reasons(out)) == {"odd"}


def test_a_row_beyond_the_filter_spoils_the_answer(catalogue: Catalogue) -> None:
    truth, one = Truth(catalogue), {"price >=": 99.0}
    right = mask(catalogue, one)
    keys = catalogue.keys[right].tolist()
    assert 0 < len(keys) < 10
    others = catalogue.keys[~right][: 10 - len(keys)].tolist()
    assert truth.recall(10, [0], [one], [keys]).tolist() == [1.0]
    assert truth.recall(10, [0], [one], [keys + others]).tolist() == [0.0]


def test_what_a_contestant_prints_is_no_first_answer(
    contest: Contest, out: list[LeftOut], tmp_path: Path
) -> None:
    loud = """print("hello", flush=True)
    def open_index(self, folder):
        time.sleep(1)
        super().open_index(folder)"""
    none = "def search(self, *a):\n        return []"
    contest.build([odd(tmp_path, "loud", loud), odd(tmp_path, "none", none)])
    assert contest.start(1)["loud"][0] > 1
    assert set(reasons(out)) == {"none"}


@pytest.mark.parametrize("method", ["build_index", "open_index", "_answer"])
def test_who_hangs_is_out(
    catalogue: Catalogue, out: list[LeftOut], tmp_path: Path, method: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("engine.bench.contest.contest.PATIENCE_S", 3.0)
    monkeypatch.setattr("engine.bench.contest.worker.HANG_S", 3.0)
    hangs = f"def {method}(self, *a):\n        time.sleep(600)"
    contest = Contest("test", catalogue, tmp_path / "stores", out.append, budget_s=0.2)
    contest.build([odd(tmp_path, "hangs", hangs)])
    contest.open()
    contest.answer(all_of(catalogue))
    assert "was stopped after" in reasons(out)["hangs"]


def test_who_hangs_at_the_start_is_out(
    contest: Contest, out: list[LeftOut], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest.build([odd(tmp_path, "hangs", "def open_index(self, f):\n        time.sleep(600)")])
    monkeypatch.setattr("engine.bench.contest.contest.HANG_S", 1.0)
    assert contest.start(1) == {} and reasons(out) == {"hangs": "no first answer"}


def test_a_contestants_own_processes_end_with_it(contest: Contest, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    leaves = f"""def open_index(self, folder):
        import subprocess
        made = subprocess.Popen(["sleep", "600"])
        open({str(pid)!r}, "w").write(str(made.pid))
        super().open_index(folder)"""
    contest.build([odd(tmp_path, "leaves", leaves)])
    contest.open()
    contest.close()
    state = Path(f"/proc/{int(pid.read_text())}/stat")
    end = time.monotonic() + 10
    while state.exists() and state.read_text().split()[2] != "Z":
        assert time.monotonic() < end
