"""A wrong workspace or name is refused with the workspace that was searched, and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine import BadRequest, NotFound, VectorSearchClient, Workspace
from engine.core.filters.dict_form import parse_dict
from engine.core.schema import Column
from engine.doors.cli.command import main
from engine.doors.http.credentials import open_credentials
from engine.errors import InvalidInputException, InvalidParameterValue
from engine.service.near_names import meant
from engine.store.layout import Layout
from engine.store.secret import workspace_secret

SCHEMA = {"id": "long", "name": "string", "v": "array<float>"}
LISTS = [("index", "list"), ("endpoint", "list"), ("table", "list")]


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert "Traceback" not in done.output
    return done


def create(workspace: Workspace, *names: str) -> None:
    for name in names:
        options = {"dimension": 2, "vector_column": "v", "schema": SCHEMA, "primary_key": "id"}
        workspace.create_direct_access_index(name, create_endpoint=True, **options)
        workspace.upsert(name, [{"id": 1, "name": "red shirt", "v": [1.0, 0.0]}])


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "shop")
    create(workspace, "main.shop.by_photo", "main.shop.by_text", "main.other.by_text")
    return workspace


# ------------------------------------------------------------------ workspaces
@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_of_no_workspace_is_an_error_that_names_the_place(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere, other = tmp_path / "nowhere", tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("hello")
    for folder in (nowhere, other):
        done = run(*command, "-w", folder)
        assert done.exit_code == 1
        assert f"There is no workspace at {folder} (by --workspace" in done.stderr
        assert done.stderr.count(str(folder)) == 2 and "vitrine demo -w" in done.stderr
        monkeypatch.setenv("VITRINE_WORKSPACE", str(folder))
        done = run(*command)
        assert done.exit_code == 1
        assert f"no workspace at {folder} (by VITRINE_WORKSPACE)" in done.stderr
    monkeypatch.delenv("VITRINE_WORKSPACE")
    monkeypatch.setenv("HOME", str(tmp_path))
    done = run(*command)
    assert f"{tmp_path / '.vitrine'} (the default; VITRINE_WORKSPACE is not set)" in done.stderr
    assert not nowhere.exists()


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_workspace_that_was_only_served_yet_is_empty_and_no_other_folder(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    open_credentials(tmp_path, {})  # as every server does
    workspace_secret(Layout(tmp_path))
    done = run(*command, "-w", tmp_path)
    assert done.exit_code == 0
    assert "is empty" in done.stderr and "other files" not in done.stderr


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_of_an_empty_workspace_says_that_it_is_empty(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = run(*command, "-w", tmp_path)
    assert done.exit_code == 0
    assert f"The workspace at {tmp_path} (by --workspace" in done.stderr
    assert "is empty" in done.stderr and "vitrine demo -w" in done.stderr
    Workspace(tmp_path).create_endpoint("shop")
    done = run("index", "list", "-w", tmp_path)
    assert done.exit_code == 0
    assert f"no indexes here. The workspace is {tmp_path}" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("index", "describe", "main.a.i"),
        ("index", "check", "i"),
        ("index", "sync", "main.a.i"),
        ("index", "delete", "main.a.i"),
        ("search", "--like", "1"),
        ("embed",),
        ("endpoint", "delete", "e"),
    ],
    ids=" ".join,
)
def test_what_is_not_found_in_a_wrong_workspace_names_the_workspace(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = run(*command, "-w", tmp_path / "nowhere")
    assert done.exit_code == 1
    assert "not found" in done.stderr
    assert f"There is no workspace at {tmp_path / 'nowhere'}" in done.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("shop")
def test_a_workspace_with_nearly_the_name_that_was_given_is_pointed_at(tmp_path: Path) -> None:
    meant = f"Did you mean {tmp_path / 'shop'}?"
    for command in (("index", "list"), ("index", "scan", "main.shop.by_text")):
        done = run(*command, "-w", tmp_path / "shopp")
        assert done.exit_code == 1 and meant in done.stderr
        assert "Did you mean /" not in run(*command, "-w", tmp_path / "elsewhere").stderr
    done = run("sql", "SHOW TABLES IN main.default", "-w", tmp_path / "shopp")
    assert done.exit_code == 0 and meant in done.stderr
    # A new workspace may have such a name; once it is there, nothing is said.
    assert run("sql", "CREATE SCHEMA main.s", "-w", tmp_path / "shopp").exit_code == 0
    assert meant not in run("sql", "SHOW TABLES IN main.s", "-w", tmp_path / "shopp").stderr


# ------------------------------------------------------------------ names
@pytest.mark.parametrize("name", ["by_photo", "shop.by_photo", "main.shop.by_photo"])
def test_a_last_part_is_enough_where_one_index_has_it(shop: Workspace, name: str) -> None:
    at = ("-w", shop.path)
    assert shop.search(like=1, index=name).index == "main.shop.by_photo"
    assert run("search", "--like", "1", "--index", name, *at).exit_code == 0
    assert '"main.shop.by_photo"' in run("index", "describe", name, *at).stdout
    for command in ("check", "compact", "restore"):
        done = run("index", command, name, *at)
        assert done.exit_code == 0 and "main.shop.by_photo" in done.stdout
    assert run("index", "delete", name, *at).stdout == "deleted index main.shop.by_photo\n"
    assert not shop.index_exists("main.shop.by_photo")


def test_a_last_part_of_several_indexes_lists_them(shop: Workspace) -> None:
    with pytest.raises(InvalidInputException, match=r"main\.other\.by_text, main\.shop\.by_text"):
        shop.search(like=1, index="by_text")
    done = run("search", "--like", "1", "--index", "by_text", "-w", shop.path)
    assert done.exit_code == 1 and "main.other.by_text, main.shop.by_text" in done.stderr
    assert shop.full_index_name("other.by_text") == "main.other.by_text"
    create(shop, "main.fashion_demo.by_text")  # the usual schema goes first
    assert shop.full_index_name("by_text") == "main.fashion_demo.by_text"


@pytest.mark.parametrize("name", ["", ".", "a b", "main.shop.by-photo", "a.b.c.d", "x/../y"])
def test_what_is_no_name_of_an_index_is_refused(shop: Workspace, name: str) -> None:
    with pytest.raises(InvalidParameterValue):
        shop.search(like=1, index=name)
    assert run("index", "describe", name, "-w", shop.path).exit_code == 1


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("main.shop.By_Photo", "main.shop.by_photo"),
        ("MAIN.SHOP.BY_PHOTO", "main.shop.by_photo"),
        ("main.shops.by_photo", "main.shop.by_photo"),
        ("main.shop.by_foto", "main.shop.by_photo"),
        ("Main.Other.By_Txt", "main.other.by_text"),
    ],
)
def test_a_near_name_is_suggested(shop: Workspace, name: str, near: str) -> None:
    with pytest.raises(NotFound) as caught:
        shop.get_index(name)
    assert caught.value.message == f"Vector search index {name} not found"  # the API's own words
    assert f"Did you mean {near}" in caught.value.in_words
    done = run("index", "describe", name, "-w", shop.path)
    assert done.exit_code == 1
    assert f"{name} not found. Did you mean {near}" in done.stderr


def test_where_no_name_is_near_those_that_there_are_are_listed(shop: Workspace) -> None:
    with pytest.raises(NotFound) as caught:
        shop.get_index("q.z.x")
    assert "Indexes here: main.other.by_text, " in caught.value.in_words
    assert str(shop.path) in caught.value.in_words


def test_a_near_endpoint_is_suggested(shop: Workspace) -> None:
    with pytest.raises(NotFound) as caught:
        shop.get_endpoint("Fashion_Vector_Search")
    assert "Did you mean fashion_vector_search?" in caught.value.in_words
    with pytest.raises(NotFound) as caught:
        shop.delete_endpoint("q")
    assert "Endpoints here: fashion_vector_search" in caught.value.in_words


def test_the_same_in_other_letters_goes_before_what_is_only_alike() -> None:
    assert meant("A.B.C", ["a.b.d", "a.b.c"]) == ["a.b.c"]
    assert meant("x.y.c", ["a.b.c", "d.e.c", "x.y.cc"]) == ["a.b.c", "d.e.c"]
    assert meant("q", ["a.b.c"]) == []


def test_a_near_column_is_suggested_beside_the_apis_own_words(shop: Workspace) -> None:
    index = VectorSearchClient(workspace=shop, disable_notice=True).get_index(
        index_name="main.shop.by_photo"
    )
    with pytest.raises(BadRequest) as caught:
        index.similarity_search(columns=["Name"], query_vector=[1.0, 0.0], num_results=1)
    assert caught.value.message.endswith("not present in index: Name")
    assert "Did you mean 'name'? Columns: id, name, v." in caught.value.in_words


def test_a_wrong_operator_is_answered_with_those_there_are() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_dict({"price ~": 1}, {"price": Column("price", "float")})
    assert caught.value.message == "Invalid operator used in filter: price ~"
    assert "NOT, " in caught.value.in_words and '{"price >=": 10}' in caught.value.in_words
