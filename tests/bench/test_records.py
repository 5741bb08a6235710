"""A run's file says what was measured where, and is read back as it was written."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from engine.bench.records import floors, journal
from engine.bench.records.line import Floor, LeftOut, Line
from engine.errors import InvalidParameterValue

LITTLE = floors.Floors(10.0, 8.0, 50.0, 5.0)
LATENCY = Line("ann", "exact", "latency", "ms", (1.0, 3.0, 2.0), {"k": 10}, floor=Floor("x", 0.5))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "raw.jsonl"
    first = journal.begin(file, "vitrine bench ann", seed=3, floors=LITTLE)
    first.add(LATENCY)
    first.add(LeftOut("ann", "chroma", "chromadb is not installed"))
    second = journal.begin(file, "vitrine bench ann", floors=LITTLE)
    second.add(Line("ann", "exact", "recall@10", "share", (0.5,), {"k": 10}, "higher"))
    found = journal.read([file])
    assert [run.id for run in found.runs] == [first.run.id, second.run.id]
    assert found.runs[0] == first.run
    assert found.lines[0] == LATENCY and found.run_of == (first.run.id, second.run.id)
    assert found.left_out[0].reason == "chromadb is not installed"


def test_a_line_of_something_else_is_named(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    for text in ('{"kind": "line", "run": "a"}', "[1]", "{", '{"kind": "picture"}', '{"a": 1}'):
        file.write_text("\n" + text + "\n")
        with pytest.raises(InvalidParameterValue, match=r"raw\.jsonl, line 2"):
            journal.read([file])


def test_a_number_that_json_lacks_is_refused_and_the_file_stays_whole(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    kept = journal.begin(file, "x", floors=LITTLE)
    with pytest.raises(ValueError):
        kept.add(Line("ann", "a", "latency", "ms", (float("nan"),)))
    kept.add(LATENCY)
    assert journal.read([file]).lines == (LATENCY,)


def test_a_line_needs_a_value_and_a_known_direction() -> None:
    with pytest.raises(InvalidParameterValue, match="at least one value"):
        Line("ann", "a", "latency", "ms", ())
    with pytest.raises(InvalidParameterValue, match="sideways"):
        Line("ann", "a", "latency", "ms", (1.0,), better="sideways")  # type: ignore[arg-type]


def test_lines_are_the_same_line_by_what_was_measured() -> None:
    other = Line("ann", "exact", "latency", "ms", (9.0,), {"k": 10})
    assert other.key == LATENCY.key
    assert Line("ann", "exact", "latency", "ms", (9.0,), {"k": 100}).key != LATENCY.key
    assert (LATENCY.median, LATENCY.floors) == (2.0, 4.0)


def test_the_machines_floors_are_what_a_plain_reading_takes() -> None:
    found = floors.measured(rounds=1, read_bytes=2**22)
    assert min(asdict(found).values()) > 0
    one = found.reading(1_000_000, 512)
    assert one.value == pytest.approx(1_000_000 * 512 * 4 / (found.read_gb_per_s * 1e9) * 1e3)


def test_a_file_is_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    journal.begin(file, "typed 'so'", floors=LITTLE).add(LATENCY)
    run, line = map(json.loads, file.read_text().splitlines())
    assert run["command"] == "typed 'so'" and run["machine"]["cores"] >= 1
    assert line["values"] == [1.0, 3.0, 2.0] and line["run"] == run["id"]


def test_a_run_that_took_no_floors_is_read(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    run = journal.begin(None, "a script", floors=LITTLE).run.document()
    run["floors"], run["machine"] = None, {**run["machine"], "memory_gib": None}
    file.write_text(json.dumps(run) + "\n")
    (found,) = journal.read([file]).runs
    assert found.command == "a script" and found.floors is floors.NOT_TAKEN
    assert np.isnan(found.machine.memory_gib) and np.isnan(found.floors.python_ms)
