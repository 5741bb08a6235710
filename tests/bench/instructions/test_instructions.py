"""Instructions are counted alike each time, a regression is caught, and what was accepted is kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.needs import skip

from engine.bench.instructions import baseline, callgrind, counting
from engine.bench.instructions.callgrind import NoCounter
from engine.bench.instructions.counting import IMPORT, count
from engine.doors.cli.bench.instructions import MODULES
from engine.doors.cli.bench.tables import instructions as counted
from engine.doors.cli.command import main
from engine.errors import InvalidParameterValue

ROOT = Path(__file__).parents[3]
FAKE = """
from pathlib import Path
from engine.bench.instructions.operations import Operation

def operations():
    def work(times):
        def prepare(folder: Path):
            assert folder.is_dir()
            return lambda: [sum(range(200)) for _ in range(times)]
        return prepare
    return (Operation("plain", work({plain})), Operation("again", work(20)))
"""


@pytest.fixture
def valgrind() -> None:
    if not callgrind.is_here():
        skip("needs valgrind (Debian: apt-get install valgrind)")


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, plain: int, name: str) -> dict[str, float]:
    """Counts of two made-up operations, the first of which does so much."""
    (folder / f"{name}.py").write_text(FAKE.replace("{plain}", str(plain)))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return dict(count([name], {}))


STARTS = {**IMPORT, **counted.STARTS}
PARTS = {"operations": (MODULES, {}), "starts": ((), STARTS)}  # a test each: they run side by side


@pytest.mark.parametrize("part", PARTS)
def test_nothing_takes_a_tenth_more_than_was_accepted(valgrind: None, part: str) -> None:
    """If it does for a reason: vitrine bench instructions --accept."""
    known = baseline.load(ROOT / baseline.FILE)
    if known is None:
        pytest.skip(f"nothing accepted for {baseline.here()}: vitrine bench instructions --accept")
    counts = dict(count(*PARTS[part]))
    assert counts and set(counts) <= set(known.instructions)
    assert known.regressions(counts) == {}, known.differences()


def test_counts_repeat_and_a_planted_regression_is_caught(
    valgrind: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fake(tmp_path, monkeypatch, 20, "made_up_first")
    slower = fake(tmp_path, monkeypatch, 24, "made_up_slower")
    assert list(first) == ["plain", "again"]
    assert first["plain"] == pytest.approx(first["again"], rel=0.01)
    assert slower["again"] == pytest.approx(first["again"], rel=0.01)
    file = tmp_path / "instructions.json"
    baseline.accept(file, first)
    known = baseline.load(file)
    assert known is not None and known.differences() == []
    assert known.regressions({"plain": slower["again"], "again": first["plain"]}) == {}
    found = known.regressions(slower)
    assert list(found) == ["plain"] and found["plain"] == pytest.approx(1.2, abs=0.05)


def test_an_operation_that_fails_is_told_with_its_error(
    valgrind: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoCounter, match="No module named 'not_there'"):
        list(counting._operations(["not_there"], tmp_path))


def test_without_valgrind_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert not callgrind.is_here()
    with pytest.raises(NoCounter, match="apt-get install valgrind"):
        next(count([], IMPORT))


def test_what_was_accepted_for_others_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deep" / "instructions.json"
    assert baseline.load(file) is None
    monkeypatch.setattr(baseline.platform, "machine", lambda: "another")
    baseline.accept(file, {"a": 1.0})
    monkeypatch.undo()
    assert baseline.load(file) is None
    baseline.accept(file, {"a": 100.4, "b": 50.0})
    baseline.accept(file, {"a": 120.0})
    known = baseline.load(file)
    assert known is not None and known.instructions == {"a": 120, "b": 50}
    assert len(json.loads(file.read_text())) == 2
    assert known.regressions({"a": 131.9, "b": 55.1, "new": 9.0}) == {"b": pytest.approx(1.102)}
    version = ".".join(map(str, sys.version_info[:2]))
    assert baseline.here().startswith(f"Python {version} ")


def test_other_packages_are_named() -> None:
    known = baseline.Baseline("3.11.0", {"numpy": "0.1", "gone": "1"}, {})
    assert "gone is missing, accepted with 1" in known.differences()
    assert any(said.endswith("accepted with 0.1") for said in known.differences())


@pytest.mark.parametrize("text", ["{", "[1]", '{"Python 3.11 x": {"python": "3"}}', '{"a": 3}'])
def test_a_file_of_something_else_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "instructions.json"
    file.write_text(text)
    with pytest.raises(InvalidParameterValue, match=r"instructions\.json: not a file of accepted"):
        baseline.load(file)


def test_the_command_accepts_compares_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"query": 1000.0, "sync": 5000.0}
    monkeypatch.setattr(counting, "count", lambda *_: iter(counts.items()))
    file = str(tmp_path / "instructions.json")
    invoke = CliRunner().invoke
    asked = ["bench", "instructions", "--baseline", file]
    done = invoke(main, asked)
    assert done.exit_code == 0 and "nothing accepted for Python" in done.stderr
    assert invoke(main, [*asked, "--accept"]).exit_code == 0
    counts["query"] = 1099.0
    done = invoke(main, asked)
    assert done.exit_code == 0 and "1.099" in done.stdout
    counts["query"] = 1101.0
    done = invoke(main, [*asked, "--json"])
    assert done.exit_code == 1 and json.loads(done.stdout) == counts
    assert "query: 1.10 times what was accepted" in done.stderr
