"""`vitrine apply`: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import Result
from support.command import typed


def run(folder: Path, *arguments: str) -> Result:
    return typed("apply", *arguments, "--workspace", folder / "ws")


def test_it_prints_a_table_and_what_failed(tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text("tables:\n  main.s.t: {rows: [{a: 1}]}\n  main.s.u: {from: none.csv}\n")
    done = run(tmp_path, str(file))
    assert done.exit_code == 1
    assert [line.split()[:3] for line in done.stdout.splitlines()[3:]] == [
        ["table", "main.s.t", "created"],
        ["table", "main.s.u", "failed"],
    ]
    assert f"failed: table main.s.u: {tmp_path / 'none.csv'}: there is no such file" in done.stderr


def test_a_plan_is_said_to_be_one(tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text("tables: {main.s.t: {rows: [{a: 1}]}}\n")
    plan = run(tmp_path, str(file), "--dry-run")
    assert plan.exit_code == 0 and "create" in plan.stdout and "created" not in plan.stdout
    assert "nothing was changed: --dry-run was given" in plan.stderr
    assert {row["action"] for row in json.loads(run(tmp_path, str(file), "--json").stdout)} == {
        "created"
    }


def test_an_error_in_the_file_is_one_message(tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text("tables:\n  - {nme: x}\n")
    refused = run(tmp_path, str(file))
    assert refused.exit_code == 1 and not refused.stdout
    assert "3 problems; nothing was changed" in refused.stderr
    assert "line 2, tables[0].nme: unknown field 'nme'. Did you mean 'name'?" in refused.stderr


def test_what_a_program_prints_is_no_part_of_the_json(tmp_path: Path) -> None:
    file = tmp_path / "seed.py"
    file.write_text("def seed(workspace):\n    print('hello')\n")
    done = run(tmp_path, str(file), "--json")
    assert [row["action"] for row in json.loads(done.stdout)] == ["ran"]
    assert done.stderr == "hello\n"
