"""What gets loaded when: `import engine` is instant, and a vector query never needs a model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa

from engine import Workspace

HEAVY = {
    "PIL",
    "click",
    "duckdb",
    "faiss",
    "numpy",
    "onnxruntime",
    "open_clip",
    "pandas",
    "pyarrow",
    "sqlglot",
    "torch",
    "tqdm",
}


def loaded_by(code: str) -> set[str]:
    """Top-level names of the modules that a fresh interpreter has loaded after running `code`."""
    report = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_engine_loads_nothing_heavy() -> None:
    assert not loaded_by("import engine") & HEAVY


def test_the_errors_can_be_had_without_anything_heavy() -> None:
    assert not loaded_by("from engine import NotFound, VectorSearchException") & HEAVY


def test_the_help_of_the_command_loads_only_click() -> None:
    code = (
        "from click.testing import CliRunner\n"
        "from engine.doors.cli.command import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0"
    )
    assert loaded_by(code) & HEAVY == {"click"}


def test_no_other_command_loads_the_benchmarks(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from engine.doors.cli.command import main\n"
        f"asked = ['index', 'list', '-w', {str(tmp_path)!r}]\n"
        "assert CliRunner().invoke(main, asked).exit_code == 0\n"
        "print([name for name in sys.modules if name.startswith('engine.bench')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_vector_query_loads_neither_a_model_nor_pandas(tmp_path: Path) -> None:
    vectors = [[1.0, 0.0], [0.0, 1.0]]
    made = Workspace(tmp_path)
    made.write_table("t", pa.table({"id": [1, 2], "v": vectors}))
    made.create_index(
        "main.a.i", source_table="t", vector_column="v", primary_key="id", create_endpoint=True
    )
    # DuckDB before 2 imports pyarrow.dataset, and with it pandas, to read an Arrow table.
    conditions = [None, {"id <": 5}] if int(duckdb.__version__.split(".")[0]) >= 2 else [None]
    code = f"""
from engine import VectorSearchClient
index = VectorSearchClient(workspace={str(tmp_path)!r}).get_index(index_name="main.a.i")
for filters in {conditions!r}:
    reply = index.similarity_search(columns=["id"], query_vector=[1.0, 0.0], filters=filters)
    assert reply["result"]["row_count"] == 2
"""
    assert not loaded_by(code) & {"torch", "open_clip", "onnxruntime", "pandas"}


def test_opening_a_workspace_loads_no_functions_of_arrow(tmp_path: Path) -> None:
    """They take as long to load as a sixth of all that a workspace needs; what uses them loads them."""
    code = f"""
import sys
from engine import Workspace
Workspace({str(tmp_path)!r})
print([name for name in ("pyarrow.compute", "importlib.metadata", "pydoc") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
