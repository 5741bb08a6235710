"""A damaged index or endpoint is its own trouble: named, listed, deletable, restorable."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from reliability.world import INDEX, SCHEMA, create_direct, held_by, rows

from engine import VectorSearchClient, Workspace
from engine.doors.cli.command import main
from engine.doors.rest import handle
from engine.errors import (
    CorruptFile,
    InvalidParameterValue,
    NewerRelease,
    NotFound,
    ResourceConflict,
    StorageFailed,
)
from engine.store.layout import write_json

ENDPOINT = "fashion_vector_search"
HEALTHY = "main.default.healthy"
THIRD = "main.default.third"


def folder_in_its_place(file: Path) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


def edited(change: Callable[[dict[str, Any]], object], checksum: bool = True) -> Any:
    def damage(file: Path) -> None:
        values = json.loads(file.read_bytes())
        values.pop("checksum")
        change(values)
        if checksum:
            write_json(file, values)
        else:
            file.write_text(json.dumps(values))

    return damage


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:100]),
    "one byte": lambda file: file.write_bytes(b"{"),
    "empty": lambda file: file.write_bytes(b""),
    "zeros": lambda file: file.write_bytes(bytes(400)),
    "not JSON": lambda file: file.write_text("name = index"),
    "not UTF-8": lambda file: file.write_bytes(b'{"name": "\xff\xfe"}'),
    "a list": lambda file: file.write_text("[]"),
    "null": lambda file: file.write_text("null"),
    "no keys": lambda file: file.write_text("{}"),
    "very deep": lambda file: file.write_text("[" * 100_000),
    "a flipped bit": lambda file: file.write_bytes(
        file.read_bytes().replace(b'"creator": "', b'"creator": "x')
    ),
    "a flipped bit of its checksum's name": lambda file: file.write_bytes(
        file.read_bytes().replace(b'"checksum"', b'"chesksum"')
    ),
    "a folder": folder_in_its_place,
    "gone": Path.unlink,
    "a missing key": edited(lambda values: values.pop("id")),
    "a missing key, by hand": edited(lambda values: values.pop("name"), checksum=False),
    "a number for a name": edited(lambda values: values.update(creator=7)),
    "a null": edited(lambda values: values.update(id=None)),
    "an unknown word": edited(lambda values: values.update(endpoint_type="TINY")),
    "a name that is not its own": edited(lambda values: values.update(name="main.default.other")),
    "a format that is none": edited(lambda values: values.update(format="two")),
}
INDEX_DAMAGES = {
    **DAMAGES,
    "a text for columns": edited(lambda values: values.update(columns="id")),
    "numbers for columns": edited(lambda values: values.update(columns=[1, 2])),
    "a bool for a number": edited(lambda values: values.update(dimension=True)),
    "a list for the schema": edited(lambda values: values.update(schema=["id"])),
}
NEWER = {
    "a newer format": edited(lambda values: values.update(format=3)),
    "a far newer format": edited(lambda values: (values.clear(), values.update(format=9))),
    "unknown keys": edited(lambda values: values.update(quantum=True)),
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An index to be damaged and two healthy ones, on one endpoint."""
    made = Workspace(tmp_path)
    create_direct(made)
    made.upsert(INDEX, rows(1, range(5)))
    for name in (HEALTHY, THIRD):
        options = {"dimension": 4, "vector_column": "v", "schema": SCHEMA, "primary_key": "id"}
        made.create_direct_access_index(name, **options)
        made.upsert(name, rows(1, range(5)))
    return made


def spec_of(workspace: Workspace, name: str = INDEX) -> Path:
    return workspace.path / "indexes" / name / "index.json"


def found(workspace: Workspace, name: str) -> int:
    reply = workspace.query_index(name, columns=["id"], query_vector=[0.0] * 4)
    return int(reply["result"]["row_count"])


def command(workspace: Workspace, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, [*arguments, "-w", str(workspace.path)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def assert_others_go_on(workspace: Workspace) -> None:
    for name in (HEALTHY, THIRD):
        assert workspace.get_index(name)["status"]["ready"] is True
        assert found(workspace, name) == 5
        workspace.upsert(name, rows(2, range(3)))
        assert workspace.check_index(name) == []
    assert [endpoint["name"] for endpoint in workspace.list_endpoints()] == [ENDPOINT]
    assert workspace.get_endpoint(ENDPOINT)["endpoint_status"] == {"state": "ONLINE"}
    assert workspace.get_endpoint(ENDPOINT)["num_indexes"] == 3
    workspace.create_direct_access_index(
        "main.default.new", dimension=4, vector_column="v", schema=SCHEMA, primary_key="id"
    )
    workspace.delete_index("main.default.new")


# ------------------------------------------------------------------ indexes
@pytest.mark.parametrize("how", INDEX_DAMAGES)
def test_a_damaged_index_is_listed_with_the_reason_and_others_go_on(
    workspace: Workspace, how: str
) -> None:
    INDEX_DAMAGES[how](spec_of(workspace))
    for opened in (workspace, Workspace(workspace.path)):
        assert_others_go_on(opened)
        listed = {index["name"]: index for index in opened.list_indexes(ENDPOINT)}
        assert sorted(listed) == [HEALTHY, INDEX, THIRD]
        assert listed[INDEX]["endpoint_name"] == ENDPOINT
        for status in (listed[INDEX]["status"], opened.get_index(INDEX, ENDPOINT)["status"]):
            assert status["detailed_state"] == "OFFLINE_FAILED"
            assert status["ready"] is False
            assert str(spec_of(workspace)) in status["message"]
            assert f"vitrine index restore {INDEX}" in status["message"]
        assert opened.index_exists(INDEX)
        for ask, *given in (
            (found, opened, INDEX),
            (opened.upsert, INDEX, rows(2, [1])),
            (opened.delete_rows, INDEX, [1]),
            (opened.sync, INDEX),
            (opened.compact_index, INDEX),
            (opened.update_index, INDEX),
        ):
            with pytest.raises(CorruptFile, match=r"index\.json"):
                ask(*given)
        with pytest.raises(ResourceConflict, match=f"{INDEX} already exists.*damaged"):
            create_direct(opened)


@pytest.mark.parametrize("how", INDEX_DAMAGES)
def test_a_damaged_index_is_restored_whole(workspace: Workspace, how: str) -> None:
    workspace.update_index(INDEX, payload_logging_enabled=True)
    before = workspace.get_index(INDEX)
    INDEX_DAMAGES[how](spec_of(workspace))
    opened = Workspace(workspace.path)
    [fault] = opened.check_index(INDEX)
    assert "index.json" in fault and "vitrine index restore" in fault
    assert opened.restore_index(INDEX) == opened.index_versions(INDEX)[-1]
    assert opened.get_index(INDEX) == before
    assert held_by(opened) == held_by(workspace) == dict.fromkeys(range(5), 1)
    opened.upsert(INDEX, rows(2, [0]))
    assert opened.check_index(INDEX) == []


@pytest.mark.parametrize("how", INDEX_DAMAGES)
def test_a_damaged_index_is_deleted_by_each_door(workspace: Workspace, how: str) -> None:
    def by_client() -> None:
        VectorSearchClient(workspace=workspace.path).delete_index(ENDPOINT, INDEX)

    def by_rest() -> None:
        path = f"/api/2.0/vector-search/indexes/{INDEX}"
        assert handle(workspace, "DELETE", path) == (200, {})

    def by_command() -> None:
        assert command(workspace, "index", "delete", INDEX) == (0, f"deleted index {INDEX}\n")

    whole = {
        p: p.read_bytes() for p in (workspace.path / "indexes" / INDEX).rglob("*.*") if p.is_file()
    }
    for delete in (by_client, by_rest, by_command):
        INDEX_DAMAGES[how](spec_of(workspace))
        delete()
        assert not workspace.index_exists(INDEX)
        assert not (workspace.path / "indexes" / INDEX).exists()
        assert [index["name"] for index in workspace.list_indexes(ENDPOINT)] == [HEALTHY, THIRD]
        for path, data in whole.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    workspace.delete_index(INDEX)
    create_direct(workspace)
    assert held_by(workspace) == {}


def test_the_commands_show_a_damaged_index(workspace: Workspace) -> None:
    spec_of(workspace).write_text("{")
    status, listed = command(workspace, "index", "list")
    assert status == 0
    assert [line.split()[0] for line in listed.splitlines()[2:]] == [HEALTHY, INDEX, THIRD]
    assert "OFFLINE_FAILED" in listed
    status, said = command(workspace, "index", "check", INDEX)
    assert status == 1 and "index.json is damaged" in said
    status, said = command(workspace, "index", "restore", INDEX)
    assert (status, said) == (0, f"restored {INDEX}: version 2, 5 rows\n")
    assert command(workspace, "index", "check", INDEX)[0] == 0


def test_a_damaged_index_with_a_damaged_copy_says_so_and_can_be_deleted(
    workspace: Workspace,
) -> None:
    endpoint = workspace.list_endpoints()
    for file in spec_of(workspace).parent.glob("index.json*"):
        file.write_text("{")
    with pytest.raises(CorruptFile, match="no whole copy"):
        workspace.restore_index(INDEX)
    # Nobody knows its endpoint: it is listed, and keeps no endpoint from being deleted.
    assert INDEX in [index["name"] for index in workspace.list_indexes(ENDPOINT)]
    workspace.create_endpoint("other")
    assert [index["name"] for index in workspace.list_indexes("other")] == [INDEX]
    workspace.delete_endpoint("other")
    assert endpoint[0]["num_indexes"] == 3
    workspace.delete_index(INDEX, ENDPOINT)
    assert not workspace.index_exists(INDEX)


def test_an_index_of_an_older_release_gets_its_copy_with_the_next_write(
    workspace: Workspace,
) -> None:
    copy = spec_of(workspace).parent / "index.json.copy"
    copy.unlink()
    edited(lambda values: values.pop("format"))(spec_of(workspace))
    assert held_by(workspace) == dict.fromkeys(range(5), 1)
    workspace.upsert(INDEX, rows(2, [0]))
    assert copy.exists()
    spec_of(workspace).write_text("{")
    workspace.restore_index(INDEX)
    assert held_by(workspace)[0] == 2


def test_a_damaged_copy_or_note_of_a_failure_disturbs_nothing(workspace: Workspace) -> None:
    for name in ("index.json.copy", "failed_sync.json"):
        file = spec_of(workspace).parent / name
        for text in ("{", "[]", '{"other": 1}'):
            file.write_text(text)
            assert workspace.get_index(INDEX)["status"]["ready"] is True
            workspace.upsert(INDEX, rows(1, [1]))
        file.unlink()
        file.mkdir()
        assert workspace.get_index(INDEX)["status"]["ready"] is True
        workspace.upsert(INDEX, rows(1, [1]))


def test_a_damaged_version_is_that_index_s_trouble(workspace: Workspace) -> None:
    for manifest in spec_of(workspace).parent.glob("versions/*.json"):
        manifest.write_text("{")
    opened = Workspace(workspace.path)
    assert_others_go_on(opened)
    status = opened.get_index(INDEX)["status"]
    assert status["detailed_state"] == "OFFLINE_FAILED" and ".json is damaged" in status["message"]
    code, listed = command(workspace, "index", "list")
    assert code == 0 and "OFFLINE_FAILED" in listed
    opened.delete_index(INDEX)


@pytest.mark.parametrize("how", NEWER)
def test_an_index_of_a_newer_release_says_so_and_is_not_touched(
    workspace: Workspace, how: str
) -> None:
    NEWER[how](spec_of(workspace))
    kept = spec_of(workspace).read_bytes()
    assert_others_go_on(workspace)
    status = workspace.get_index(INDEX)["status"]
    assert "made by a newer release of vitrine" in status["message"]
    assert "pgrade" in status["message"] and "damaged" not in status["message"]
    if "format" in how:
        assert "format " in status["message"]
    for ask in (
        lambda: found(workspace, INDEX),
        lambda: workspace.upsert(INDEX, rows(2, [1])),
        lambda: workspace.check_index(INDEX),
        lambda: workspace.restore_index(INDEX),
        lambda: workspace.delete_index(INDEX),
    ):
        with pytest.raises(NewerRelease, match="newer release"):
            ask()
    with pytest.raises(ResourceConflict, match="newer release"):
        create_direct(workspace)
    with pytest.raises(NewerRelease, match=INDEX):  # which can't be told that its endpoint is gone
        workspace.delete_endpoint(ENDPOINT)
    assert found(workspace, HEALTHY), "the others are as they were"
    code, said = command(workspace, "index", "restore", INDEX)
    assert code == 1 and "newer release" in said
    assert spec_of(workspace).read_bytes() == kept


def test_what_is_no_index_is_not_listed(workspace: Workspace) -> None:
    indexes = workspace.path / "indexes"
    shutil.copytree(indexes / INDEX, indexes / f"{INDEX}.bak")
    (indexes / ".DS_Store").write_bytes(b"\0\1")
    (indexes / "main.default.file").write_text("a file")
    (indexes / "main.default.empty").mkdir()
    assert_others_go_on(workspace)
    assert not workspace.index_exists("main.default.file")


def test_a_copied_folder_is_not_the_index_that_it_was_copied_from(workspace: Workspace) -> None:
    copy = "main.default.copy"
    shutil.copytree(workspace.path / "indexes" / INDEX, workspace.path / "indexes" / copy)
    with pytest.raises(CorruptFile, match=f"describes index {INDEX}"):
        workspace.upsert(copy, rows(2, [1]))
    assert held_by(workspace)[1] == 1
    workspace.delete_index(copy)
    assert held_by(workspace)[1] == 1


def test_an_index_that_may_not_be_read_is_named_with_the_reason(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path == spec_of(workspace):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)
    opened = Workspace(workspace.path)
    assert_others_go_on(opened)
    assert "Permission denied" in opened.get_index(INDEX)["status"]["message"]
    with pytest.raises(StorageFailed, match=r"Permission denied.*Give this user access"):
        found(opened, INDEX)
    assert held_by(workspace) == dict.fromkeys(range(5), 1)  # who has it open goes on


# ------------------------------------------------------------------ endpoints
@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_endpoint_is_listed_with_the_reason_and_its_indexes_go_on(
    workspace: Workspace, how: str
) -> None:
    workspace.create_endpoint("other")
    file = workspace.path / "endpoints" / f"{ENDPOINT}.json"
    DAMAGES[how](file)
    for opened in (workspace, Workspace(workspace.path)):
        for name in (INDEX, HEALTHY):
            assert opened.get_index(name)["status"]["ready"] is True
            assert found(opened, name) == 5
            opened.upsert(name, rows(1, range(3)))
        shown = {endpoint["name"]: endpoint for endpoint in opened.list_endpoints()}
        assert sorted(shown) == [ENDPOINT, "other"]
        assert shown["other"]["endpoint_status"] == {"state": "ONLINE"}
        for one in (shown[ENDPOINT], opened.get_endpoint(ENDPOINT)):
            assert one["endpoint_status"]["state"] == "RED_STATE"
            assert str(file) in one["endpoint_status"]["message"]
            assert one["num_indexes"] == 3
        assert [i["name"] for i in opened.list_indexes(ENDPOINT)] == [HEALTHY, INDEX, THIRD]
        new = {"dimension": 4, "vector_column": "v", "schema": SCHEMA, "primary_key": "id"}
        for change, name, *given, options in (
            (opened.stop_endpoint, ENDPOINT, {}),
            (opened.update_endpoint, ENDPOINT, 5, {}),
            (opened.get_permissions, ENDPOINT, {}),
            (opened.create_direct_access_index, "main.a.i", new),
        ):
            with pytest.raises(CorruptFile, match=f"vitrine endpoint create {ENDPOINT}"):
                change(name, *given, **options)
        assert opened.get_permissions("other")["access_control_list"]
    assert command(workspace, "endpoint", "list")[0] == 0
    with pytest.raises(InvalidParameterValue, match="STANDARD"):
        workspace.create_endpoint(ENDPOINT, "STORAGE_OPTIMIZED")
    assert command(workspace, "endpoint", "create", ENDPOINT)[0] == 0
    assert workspace.get_endpoint(ENDPOINT)["endpoint_status"] == {"state": "ONLINE"}
    assert workspace.get_endpoint(ENDPOINT)["num_indexes"] == 3


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_endpoint_that_is_created_again_keeps_all_that_was_known_of_it(
    tmp_path: Path, how: str
) -> None:
    workspace = Workspace(tmp_path)
    known = workspace.create_endpoint("one", target_qps=5, usage_policy_id="policy")["id"]
    workspace.update_endpoint_custom_tags("one", [{"key": "team", "value": "shop"}])
    grant = {"user_name": "ann", "permission_level": "CAN_MANAGE"}
    granted = workspace.update_permissions(known, [grant])
    before = workspace.get_endpoint("one")
    DAMAGES[how](tmp_path / "endpoints" / "one.json")
    with pytest.raises(InvalidParameterValue, match="STANDARD"):
        workspace.create_endpoint("one", "STORAGE_OPTIMIZED")
    workspace.create_endpoint("one")
    after = workspace.get_endpoint("one")
    for shown in (before, after):
        shown.pop("last_updated_timestamp")
    assert after == before
    assert workspace.get_permissions(known) == granted
    workspace.delete_endpoint("one")
    assert workspace.list_endpoints() == []
    assert workspace.create_endpoint("one")["id"] != known


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_endpoint_without_indexes_is_deleted(tmp_path: Path, how: str) -> None:
    workspace = Workspace(tmp_path)
    for name in ("one", "two"):
        workspace.create_endpoint(name)
    DAMAGES[how](tmp_path / "endpoints" / "one.json")
    workspace.delete_endpoint("one")
    assert [endpoint["name"] for endpoint in workspace.list_endpoints()] == ["two"]
    workspace.create_endpoint("one")


@pytest.mark.parametrize("how", NEWER)
def test_an_endpoint_of_a_newer_release_says_so_and_is_not_touched(
    workspace: Workspace, how: str
) -> None:
    file = workspace.path / "endpoints" / f"{ENDPOINT}.json"
    NEWER[how](file)
    kept = file.read_bytes()
    assert "newer release" in workspace.get_endpoint(ENDPOINT)["endpoint_status"]["message"]
    assert found(workspace, INDEX) == 5
    for change in (
        lambda: workspace.stop_endpoint(ENDPOINT),
        lambda: workspace.delete_endpoint(ENDPOINT),
        lambda: workspace.update_endpoint_custom_tags(ENDPOINT, []),
    ):
        with pytest.raises(NewerRelease):
            change()
    with pytest.raises(ResourceConflict, match="newer release"):
        workspace.create_endpoint(ENDPOINT)
    assert file.read_bytes() == kept


def test_a_file_that_is_no_endpoint_is_not_listed(workspace: Workspace) -> None:
    for name in ("Copy of x.json", ".hidden.json", "notes.txt", "UPPER.json"):
        (workspace.path / "endpoints" / name).write_text("{")
    assert_others_go_on(workspace)
    with pytest.raises(NotFound):
        workspace.get_endpoint("UPPER")


# ------------------------------------------------------------------ serving endpoints
SERVING_DAMAGES = {
    how: damage
    for how, damage in DAMAGES.items()
    if how not in ("an unknown word", "a format that is none", "gone") and "checksum" not in how
} | {"an unknown output": edited(lambda values: values["live"].update(output="square"))}


@pytest.mark.parametrize("how", SERVING_DAMAGES)
def test_a_damaged_serving_endpoint_is_listed_with_the_reason_and_deleted(
    tmp_path: Path, how: str
) -> None:
    workspace = Workspace(tmp_path)
    for name in ("one", "two"):
        workspace.create_serving_endpoint(name, "hashed")
    file = tmp_path / "serving" / "one.json"
    SERVING_DAMAGES[how](file)
    shown = {endpoint["name"]: endpoint for endpoint in workspace.list_serving_endpoints()}
    assert shown["two"]["state"]["ready"] == "READY"
    for one in (shown["one"], workspace.get_serving_endpoint("one")):
        assert one["state"]["ready"] == "NOT_READY"
        [entity] = one["config"]["served_entities"]
        assert entity["state"]["deployment"] == "DEPLOYMENT_FAILED"
        assert str(file) in entity["state"]["deployment_state_message"]
    code, said = command(workspace, "serving", "list")
    assert code == 0 and "two" in said
    assert not isinstance(workspace.serving.embed_texts("two", ["red shirt"])[0], str)
    with pytest.raises(CorruptFile, match="vitrine serving delete one"):
        workspace.serving.encoder("one")
    with pytest.raises(ResourceConflict):
        workspace.create_serving_endpoint("one", "hashed")
    assert command(workspace, "serving", "delete", "one")[0] == 0
    workspace.create_serving_endpoint("one", "hashed")
    assert workspace.get_serving_endpoint("one")["state"]["ready"] == "READY"
