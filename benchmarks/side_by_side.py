"""Is this checkout slower than another one? Queries, syncs and start, in turns, in one run.

    git worktree add /tmp/before COMMIT
    python benchmarks/side_by_side.py /tmp/before

The other checkout makes the workspace, so that this one also has to open what the other wrote. Each
figure is the ratio of medians, this checkout to the other, with the lowest and highest of the rounds:
1.00 is equal, higher is slower here.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
ROUNDS = 7
ROWS, DIMENSION, QUERIES = 20_000, 512, 300

MAKE = f"""
import sys
import numpy as np, pyarrow as pa
from engine import Workspace
rng = np.random.default_rng(0)
vectors = rng.standard_normal(({ROWS}, {DIMENSION})).astype(np.float32)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
table = pa.table({{
    "id": np.arange({ROWS}), "name": [f"red thing {{i % 97}}" for i in range({ROWS})],
    "price": rng.uniform(0, 100, {ROWS}), "v": pa.FixedSizeListArray.from_arrays(
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
queries = rng.standard_normal(({QUERIES}, {DIMENSION})).tolist()
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


def main() -> None:
    other = Path(sys.argv[1]).resolve()
    took: dict[str, dict[Path, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        workspace = str(Path(folder) / "shared")
        run(other, MAKE, workspace)
        own = {checkout: str(Path(folder) / f"own-{n}") for n, checkout in enumerate((other, HERE))}
        for checkout, where in own.items():
            run(checkout, MAKE, where)
        for number in range(ROUNDS):
            for checkout in (other, HERE) if number % 2 else (HERE, other):
                found = run(checkout, ASK, workspace)
                found |= run(checkout, SYNC, own[checkout])
                found |= run(checkout, START)
                for name, value in found.items():
                    took.setdefault(name, {}).setdefault(checkout, []).append(value)
    print(
        "| what | other, ms | here, ms | ratio | lowest to highest |\n| --- | --- | --- | --- | --- |"
    )
    for name, by in took.items():
        before, after = (statistics.median(by[checkout]) for checkout in (other, HERE))
        each = [new / old for old, new in zip(by[other], by[HERE])]
        print(
            f"| {name} | {1000 * before:.2f} | {1000 * after:.2f} | {after / before:.2f} | "
            f"{min(each):.2f} to {max(each):.2f} |"
        )


if __name__ == "__main__":
    main()
