"""Notebooks as the cloud's workspace exports them, and the command that runs them in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIGNS = {"python": "#", "sql": "--"}


@dataclass(frozen=True)
class Written:
    """A cell to be written. magic: empty for the notebook's own language."""

    body: str
    magic: str = ""
    title: str = ""


def source_form(cells: list[Written], language: str = "python") -> str:
    """The text of a notebook in source form; cells in another language go behind MAGIC."""
    sign = SIGNS[language]
    blocks = []
    for cell in cells:
        lines = [f"{sign} DBTITLE 1,{cell.title}"] if cell.title else []
        if cell.magic:
            magic_lines = f"%{cell.magic}{cell.body}".split("\n")
            lines += [f"{sign} MAGIC {line}" if line else f"{sign} MAGIC" for line in magic_lines]
        else:
            lines += cell.body.split("\n")
        blocks.append("\n".join(lines))
    parted = f"\n\n{sign} COMMAND ----------\n\n".join(blocks)
    return f"{sign} Databricks notebook source\n{parted}\n"


def ipynb(cells: list[Written], language: str = "python") -> str:
    """The text of a notebook in Jupyter's form, as the cloud exports it."""
    made = []
    for cell in cells:
        text = f"%{cell.magic}{cell.body}" if cell.magic else cell.body
        metadata = {"application/vnd.databricks.v1+cell": {"title": cell.title, "inputWidgets": {}}}
        made.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": metadata,
                "outputs": [],
                "source": text.splitlines(keepends=True),
            }
        )
    metadata = {"application/vnd.databricks.v1+notebook": {"language": language}}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 0})


def command_of(text: str, file: Path, workspace: Path) -> list[str]:
    """The command that runs a notebook of this text, which is written to the file."""
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "engine.doors.cli", "notebook"]
    return [*command, str(file), "-w", str(workspace)]


def run_notebook(
    text: str, folder: Path, workspace: Path, *options: str, name: str = "shop.py", **environ: str
) -> subprocess.CompletedProcess[str]:
    """What `vitrine notebook` did with a notebook of this text, in a process of its own."""
    command = command_of(text, folder / name, workspace)
    env: dict[str, Any] = {**os.environ, "VITRINE_ENCODER": "hashed", **environ}
    return subprocess.run(
        [*command, *options], cwd=folder, env=env, capture_output=True, text=True, timeout=300
    )


def ran(done: subprocess.CompletedProcess[str]) -> str:
    """What a notebook printed, which ran to its end."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
