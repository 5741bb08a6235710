"""`vitrine train`: from a catalogue to a model by the command; what it prints and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.catalogue import Catalogue
from support.command import typed
from support.needs import needs

from engine import MissingExtra, Workspace
from engine.doors.cli.command import main


def train(*arguments: object) -> Result:
    return typed("train", *arguments)


def test_a_model_by_the_command(tmp_path: Path) -> None:
    needs("clip")
    from support.training import BACKBONE, WORDS, drawn_catalogue, write_teacher

    shop = drawn_catalogue(tmp_path / "shop", 40)
    teacher = write_teacher(tmp_path / "teacher")
    (tmp_path / "words.jsonl").write_text(WORDS)
    (tmp_path / "asked.jsonl").write_text('{"text": "red", "where": {"baseColour": "Red"}}\n')
    broken = shop.images / sorted(p.name for p in shop.images.iterdir())[0]
    broken.write_bytes(b"no photo at all")
    out = tmp_path / "model"
    given = [
        "--table", shop.styles, "--photos", f"drawn={shop.images}", "--out", out, "--passes", 1,
        "--start", "teacher", "--teacher", teacher, "--layers", 2, "--backbone", BACKBONE, "--size", 32,
        "--batch", 16, "--threads", 1, "--hold-out", 5, "--words", tmp_path / "words.jsonl",
        "--queries", tmp_path / "asked.jsonl", "--attribute", "articleType", "--attribute", "baseColour",
        "--column", "season=", "-w", tmp_path / "ws",
    ]  # fmt: skip
    result = train(*given)
    assert result.exit_code == 0, result.output
    assert "attributes: articleType, baseColour" in result.stdout
    assert f"--encoder local-dir:{out}" in result.stdout and "zero-shot type" in result.stdout
    assert "warning: 1 photos were left out" in result.stderr
    searched = CliRunner().invoke(
        main, ["models", "--here", "--measure", f"local-dir:{out}", "-w", str(tmp_path / "ws")]
    )
    assert searched.exit_code == 0 and "photos/s here" in searched.output
    facts = json.loads((out / "model.json").read_text())
    unjudged = train(*given, "--hold-out", 10**6, "--out", tmp_path / "unjudged")
    assert unjudged.exit_code == 0, unjudged.output
    assert "not judged: no product with a photo is held out" in unjudged.stdout
    again = train(*given, "--minutes", 1)
    assert again.exit_code == 1 and "either minutes or passes" in again.output
    assert json.loads((out / "model.json").read_text()) == facts


def test_a_column_and_a_file_that_are_not_there_are_named(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    needs("clip")
    given = ["--table", catalogue.styles, "--photos", catalogue.images, "--out", tmp_path / "m"]
    result = train(*given, "--passes", 1, "--column", "name=titel", "-w", tmp_path / "ws")
    assert result.exit_code == 1 and "'titel' is missing" in result.output
    (tmp_path / "w.jsonl").write_text('{"part": "verb", "texts": ["a"], "where": {}}\n')
    result = train(*given, "--passes", 1, "--words", tmp_path / "w.jsonl", "-w", tmp_path / "ws")
    assert result.exit_code == 1 and "w.jsonl, line 1: part is 'verb'" in result.output
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("missing", ["torch", "timm", "onnx"])
def test_without_the_extra_it_is_named(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr("engine.optional.is_installed", lambda package: package != missing)
    given = ["--table", catalogue.styles, "--photos", catalogue.images, "--out", tmp_path / "m"]
    result = train(*given, "--passes", 1, "-w", tmp_path / "ws")
    assert result.exit_code == 1
    assert f"training a model needs the package {missing!r}" in result.output
    assert "[clip]" in result.output
    with pytest.raises(MissingExtra):
        Workspace(tmp_path / "ws").train(
            catalogue.styles, catalogue.images, tmp_path / "m", passes=1
        )


def test_help_loads_no_torch() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom engine.doors.cli.command import main\n"
        "assert CliRunner().invoke(main, ['train', '--help']).exit_code == 0\n"
        "import engine.workspace\n"
        "assert not {'torch', 'timm', 'onnx', 'tokenizers', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
