"""The command, typed as a user types it: output, exit status, errors without tracebacks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.catalogue import Catalogue
from support.command import typed as run
from support.needs import needs

from engine import Workspace, __version__
from engine.doors.cli.command import main
from engine.encode.model_folders import editions


@pytest.fixture
def at(tmp_path: Path) -> list[str]:
    return ["--workspace", str(tmp_path / "ws")]


def test_from_a_folder_of_photos_to_filtered_results(
    catalogue: Catalogue, at: list[str], tiny_encoder_name: str, tmp_path: Path
) -> None:
    """import, embed, index create, search: the steps of `build`, one by one."""
    done = run("import", catalogue.styles, catalogue.images, *at)
    assert done.output == "imported 40 products, 40 of them with a photo; 40 prices are made up\n"
    done = run("embed", "--encoder", tiny_encoder_name, *at)
    assert "embedded 40 images (40 new) and 40 texts (40 new) of 40 products" in done.stdout
    name = "main.fashion_demo.vs_image_search"
    create = [
        *("index", "create", name, "--source", "product_embeddings_multimodal"),
        *("--vector-column", "image_embedding", "--primary-key", "product_id"),
        *("--endpoint", "fashion_vector_search", *at),
    ]
    done = run(*create)
    assert f"synced {name}: 40 rows" in done.output
    done = run("index", "sync", name, *at)
    assert f"unchanged {name}: 40 rows" in done.output
    assert name in run("index", "list", *at).output
    assert "fashion_vector_search" in run("endpoint", "list", *at).output
    described = json.loads(run("index", "describe", name, *at).output)
    assert described["status"]["indexed_row_count"] == 40
    where = '{"price <": 1000, "gender": "Women"}'
    done = run("search", "red", "--filter", where, "-k", 3, "--json", *at)
    found = json.loads(done.stdout)
    assert found["index"] == name
    assert [r["gender"] for r in found["results"]] == ["Women"] * 3
    done = run("search", "red", "--columns", "product_id,price", "-k", 2, *at)
    assert done.stdout.split()[:4] == ["product_id", "price", "score", "cosine"]
    page = tmp_path / "results.html"
    done = run("search", "--image", catalogue.images / "9.jpg", "-k", 2, "--save", page, *at)
    assert page.read_text().count("<img") == 2
    assert done.stdout.splitlines()[2].startswith("9 ")
    assert "saved" in done.stderr
    assert run("index", "delete", name, *at).output == f"deleted index {name}\n"
    assert run("endpoint", "delete", "fashion_vector_search", *at).exit_code == 0
    run(*create)
    assert "stayed behind" in run("endpoint", "delete", "fashion_vector_search", *at).output
    assert "OFFLINE_FAILED" in run("index", "list", *at).output
    assert run("index", "delete", name, *at).output == f"deleted index {name}\n"


def test_build_does_it_in_one_go(
    catalogue: Catalogue, at: list[str], tiny_encoder_name: str
) -> None:
    done = run("build", catalogue.styles, catalogue.images, "--encoder", tiny_encoder_name, *at)
    assert done.exit_code == 0
    for kind in ("image", "text", "hybrid"):
        assert f"synced main.fashion_demo.vs_{kind}_search: 40 rows" in done.stdout
    found = run("search", "red", "--image", catalogue.images / "3.jpg", "--text-weight", 0.2, *at)
    assert found.exit_code == 0
    assert run("search", "--like", 3, "--index", "vs_text_search", *at).exit_code == 0
    tables = run("table", "list", *at).output.split()
    assert tables[0] == "main.fashion_demo.embedding_failures"
    again = run("build", catalogue.styles, catalogue.images, "--encoder", tiny_encoder_name, *at)
    assert "(0 new)" in again.stdout


def test_rows_left_out_warn_and_strict_makes_it_an_error(
    catalogue: Catalogue, at: list[str], tiny_encoder_name: str
) -> None:
    (catalogue.images / "3.jpg").unlink()
    run("import", catalogue.styles, catalogue.images, *at)
    done = run("embed", "--encoder", tiny_encoder_name, *at)
    assert done.exit_code == 0
    warning = "warning: 1 rows were left out (image_read 1); see: vitrine table show"
    assert warning in done.stderr
    done = run("embed", "--encoder", tiny_encoder_name, "--strict", *at)
    assert done.exit_code == 1
    assert "1 rows were left out and --strict was given" in done.stderr
    shown = run("table", "show", "embedding_failures", *at).output
    assert "image_read" in shown
    assert "1 of 1 rows" in shown


def test_untrained_weights_are_announced_in_one_line(catalogue: Catalogue, at: list[str]) -> None:
    needs("clip")
    arguments = ["--encoder", "RN50/untrained", "--limit-photos", 2, *at]
    done = run("build", catalogue.styles, catalogue.images, *arguments)
    assert done.stderr.count("note: encoder RN50/untrained has random, untrained weights") == 1
    done = run("search", "red", "-k", 1, *at)
    assert done.stderr.count("untrained weights") == 1
    assert "untrained" not in run("search", "--like", 1, *at).stderr


def test_models_lists_the_embedded_editions_first(at: list[str]) -> None:
    lines = run("models", "--here", *at).stdout.splitlines()[2:]
    newest, *earlier = editions()
    assert lines[0].split()[:4] == [newest, "(embedded)", "embedded", "512"]
    assert [line.split()[:3] for line in lines[1 : len(earlier) + 1]] == [
        [name, "embedded", "512"] for name in earlier
    ]


def test_models_measures_one_that_is_named(at: list[str]) -> None:
    needs("clip")
    done = run("models", "--here", "--measure", "embedded", *at)
    assert done.exit_code == 0
    assert re.fullmatch(
        r"embedded: [\d,]+ texts/s, [\d,]+ photos/s here", done.stdout.splitlines()[-1]
    )
    everything = run("models", *at).stdout
    assert "ViT-B-32-quickgelu" in everything
    assert "openai" in everything


def test_exported_tables_are_registered_in_place(at: list[str], tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = tmp_path / "exported.parquet"
    pq.write_table(pa.table({"id": [1, 2], "v": [[1.0, 0.0], [0.0, 1.0]]}), file)
    done = run("table", "register", "main.a.exported", file, *at)
    assert done.output == "registered main.a.exported: 2 rows, read in place\n"
    done = run(
        *("index", "create", "main.a.i", "--source", "main.a.exported"),
        *("--vector-column", "v", "--primary-key", "id", "--endpoint", "e", *at),
    )
    assert "synced main.a.i: 2 rows" in done.output
    assert run("search", "--like", 1, "--index", "main.a.i", *at).exit_code == 0


def test_a_volume_is_registered(at: list[str], tmp_path: Path) -> None:
    done = run("volume", "register", "/Volumes/main/a/b", tmp_path, *at)
    assert done.output.startswith("registered /Volumes/main/a/b -> ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "/no/file.csv", "/tmp"), "/no/file.csv: there is no such file"),
        (("import", "/no/file.csv", "/no/dir"), "/no/dir: this is not a folder of images"),
        (("embed",), "Table main.fashion_demo.products not found"),
        (("search", "red"), "Vector search index main.fashion_demo.vs_image_search not found"),
        (("search",), "nothing was given"),
        (("search", "red", "--filter", '{"price <" 5}'), "is not JSON"),
        (("search", "red", "--filter", '{"price": 5, "price": 6}'), "has the name 'price' 2 times"),
        (("index", "describe", "a.b.c"), "Vector search index a.b.c not found"),
        (("table", "register", "t", "/no/file"), "/no/file: no Parquet file is here"),
        (("endpoint", "create", "No Good"), "endpoint name  must contain less than 50"),
        (("embed", "--limit-photos", 0), "0 is not in the range x>=1"),
    ],
    ids=str,
)
def test_an_error_is_one_message_without_a_traceback(
    at: list[str], arguments: tuple, words: str
) -> None:
    done = run(*arguments, *at)
    assert done.exit_code in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.output


def test_the_workspace_comes_from_the_environment(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITRINE_WORKSPACE", str(tmp_path / "from-env"))
    assert run("import", catalogue.styles, catalogue.images).exit_code == 0
    assert len(Workspace(tmp_path / "from-env").read_table("products")) == 40


def commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    found = {}
    for name, command in group.commands.items():
        found[f"{prefix}{name}"] = command
        if isinstance(command, click.Group):
            found.update(commands(command, f"{prefix}{name} "))
    return found


@pytest.mark.parametrize("name", commands(main))
def test_every_command_and_option_has_help(name: str) -> None:
    command = commands(main)[name]
    assert command.help
    done = run(*name.split(), "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.output


def test_the_installed_command_tells_its_version() -> None:
    script = Path(sys.executable).parent / "vitrine"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"vitrine, version {__version__}"


def test_tables_are_listed_with_what_is_damaged_and_dropped(at: list[str], tmp_path: Path) -> None:
    workspace = Workspace(at[1])
    workspace.write_table("main.s.good", pa.table({"id": [1]}))
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1]}), file)
    assert (
        "registered main.s.bad: 1 rows" in run("table", "register", "main.s.bad", file, *at).output
    )
    file.write_text("no Parquet")
    bad, good = run("table", "list", *at).output.splitlines()
    assert bad.startswith("main.s.bad  (damaged: ") and "a.parquet" in bad
    assert good == "main.s.good"
    assert run("table", "drop", "main.s.bad", *at).output == "dropped main.s.bad\n"
    assert run("table", "list", *at).output == "main.s.good\n"
    done = run("table", "drop", "main.s.god", *at)
    assert done.exit_code == 1
    assert "Did you mean 'main.s.good'?" in done.output


def test_columns_that_are_passed_over_are_told(at: list[str]) -> None:
    table = pa.table({"id": [1], "v": [[1.0, 0.0]], "__index_level_0__": [7]})
    Workspace(at[1]).write_table("main.s.t", table)
    create = (
        "index",
        "create",
        "--source",
        "main.s.t",
        "--vector-column",
        "v",
        "--primary-key",
        "id",
    )
    done = run(*create, "main.s.i", *at)
    assert "left out __index_level_0__; name columns with --columns" in done.stderr
    done = run(*create, "main.s.j", "--columns", "__index_level_0__", *at)
    assert "left out" not in done.output
    columns = Workspace(at[1]).get_table("main.s.j")["columns"]
    assert [column["name"] for column in columns] == ["id", "v", "__index_level_0__"]


def test_a_products_file_of_another_form_is_read_and_said(
    catalogue: Catalogue, at: list[str]
) -> None:
    text = catalogue.styles.read_text().replace(",", ";").replace("Brand", "Größe")
    catalogue.styles.write_bytes(text.encode("cp1252"))
    done = run("import", catalogue.styles, catalogue.images, *at)
    assert done.exit_code == 1
    assert "--encoding cp1252" in done.output and "line 2" in done.output
    done = run("import", catalogue.styles, catalogue.images, "--encoding", "cp1252", *at)
    assert done.output.endswith("; read as cp1252, separated by semicolon\n")
    names = Workspace(at[1]).read_table("products")["product_display_name"].to_pylist()
    assert all(name.startswith("Größe ") for name in names)
