"""Tables, volumes, segments and versions: in place, atomic, checked."""

from __future__ import annotations

import ast
import itertools
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine
from engine import (
    BadImage,
    BadSourceFile,
    CorruptFile,
    InvalidParameterValue,
    InvalidState,
    Locked,
    NotFound,
    Workspace,
    WrittenTooFast,
)
from engine.service.sync.run import SyncRun
from engine.store import layout
from engine.store.layout import Layout, write_atomically
from engine.store.vector_columns import shortest_decimals, to_double_lists, to_matrix

VECTORS = np.array([[0.6, 0.8], [1.0, 0.0], [0.1, -0.2]], dtype=np.float32)


def lists(kind: pa.DataType) -> pa.Array:
    if pa.types.is_fixed_size_list(kind):
        flat = pa.array(VECTORS.ravel().astype(kind.value_type.to_pandas_dtype()))
        return pa.FixedSizeListArray.from_arrays(flat, 2)
    rows = [v.astype(kind.value_type.to_pandas_dtype()).tolist() for v in VECTORS]
    if pa.types.is_float16(kind.value_type):
        flat = pa.array(VECTORS.ravel().astype(np.float16))
        return pa.ListArray.from_arrays(pa.array([0, 2, 4, 6], pa.int32()), flat)
    return pa.array(rows, kind)


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float64()),
        pa.list_(pa.float32()),
        pa.list_(pa.float16()),
        pa.large_list(pa.float64()),
        pa.list_(pa.float32(), 2),
        pa.list_(pa.float64(), 2),
        pa.list_(pa.float16(), 2),
    ],
    ids=str,
)
def test_embeddings_of_every_exported_type_can_be_searched(
    workspace: Workspace, tmp_path: Path, kind: pa.DataType
) -> None:
    file = tmp_path / "exported.parquet"
    pq.write_table(pa.table({"product_id": [7, 8, 9], "v": lists(kind)}), file)
    before = file.read_bytes()
    assert workspace.register_table("exported", file) == 3
    report = workspace.create_index(
        "main.a.i", source_table="exported", vector_column="v", create_endpoint=True
    )
    assert (report.indexed, report.failed) == (3, 0)
    found = workspace.search(vector=[0.6, 0.8], index="main.a.i", k=1)
    assert found[0]["product_id"] == 7
    assert found[0]["cosine"] == pytest.approx(1, abs=1e-3)
    assert file.read_bytes() == before
    assert not list((workspace.path / "tables").rglob("*.parquet"))


def test_a_table_of_several_files_and_folders(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(3):
        pq.write_table(pa.table({"id": [number]}), folder / f"{number}.parquet")
    assert workspace.register_table("main.x.whole", folder) == 3
    assert workspace.register_table("some", str(folder / "[01].parquet")) == 2
    assert workspace.read_table("main.x.whole")["id"].to_pylist() == [0, 1, 2]
    assert workspace.list_tables() == ["main.fashion_demo.some", "main.x.whole"]


def test_registering_what_is_not_parquet_names_the_file(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "a.parquet").write_text("id,name\n")
    pq.write_table(pa.table({"id": [1]}), tmp_path / "b.parquet")
    pq.write_table(pa.table({"key": [1]}), tmp_path / "c.parquet")
    with pytest.raises(BadSourceFile, match=r"a\.parquet: not a readable Parquet file"):
        workspace.register_table("t", tmp_path / "a.parquet")
    with pytest.raises(BadSourceFile, match=r"c\.parquet: its columns are key; those of .* id"):
        workspace.register_table("t", [tmp_path / "b.parquet", tmp_path / "c.parquet"])
    with pytest.raises(BadSourceFile, match="no Parquet file is here"):
        workspace.register_table("t", tmp_path / "none*.parquet")
    with pytest.raises(InvalidParameterValue, match="'a-b' is not a table name"):
        workspace.register_table("a-b", tmp_path / "b.parquet")


def test_a_registered_file_that_went_away_is_named(workspace: Workspace, tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1]}), tmp_path / "b.parquet")
    workspace.register_table("t", tmp_path / "b.parquet")
    (tmp_path / "b.parquet").unlink()
    with pytest.raises(BadSourceFile, match=r"b\.parquet: a file of table .* is gone"):
        workspace.read_table("t")


def test_an_unknown_table_gets_a_suggestion(workspace: Workspace) -> None:
    workspace.write_table("products", pa.table({"id": [1]}))
    with pytest.raises(NotFound, match=r"Did you mean 'main.fashion_demo.products'"):
        workspace.read_table("product")


def test_replacing_a_table_leaves_no_old_file(workspace: Workspace) -> None:
    for number in range(3):
        workspace.write_table("t", pa.table({"id": [number]}))
    assert workspace.read_table("t")["id"].to_pylist() == [2]
    assert len(list((workspace.path / "tables").rglob("*.parquet"))) == 1


def test_a_failed_write_leaves_the_old_table(workspace: Workspace) -> None:
    from engine.core.names import table_name

    workspace.write_table("t", pa.table({"id": [1]}))
    schema = pa.schema([("id", pa.int64())])
    with pytest.raises(RuntimeError), workspace.tables.writing(table_name("t"), schema, {}):
        raise RuntimeError
    assert workspace.read_table("t")["id"].to_pylist() == [1]
    assert len(list((workspace.path / "tables").rglob("*.parquet"))) == 1


# ---------------------------------------------------------------------- volumes
def test_volume_paths_are_read_where_they_were_registered(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "1.jpg").write_bytes(b"data")
    workspace.register_volume("/Volumes/main/s/v/images", tmp_path / "pics")
    assert workspace.volumes.read("/Volumes/main/s/v/images/1.jpg") == b"data"
    assert workspace.volumes.read("dbfs:/Volumes/main/s/v/images/1.jpg") == b"data"
    assert workspace.volumes.read(str(tmp_path / "pics" / "1.jpg")) == b"data"
    own = workspace.path / "volumes" / "main" / "s" / "own"
    own.mkdir(parents=True)
    (own / "2.jpg").write_bytes(b"more")
    assert workspace.volumes.read("/Volumes/main/s/own/2.jpg") == b"more"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/Volumes/main/s/v/../../../etc/passwd", "is not a volume path"),
        ("/Volumes/main", "is not a volume path"),
        ("/Volumes/main/s/v/none.jpg", "no file at /Volumes/main/s/v/none.jpg"),
        ("", "no image_path"),
    ],
)
def test_a_path_that_can_not_be_read_is_named(workspace: Workspace, path: str, words: str) -> None:
    with pytest.raises(BadImage, match=words):
        workspace.volumes.read(path)


def test_an_empty_image_file_is_named(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "e.jpg").touch()
    with pytest.raises(BadImage, match=r"e\.jpg is empty"):
        workspace.volumes.read(str(tmp_path / "e.jpg"))


# ---------------------------------------------------------------------- index files
@pytest.fixture
def indexed(workspace: Workspace) -> Path:
    table = pa.table({"product_id": [1, 2, 3], "v": VECTORS.tolist()})
    workspace.write_table("t", table)
    workspace.create_index("main.a.i", source_table="t", vector_column="v", create_endpoint=True)
    return workspace.path / "indexes" / "main.a.i"


def query(workspace: Workspace) -> list[int]:
    fresh = Workspace(workspace.path)
    found = fresh.search(vector=[1.0, 0.0], index="main.a.i", k=3)
    return [row["product_id"] for row in found]


@pytest.mark.parametrize("name", ["rows.parquet", "vectors.npy"])
@pytest.mark.parametrize("damage", ["truncated", "removed"])
def test_a_damaged_segment_is_a_named_error_and_a_sync_repairs_it(
    workspace: Workspace, indexed: Path, name: str, damage: str
) -> None:
    assert query(workspace) == [2, 1, 3]
    (file,) = indexed.glob(f"segments/*/{name}")
    if damage == "removed":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(CorruptFile, match=name):
        query(workspace)
    table = pa.table({"product_id": [1, 2, 3], "v": VECTORS.tolist()})
    workspace.write_table("t", table)
    Workspace(workspace.path).sync("main.a.i")
    assert query(workspace) == [2, 1, 3]


def test_a_flipped_bit_is_found_by_the_checksums(workspace: Workspace, indexed: Path) -> None:
    (part,) = workspace.registry.open("main.a.i")[1].current().parts
    part.segment.verify()
    (file,) = indexed.glob("segments/*/vectors.npy")
    data = bytearray(file.read_bytes())
    data[-3] ^= 4
    file.write_bytes(data)
    with pytest.raises(CorruptFile, match=r"vectors\.npy does not match its checksum"):
        part.segment.verify()
    with pytest.raises(CorruptFile, match=r"Run: vitrine index restore main\.a\.i, or sync"):
        query(workspace)


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"segments": ["name"]}'],
    ids=["cut", "list", "empty", "before 0.2"],
)
def test_a_damaged_manifest_is_named_and_a_sync_repairs_it(
    workspace: Workspace, indexed: Path, content: str
) -> None:
    (indexed / "versions" / "1.json").write_text(content)
    with pytest.raises(CorruptFile, match=r"1\.json is"):
        query(workspace)
    Workspace(workspace.path).sync("main.a.i")  # the first one has it in memory, intact
    assert query(workspace) == [2, 1, 3]


def test_the_highest_version_is_the_published_one(workspace: Workspace, indexed: Path) -> None:
    workspace.write_table("t", pa.table({"product_id": [3], "v": [[1.0, 0.0]]}))
    workspace.sync("main.a.i")
    assert query(workspace) == [3]
    (indexed / "versions" / "2.json").unlink()
    assert query(workspace) == [2, 1, 3]


def test_old_versions_are_collected_but_the_last_one(workspace: Workspace, indexed: Path) -> None:
    for number in range(4):
        table = pa.table({"product_id": [number + 10], "v": [[1.0, 0.0]]})
        workspace.write_table("t", table)
        assert workspace.sync("main.a.i").indexed == 1
    assert sorted(p.stem for p in indexed.glob("versions/*")) == ["4", "5"]
    assert len(list(indexed.glob("segments/*"))) == 2
    assert query(workspace) == [13]


def test_a_crashed_writers_segment_is_swept_by_the_next_sync(
    workspace: Workspace, indexed: Path
) -> None:
    shutil.copytree(next(indexed.glob("segments/*")), indexed / "segments" / "leftover")
    workspace.write_table("t", pa.table({"product_id": [5], "v": [[1.0, 0.0]]}))
    workspace.sync("main.a.i")
    assert not (indexed / "segments" / "leftover").exists()


def test_an_unchanged_source_is_not_indexed_again(workspace: Workspace, indexed: Path) -> None:
    before = sorted(indexed.rglob("*"))
    report = workspace.sync("main.a.i")
    assert (report.changed, report.indexed) == (False, 3)
    assert sorted(indexed.rglob("*")) == before


def test_a_reader_keeps_its_version_while_a_new_one_is_published(
    workspace: Workspace, indexed: Path
) -> None:
    version = workspace.registry.open("main.a.i")[1].current()
    for number in range(3):
        workspace.write_table("t", pa.table({"product_id": [number], "v": [[0.0, 1.0]]}))
        Workspace(workspace.path).sync("main.a.i")
    rows = version.parts[0].segment.fetch(["product_id", "v"], np.array([0, 1, 2]))
    assert rows == [[1, 2, 3], [[0.6, 0.8], [1.0, 0.0], [0.1, -0.2]]]


# ---------------------------------------------------------------------- publishing and locks
def test_an_atomic_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomically(tmp_path / "f", b"old")
    monkeypatch.setattr("os.replace", lambda *a: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_atomically(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_two_writers_take_turns(tmp_path: Path) -> None:
    one, two = Layout(tmp_path), Layout(tmp_path)
    with (
        one.writing("index-x"),
        pytest.raises(Locked, match="being written by another process") as caught,
        two.writing("index-x", wait_seconds=0.1),
    ):
        pass
    assert caught.value.lock == "index-x"
    assert isinstance(caught.value, InvalidState)
    with two.writing("index-x", wait_seconds=0.1):
        pass


def test_a_lock_that_another_thing_is_held_by_is_not_taken_for_a_running_sync(
    workspace: Workspace, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*arguments: object) -> None:
        raise Locked("index-main.a.i is being written, says a table's lock", lock="table-x")

    monkeypatch.setattr(SyncRun, "_follow_source", locked)
    with pytest.raises(Locked):
        workspace.sync("main.a.i")


def test_a_reader_that_no_version_waits_for_says_so(
    workspace: Workspace, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = itertools.count(1)

    def gone(number: int) -> None:
        raise FileNotFoundError(2, "gone", "x")

    versions = Workspace(workspace.path).registry.open("main.a.i")[1]
    monkeypatch.setattr(versions, "get", gone)
    monkeypatch.setattr(versions, "current_number", lambda: next(numbers))
    with pytest.raises(WrittenTooFast, match="Try again"):
        versions.current()


def decides_by_text(tree: ast.AST) -> bool:
    """Whether a caught error's text or arguments are compared or searched somewhere."""
    caught = {n.name for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.name}

    def is_text(node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute) and node.attr in ("message", "args", "in_words"):
            return isinstance(node.value, ast.Name) and node.value.id in caught
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names = {arg.id for arg in node.args if isinstance(arg, ast.Name)}
            return node.func.id in ("str", "repr") and bool(names & caught)
        return False

    tests = {"startswith", "endswith", "search", "match", "fullmatch", "find", "index", "count"}
    return any(
        any(map(is_text, ast.walk(node)))
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        or (isinstance(node, ast.Call) and getattr(node.func, "attr", "") in tests)
    )


@pytest.mark.parametrize(
    "test",
    ["'disk' in str(error)", "error.message == 'x'", "str(error).startswith('x')",
     "re.search('x', str(error))", "error.args[0] == 'x'"],
)  # fmt: skip
def test_reading_the_text_of_an_error_is_found(test: str) -> None:
    code = "try:\n    pass\nexcept OSError as error:\n    found = {}"
    assert decides_by_text(ast.parse(code.format(test)))
    assert not decides_by_text(ast.parse(code.format("f'{error}', error.errno == 28")))


def test_no_code_reads_the_text_of_an_error() -> None:
    found = {
        path.name
        for path in Path(engine.__file__).parent.rglob("*.py")
        if decides_by_text(ast.parse(path.read_text()))
    }
    # tantivy says by text alone that a disk is full.
    assert found == {"inverted_index.py"}


def test_a_sync_during_a_sync_is_refused_as_on_the_cloud(
    workspace: Workspace, indexed: Path
) -> None:
    from engine import BadRequest

    with (
        Layout(workspace.path).writing("index-main.a.i"),
        pytest.raises(
            BadRequest, match=r"Index is not ready to sync yet. Pipeline is in state RUN"
        ),
    ):
        workspace.sync("main.a.i")


# ---------------------------------------------------------------------- vector columns
def test_unusable_vectors_are_told_apart() -> None:
    column = pa.array(
        [[1.0, 2.0], None, [1.0], [float("nan"), 0.0], [1e300, 0.0], [None, 1.0], [3.0, 4.0]],
        pa.list_(pa.float64()),
    )
    matrix, good, reasons = to_matrix(column, 2)
    assert matrix.tolist() == [[1, 2], [3, 4]]
    assert good.tolist() == [True, False, False, False, False, False, True]
    assert set(reasons) == {1, 2, 3, 4, 5}
    assert reasons[1] == "the vector is null"
    assert reasons[2] == "the vector has 1 numbers, expected 2"
    assert "NaN" in reasons[3]


def test_float32_goes_through_double_lists_unchanged() -> None:
    matrix = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
    back, good, _ = to_matrix(to_double_lists(matrix), 7)
    assert good.all()
    np.testing.assert_array_equal(back, matrix)
    assert to_double_lists(matrix[:0]).to_pylist() == []


def test_vectors_are_shown_as_their_shortest_decimals() -> None:
    assert shortest_decimals(np.array([[0.1, 1e-8, -3.0]], dtype=np.float32)) == [
        [0.1, 1e-08, -3.0]
    ]
    matrix = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    shown = np.array(json.loads(json.dumps(shortest_decimals(matrix))), dtype=np.float32)
    np.testing.assert_array_equal(shown, matrix)
    assert shortest_decimals(matrix[:0]) == []


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_every_finite_float32_is_shown_as_numpy_writes_it(numbers: list[float]) -> None:
    matrix = np.array([numbers], dtype=np.float32)
    expected = [float(str(number)) for number in matrix[0]]
    found = shortest_decimals(matrix)[0]
    assert found == expected and all(type(number) is float for number in found)
    assert [math.copysign(1, number) for number in found] == [
        math.copysign(1, number) for number in expected
    ]


def test_columns_of_a_wider_matrix_are_shown_too() -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2]
    assert shortest_decimals(matrix) == matrix.astype(float).tolist()
    large = np.arange(200_000, dtype=np.float32).reshape(50, 4000)
    assert shortest_decimals(large) == large.astype(float).tolist()
    assert shortest_decimals(large[:2, :0]) == [[], []]


def test_a_column_first_asked_for_after_its_version_was_collected_can_be_read(
    tmp_path: Path,
) -> None:
    workspace = Workspace(tmp_path)
    workspace.create_direct_access_index(
        "main.a.late",
        dimension=2,
        vector_column="v",
        schema={"id": "int", "name": "string", "kind": "string", "v": "array<float>"},
        primary_key="id",
        create_endpoint=True,
    )

    def write(count: int) -> None:
        rows = [
            {"id": key, "name": f"name {key}", "kind": "one", "v": [float(key), 1.0]}
            for key in range(count)
        ]
        workspace.upsert("main.a.late", rows)

    write(3000)
    _, versions, old = workspace.version_of("main.a.late")
    for count in (1, 2, 3):
        write(count)
    with pytest.raises(FileNotFoundError):
        type(versions)(versions.layout, versions.spec).get(old.number)
    rows = np.array([0, 2999])
    values = [part.segment.fetch(["name", "kind"], rows) for part in old.parts]
    assert values == [[["name 0", "name 2999"], ["one", "one"]]]


def test_a_document_made_between_the_looks_for_it_and_for_its_copy_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, plain = tmp_path / "index.json", layout.read_json
    made: list[bool] = []

    def read(path: Path, advice: str) -> dict[str, object]:
        try:
            return plain(path, advice)
        finally:
            if not made:  # another process makes it just after it was not found
                made.append(True)
                layout.write_twice(file, {"id": "1"})

    monkeypatch.setattr(layout, "read_json", read)
    assert layout.read_kept_twice(file, "") == {"id": "1"}
    file.unlink()
    with pytest.raises(CorruptFile, match="it is missing"):
        layout.read_kept_twice(file, "")
    layout.copy_of(file).unlink()
    with pytest.raises(FileNotFoundError):
        layout.read_kept_twice(file, "")
