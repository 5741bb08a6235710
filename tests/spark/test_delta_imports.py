"""`import delta` is answered while a session lives, and nothing of a process is changed afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.needs import needs

needs("spark", "delta")

OURS = "engine.spark.delta.api.tables"
STAR = (
    "DeltaMergeBuilder", "DeltaOptimizeBuilder", "DeltaTable", "DeltaTableBuilder", "IdentityGenerator",
)  # fmt: skip
NONE = "ModuleNotFoundError: No module named 'delta'"
# What matters of delta-spark: its files, and that it makes tables by classes of Java.
DELTA_SPARK = {
    "__init__.py": "from delta.tables import DeltaTable\nfrom delta.pip_utils import configure",
    "pip_utils.py": "configure = None",
    "exceptions.py": "",
    "tables.py": """
class DeltaTable:
    @classmethod
    def forName(cls, sparkSession, tableOrViewName):
        return f"theirs of {sparkSession}"

    @classmethod
    def create(cls, sparkSession=None):
        raise TypeError("'JavaPackage' object is not callable")
""",
}


def told(tmp_path: Path, files: dict[str, str]) -> dict[str, Any]:
    """What a process with such files in a folder `delta` tells."""
    for name, text in files.items():
        file = tmp_path / "path" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    script = Path(__file__).parent / "delta_importer.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "ws"), str(tmp_path / "path")],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["finders"] and found["makers"], found
    assert found["names after"] == found["names before"], found
    return dict(found)


def test_where_nothing_has_the_name_it_is_answered_for_the_session_s_time(tmp_path: Path) -> None:
    found = told(tmp_path, {"delta/data.csv": "a folder of files is no module"})
    assert found["before"].startswith("ModuleNotFoundError") and found["after"] == found["before"]
    assert found["while"] == found["delta"] == OURS
    assert found["rows"] == 2 and found["builder"] and found["exception"]
    assert found["star"] == sorted(STAR)


def test_where_delta_spark_is_installed_it_is_put_aside_for_the_session_s_time(
    tmp_path: Path,
) -> None:
    found = told(tmp_path, {f"delta/{name}": text for name, text in DELTA_SPARK.items()})
    assert found["before"] == found["after"] == "delta.tables"
    assert found["while"] == found["delta"] == OURS and found["rows"] == 2
    # A class of theirs that code imported before the session.
    assert found["held"] == 2 and found["not ours"] == "theirs of a session of theirs"
    assert found["active"] == "engine.spark.delta.api.table_builder"


def test_a_module_of_the_project_s_own_stays_what_it_is(tmp_path: Path) -> None:
    own = {
        "delta/__init__.py": "",
        "delta/tables.py": "class DeltaTable:\n    __module__ = 'project'",
    }
    found = told(tmp_path, own)
    assert found["before"] == found["while"] == found["after"] == "project"


def test_to_import_the_engine_answers_to_nothing() -> None:
    script = "import sys, engine, engine.spark\nprint(len(sys.meta_path))\nimport delta"
    bare = "import sys\nprint(len(sys.meta_path))"
    done, plain = (
        subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=60
        )
        for text in (script, bare)
    )
    assert NONE in done.stderr and done.stdout == plain.stdout
