"""A run's file says what was measured where, and is read back as it was written."""

from __future__ import annotations

import json
import subprocess
import sys
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("values", ["a"]),
        ("values", [None]),
        ("values", "123"),
        ("values", []),
        ("values", [float("nan")]),
        ("settings", {"k": [1]}),
        ("settings", "k"),
        ("more", None),
        ("unit", None),
        ("case", 5),
        ("floor", {"of": "x", "value": "y"}),
        ("better", "up"),
    ],
)
def test_a_field_of_somebody_elses_line_is_named_where_it_stands(
    tmp_path: Path, name: str, value: object
) -> None:
    file = tmp_path / "raw.jsonl"
    file.write_text(json.dumps({**LATENCY.document(), "run": "a", name: value}) + "\n")
    with pytest.raises(InvalidParameterValue, match=r"raw\.jsonl, line 1: "):
        journal.read([file])


@pytest.mark.parametrize(
    ("name", "value"),
    [("machine", None), ("floors", {"read_gb_per_s": "x"}), ("versions", []), ("commit", 5)],
)
def test_a_field_of_somebody_elses_run_is_named_where_it_stands(
    tmp_path: Path, name: str, value: object
) -> None:
    file = tmp_path / "raw.jsonl"
    run = journal.begin(None, "x", floors=LITTLE).run
    file.write_text(json.dumps({**run.document(), name: value}) + "\n")
    with pytest.raises(InvalidParameterValue, match=rf"raw\.jsonl, line 1: .*{name} is"):
        journal.read([file])


@pytest.mark.parametrize("content", [b'{"kind": "\xff"}\n', b"\x1f\x8b\x08", b"[" * 100_000])
def test_what_is_no_text_is_said_to_be_no_journal(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "raw.jsonl"
    file.write_bytes(content)
    with pytest.raises(InvalidParameterValue, match=r"raw\.jsonl, line 1: not JSON"):
        journal.read([file])


def test_lines_end_at_line_feeds_alone_and_a_byte_order_mark_is_no_part_of_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "raw.jsonl"
    named = {**LATENCY.document(), "run": "a", "contestant": "a\u2028b\x85c"}
    file.write_text("\ufeff" + json.dumps(named, ensure_ascii=False) + "\r\n", encoding="utf-8")
    assert journal.read([file]).lines[0].contestant == "a\u2028b\x85c"


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    program = (
        "import resource, signal, sys; from pathlib import Path; "
        "from engine.bench.records import floors, journal; "
        "from engine.bench.records.line import Line; "
        "kept = journal.begin(Path(sys.argv[1]), 'x', floors=floors.Floors(1.0, 1.0, 1.0, 1.0)); "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "
        "[kept.add(Line('a', 'b', 'c', 'ms', (0.123456789,) * 500)) for _ in range(9)]"
    )
    asked = [sys.executable, "-c", program, str(file)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert "File too large" in done.stderr
    assert len(journal.read([file]).lines) == 2
    journal.begin(file, "y", floors=LITTLE).add(LATENCY)
    assert journal.read([file]).lines[-1] == LATENCY


def test_a_run_begins_on_a_line_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    journal.begin(file, "x", floors=LITTLE).add(LATENCY)
    file.write_text(file.read_text().rstrip("\n"))
    journal.begin(file, "y", floors=LITTLE)
    assert [run.command for run in journal.read([file]).runs] == ["x", "y"]
