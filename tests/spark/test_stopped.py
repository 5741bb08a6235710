"""A session that was stopped says so, where Java's error told of a null."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.needs import needs

needs("spark")

CALLS = (
    "sql", "statement", "table", "read", "createDataFrame", "range", "newSession", "collect", "count",
    "show", "toPandas", "write", "writeTo", "mergeInto",
)  # fmt: skip
SAID = "PySparkRuntimeError|Cannot call methods on a stopped SparkContext"


def test_each_call_says_that_the_session_is_stopped(tmp_path: Path) -> None:
    """`spark.sql` after `spark.stop()` raised Py4JJavaError: java.lang.NullPointerException."""
    script = Path(__file__).parent / "stopped_session.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "ws")],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said = dict(line.split("|", 1) for line in done.stdout.splitlines() if "|" in line)
    for name in CALLS:
        assert said[name].startswith(SAID), (name, said.get(name))
    assert said["again"] == "3"
