"""The command's options and refusals: workspaces, pages, numbers of results, encoders, closed pipes."""

from __future__ import annotations

import html
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pytest
from click.testing import Result
from support.catalogue import Catalogue
from support.command import typed

from engine import InvalidInputException, InvalidParameterValue, InvalidState, NotFound, Workspace
from engine.doors.cli.command import main
from engine.shop.demo import Demo


def run(*arguments: object, **environ: str) -> Result:
    return typed(*arguments, env=environ)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An index of three rows; one photo exists, one is missing, one row has none."""
    folder = tmp_path_factory.mktemp("shelf")
    photo = Path(__file__).parents[2] / "datasets" / "sample" / "images"
    made = Workspace(folder / "ws")
    made.register_volume("/Volumes/main/a/photos", photo)
    here = sorted(photo.glob("*.jpg"))[0].name
    rows = {
        "product_id": [1, 2, 3],
        "image_path": [f"/Volumes/main/a/photos/{here}", "/Volumes/main/a/photos/none.jpg", None],
        "v": [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]],
    }
    made.write_table("t", pa.table(rows))
    made.create_index(
        "main.a.i", source_table="t", vector_column="v", primary_key="product_id",
        create_endpoint=True,
    )  # fmt: skip
    return made


def commands(
    group: click.Group, prefix: tuple[str, ...] = ()
) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found.update(commands(command, (*prefix, name)))
        else:
            found[(*prefix, name)] = command
    return found


@pytest.mark.parametrize("path", commands(main), ids=" ".join)
def test_the_workspace_may_be_named_before_every_command(path: tuple[str, ...]) -> None:
    for place in range(len(path) + 1):
        arguments = [*path[:place], "--workspace", "somewhere", *path[place:], "--help"]
        done = run(*arguments)
        assert done.exit_code == 0, (arguments, done.output)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--workspace", "{ws}", "table", "list"),
        ("-w", "{ws}", "table", "list"),
        ("table", "-w", "{ws}", "list"),
        ("table", "list", "-w", "{ws}"),
        ("-w", "/nowhere", "table", "-w", "/nowhere", "list", "-w", "{ws}"),
        ("-w", "/nowhere", "table", "-w", "{ws}", "list"),
    ],
)
def test_the_workspace_that_is_named_last_counts(
    arguments: tuple[str, ...], shelf: Workspace
) -> None:
    done = run(*(a.format(ws=shelf.path) for a in arguments), VITRINE_WORKSPACE="/nowhere")
    assert done.output == "main.fashion_demo.t\n"


def test_an_empty_workspace_is_refused() -> None:
    done = run("-w", " ", "table", "list")
    assert done.exit_code == 2 and "names no folder" in done.stderr


def test_the_demo_goes_where_the_environment_or_the_option_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VITRINE_WORKSPACE", str(tmp_path / "from-env"))
    assert run("demo").exit_code == 0
    assert Workspace(tmp_path / "from-env").index_exists("main.fashion_demo.vs_image_search")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["from-env"]
    again = run("-w", tmp_path / "from-env", "demo")
    assert "(0 new)" in again.output


def test_the_demo_does_not_replace_products_of_ones_own(
    catalogue: Catalogue, workspace: Workspace
) -> None:
    workspace.import_fashion(catalogue.styles, catalogue.images)
    with pytest.raises(InvalidState, match="products of another catalogue"):
        Demo(workspace.shop, workspace.tables, workspace.volumes, workspace.path).build()
    assert workspace.read_table("products").num_rows == 40


def test_where_a_page_can_not_be_saved_is_said_before_the_search(tmp_path: Path) -> None:
    for target, words in (
        (tmp_path / "none" / "page.html", f"there is no folder {tmp_path / 'none'}"),
        (tmp_path, "is a folder; expected the name of a file"),
    ):
        # In a workspace without the index, the search itself would be the first complaint.
        done = run("search", "red", "--save", target, "-w", tmp_path / "ws")
        assert done.exit_code == 1 and words in done.stderr, done.stderr
        assert "not found" not in done.stderr


def test_a_page_says_how_many_photos_are_missing(shelf: Workspace, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = run("search", "--like", 3, "--index", "main.a.i", "--save", page, "-w", shelf.path)
    assert (
        "note: 1 of 2 photos can't be shown: no file at /Volumes/main/a/photos/none.jpg"
        in done.stderr
    )
    assert page.read_text().count("<img") == 1
    assert "1 of 2 photos can't be shown" in html.unescape(page.read_text())
    whole = shelf.search(vector=[1.0, 0.0], index="main.a.i", k=1)
    assert whole.missing_photos() is None and "be shown" not in whole.to_html()
    with pytest.raises(InvalidInputException, match="there is no folder"):
        whole.save(tmp_path / "none" / "page.html")


@pytest.mark.parametrize("k", [0, -1, "5", 2.5, True, None, 10**9, float("nan")])
@pytest.mark.parametrize("what", [{"like": 1}, {"vector": [1.0, 0.0]}])
def test_a_number_of_results_that_can_not_be_is_refused(
    shelf: Workspace, k: Any, what: dict[str, Any]
) -> None:
    with pytest.raises(
        InvalidParameterValue, match=r"^\[INVALID_PARAMETER_VALUE\] k is .*from 1 to"
    ):
        shelf.search(index="main.a.i", k=k, **what)


def test_as_many_results_as_can_be(shelf: Workspace) -> None:
    assert len(shelf.search(vector=[1.0, 0.0], index="main.a.i", k=10_000)) == 3
    assert len(shelf.search(like=1, index="main.a.i", k=9_999)) == 2


@pytest.mark.parametrize("k", ["0", "-3", "x", "1.5", "99999"])
def test_a_number_of_results_at_the_command(shelf: Workspace, k: str) -> None:
    done = run("search", "--like", 1, "--index", "main.a.i", "-k", k, "-w", shelf.path)
    assert done.exit_code in (1, 2)
    assert k in done.stderr and ("-k" in done.stderr or "k is" in done.stderr)


@pytest.mark.parametrize(
    "like", ["--5", "-", "- 1", "1_0", " 1", "１", "1.0", "9" * 30, "9" * 5000]
)
def test_a_product_that_is_none_is_named(shelf: Workspace, like: str) -> None:
    with pytest.raises(NotFound, match=r"is not in index main\.a\.i"):
        shelf.search(like=like, index="main.a.i")
    done = run("search", f"--like={like}", "--index", "main.a.i", "-w", shelf.path)
    assert done.exit_code == 1 and "is not in index" in done.stderr


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        ("ViT-B32", "knows no architecture 'ViT-B32'. Did you mean ViT-B-32"),
        ("vit-b32/openai", "Did you mean ViT-B-32"),
        ("embeded", "Did you mean embedded"),
        ("qqqqqqqq", "`vitrine models` lists"),
        ("ViT-B-32", "Its tags: openai, laion400m"),
        ("ViT-B-32/nope", "its tags are: openai"),
    ],
)
def test_an_encoder_that_is_none_is_answered_with_what_there_is(
    encoder: str, words: str, shelf: Workspace
) -> None:
    pytest.importorskip("open_clip")
    done = run("embed", "t", "--encoder", encoder, "-w", shelf.path)
    assert done.exit_code == 1 and words in done.stderr


def vitrine(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "engine.doors.cli", *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **options)


def test_a_reader_that_has_enough_is_no_error(shelf: Workspace) -> None:
    reading, writing = os.pipe()
    os.close(reading)  # as `| head` does after its lines
    run = vitrine("table", "list", "-w", shelf.path, stdout=writing)
    os.close(writing)
    _, errors = run.communicate(timeout=60)
    assert errors == b""


def test_what_the_system_refuses_is_one_line(
    shelf: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/file")

    monkeypatch.setattr(Workspace, "list_tables", refuse)
    done = run("table", "list", "-w", shelf.path)
    assert (done.exit_code, done.stderr) == (1, "Error: /some/file: Permission denied\n")
