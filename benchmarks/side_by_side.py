"""Is this checkout slower than another one? Queries, syncs and start, in turns, in one run.

    git worktree add /tmp/before COMMIT
    python benchmarks/side_by_side.py /tmp/before [--out FILE.jsonl] [--smoke]

The other checkout makes the workspace, so that this one also has to open what the other wrote. Each
line holds all rounds; lines of `here / other` hold the ratio of each round: 1.00 is equal, higher is
slower here.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from tables import text

from engine.bench.records import floors, journal
from engine.bench.records.line import Line
from engine.bench.records.machine import commit

HERE = Path(__file__).resolve().parents[1]
CASE, FOLDER = "side_by_side", Path("vitrine-bench")
ROUNDS, FEW_ROUNDS = 7, 1
ROWS, FEW_ROWS, QUERIES, FEW_QUERIES, DIMENSION = 20_000, 300, 300, 10, 512
Took = dict[str, list[float]]  # seconds by what was done, one a round

MAKE = f"""
import sys
import numpy as np, pyarrow as pa
from engine import Workspace
rng, rows = np.random.default_rng(0), int(sys.argv[2])
vectors = rng.standard_normal((rows, {DIMENSION})).astype(np.float32)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
table = pa.table({{
    "id": np.arange(rows), "name": [f"red thing {{i % 97}}" for i in range(rows)],
    "price": rng.uniform(0, 100, rows), "v": pa.FixedSizeListArray.from_arrays(
        pa.array(vectors.ravel()), {DIMENSION})}})
made = Workspace(sys.argv[1])
made.write_table("main.a.t", table)
made.create_index("main.a.i", source_table="main.a.t", vector_column="v", primary_key="id",
                  create_endpoint=True)
"""
ASK = f"""
import json, sys, time
import numpy as np
from engine import VectorSearchClient
index = VectorSearchClient(workspace=sys.argv[1]).get_index(index_name="main.a.i")
rng = np.random.default_rng(1)
queries = rng.standard_normal((int(sys.argv[2]), {DIMENSION})).tolist()
kinds = {{
    "vector query": {{}},
    "vector query, filter seen before": {{"filters": {{"price <": 30.0}}}},
    "HYBRID query": {{"query_text": "red thing 13", "query_type": "HYBRID"}},
}}
took = {{}}
for name, more in kinds.items():
    times = []
    for query in [queries[0], *queries]:
        started = time.perf_counter()
        index.similarity_search(columns=["id", "name", "price"], query_vector=query,
                                num_results=10, **more)
        times.append(time.perf_counter() - started)
    took[name] = float(np.median(times[1:]))
print(json.dumps(took))
"""
SYNC = """
import json, sys, time
import pyarrow as pa, pyarrow.compute as pc
from engine import Workspace
made = Workspace(sys.argv[1])
table = made.read_table("main.a.t")
place = table.schema.get_field_index("price")
took = {}
for name, rows in (("sync of 100 changed rows", 100), ("sync of all rows changed", len(table))):
    changed = pc.if_else(pc.less(table["id"], rows), pc.add(table["price"], 1.0), table["price"])
    table = table.set_column(place, "price", changed)
    made.write_table("main.a.t", table)
    started = time.perf_counter()
    report = made.sync("main.a.i")
    took[name] = time.perf_counter() - started
    assert report.updated == rows, report
started = time.perf_counter()
made.sync("main.a.i")
took["sync of nothing"] = time.perf_counter() - started
print(json.dumps(took))
"""
START = """
import json, subprocess, sys, time
took = {}
for name, code in (("import engine", "import engine"),
                   ("open a workspace", "import engine; engine.Workspace('none')"),
                   ("vitrine --help", "import sys; sys.argv = ['vitrine', '--help']; "
                    "from vitrine_search import main; main()")):
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    took[name] = time.perf_counter() - started
print(json.dumps(took))
"""


def run(checkout: Path, code: str, *arguments: str) -> dict[str, float]:
    """What a script prints last, in a process of its own that imports `engine` from a checkout."""
    path = os.pathsep.join([str(checkout), str(checkout / "engine" / "doors" / "installed")])
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        cwd=checkout,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}


def measured(other: Path, rounds: int, rows: int, queries: int) -> tuple[Took, Took]:
    """What took how long in the other checkout and here, in turns."""
    checkouts = {"other": other, "here": HERE}
    took: dict[str, Took] = {"other": {}, "here": {}}
    with tempfile.TemporaryDirectory() as folder:
        workspace = str(Path(folder) / "shared")
        run(other, MAKE, workspace, str(rows))
        for who, checkout in checkouts.items():
            run(checkout, MAKE, str(Path(folder) / who), str(rows))
        for number in range(rounds):
            for who in ("other", "here") if number % 2 else ("here", "other"):
                found = run(checkouts[who], ASK, workspace, str(queries))
                found |= run(checkouts[who], SYNC, str(Path(folder) / who))
                found |= run(checkouts[who], START)
                for name, value in found.items():
                    took[who].setdefault(name, []).append(value)
    return took["other"], took["here"]


def lines(other: Path, before: Took, now: Took, rows: int) -> list[Line]:
    """Milliseconds of both, and the ratio of each round."""
    found = []
    commits = {"other": commit(other), "here": commit(HERE)}
    how = {"rows": rows, "dimension": DIMENSION}
    for name, old in before.items():
        for who, values in (("other", old), ("here", now[name])):
            each = tuple(1000 * value for value in values)
            told = {"commit": commits[who]}
            found.append(Line(CASE, who, name, "ms", each, how, more=told))
        ratios = tuple(new / was for was, new in zip(old, now[name]))
        found.append(Line(CASE, "here / other", name, "times", ratios, how, more=commits))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("other", type=Path, metavar="OTHER", help="another checkout of this project")
    add("--out", type=Path, metavar="FILE.jsonl", help=f"append here; default: new in {FOLDER}/")
    add("--smoke", action="store_true", help="a few rows, one round: whether all of it runs")
    given = parser.parse_args()
    other = given.other.resolve()
    if not (other / "engine" / "__init__.py").is_file():
        parser.error(f"{other} is no checkout of this project: it has no engine/__init__.py")
    sizes = (FEW_ROUNDS, FEW_ROWS, FEW_QUERIES) if given.smoke else (ROUNDS, ROWS, QUERIES)
    out = given.out or FOLDER / f"{CASE}-{datetime.now():%Y%m%d-%H%M%S}.jsonl"
    small = floors.measured(rounds=1, read_bytes=2**22) if given.smoke else None
    recorder = journal.begin(out, shlex.join(["python", *sys.argv]), floors=small)
    for line in lines(other, *measured(other, *sizes), rows=sizes[1]):
        recorder.add(line)
    print(text(recorder.kept))
    print(f"raw lines: {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
