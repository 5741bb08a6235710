"""How Spark is started: when it is asked for, with a Java that it takes, leaving nothing about."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.needs import needs

from engine.errors import InvalidInputException, MissingExtra
from engine.spark import session
from engine.spark.starting import check_java

_A_QUERY = """
import sys, engine.spark
assert "pyspark" not in sys.modules
spark = engine.spark.session(sys.argv[1], master=sys.argv[2])
spark.createDataFrame([(1, "a red dress")], "product_id INT, words STRING").write.saveAsTable("some")
rows = engine.spark.embed(spark.table("some").repartition(2), encoder="hashed", text="words").collect()
print(len(rows), len(rows[0].text_embedding), spark.conf.get("spark.driver.host"))
spark.stop()
"""


def java(folder: Path, version: str) -> Path:
    """A home of Java that only says its version."""
    command = folder / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n")
    command.chmod(0o755)
    return folder


def test_a_missing_java_is_named_with_its_version_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "none"))
    with pytest.raises(MissingExtra, match=r"Java 17 or newer.*there is none.*JAVA_HOME is .*none"):
        check_java()
    for version, fits in (("1.8.0_402", False), ("11.0.2", False), ("17.0.15", True), ("21", True)):
        monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / version, version)))
        if fits:
            check_java()
        else:
            with pytest.raises(MissingExtra, match=f"Java 17 or newer.*{version}"):
                check_java()


def test_a_workspace_is_a_path_or_a_workspace() -> None:
    with pytest.raises(InvalidInputException, match="workspace is 5"):
        session(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("master", ["local-cluster[2,1,1024]"])
def test_a_cluster_of_two_workers_answers_and_leaves_nothing_about(
    tmp_path: Path, master: str
) -> None:
    needs("spark")
    here, home, kept = tmp_path / "here", tmp_path / "home", tmp_path / "temporary"
    for folder in (here, home, kept):
        folder.mkdir()
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(kept)}
    told = subprocess.run(
        [sys.executable, "-c", _A_QUERY, str(tmp_path / "ws"), master],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.split()[0::2] == ["1", "127.0.0.1"], told.stderr[-3000:]
    assert not list(here.iterdir()) and not list(home.iterdir())
    assert not list(kept.glob("vitrine-spark-*"))
