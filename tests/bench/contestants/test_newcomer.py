"""The example for newcomers runs as it stands in the README, and is measured like everyone."""

from __future__ import annotations

import re
from pathlib import Path

from support.command import typed

from engine.bench.records.journal import read

README = Path(__file__).parents[3] / "benchmarks" / "contestants" / "README.md"


def test_the_readme_s_example_takes_part(tmp_path: Path) -> None:
    file = tmp_path / "my_engine.py"
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    file.write_text(example)
    out = tmp_path / "out.jsonl"
    done = typed(
        "bench", "filtered", "--smoke", "--out", out, "--contestant", file,
        "--contestant", "numpy_scan", "--budget", 30,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    journal = read([out])
    assert not journal.left_out
    lines = [one for one in journal.lines if (one.contestant, one.what) == ("my_engine", "reaches")]
    assert [one.values for one in lines] == [(1.0,), (1.0,)]
    chosen = {one.settings["selectivity"]: one.more["setting"] for one in lines}
    assert chosen == {1.0: "share=0.5", 50.0: "share=1.0"}  # of six rows that pass all are found
    assert lines[0].more["versions"].keys() == {"duckdb", "numpy"}
