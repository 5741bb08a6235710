"""How Spark is started: when it is asked for, with a Java that it takes, leaving nothing about."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import InvalidInputException, MissingExtra
from engine.spark import session
from engine.spark.starting import check_java


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
