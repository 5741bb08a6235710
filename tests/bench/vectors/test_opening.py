"""Vectors by the path of their file: .npy, Parquet, TEXMEX; mapped, or refused with reasons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.mapped import is_mapped

from engine.bench.vectors.opening import READERS, open_vectors
from engine.errors import BadSourceFile, InvalidParameterValue, NotFound

VECTORS = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)


def test_what_is_not_there_and_what_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"x\.npy does not exist; give a file of vectors: \.hdf5"):
        open_vectors(tmp_path / "x.npy")
    (tmp_path / "x.pickle").write_bytes(b"")
    with pytest.raises(
        InvalidParameterValue, match=r"ending '\.pickle' is not known; expected one"
    ):
        open_vectors(tmp_path / "x.pickle")
    with pytest.raises(InvalidParameterValue, match="ending ''"):
        open_vectors(tmp_path)


@pytest.mark.parametrize("ending", [one for one in READERS if one not in (".hdf5", ".h5")])
@pytest.mark.parametrize("data", [b"", b"abc", b"\x03\x00\x00\x00 cut off"])
def test_a_file_that_is_none_of_its_kind_is_named(tmp_path: Path, ending: str, data: bytes) -> None:
    file = tmp_path / f"x{ending}"
    file.write_bytes(data)
    with pytest.raises(BadSourceFile, match=r"x\."):
        open_vectors(file)


# ------------------------------------------------------------------ .npy


def test_npy_is_mapped_and_other_numbers_are_converted(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VECTORS)
    found = open_vectors(tmp_path / "a.npy")
    assert is_mapped(found.vectors) and (found.vectors == VECTORS).all()
    assert (found.name, found.queries, found.neighbors, found.metric) == (
        "a",
        None,
        None,
        "angular",
    )
    for kind in (np.float16, np.float64, np.int8, ">f4"):
        np.save(tmp_path / "b.npy", VECTORS.astype(kind))
        read = open_vectors(tmp_path / "b.npy").vectors
        assert read.dtype == np.float32 and (read == VECTORS.astype(kind)).all()


def test_queries_lie_beside_vectors(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", VECTORS)
    np.save(tmp_path / "queries.npy", VECTORS[:2])
    queries = open_vectors(tmp_path / "vectors.npy").queries
    assert queries is not None and (queries == VECTORS[:2]).all()
    np.save(tmp_path / "queries.npy", VECTORS[:2, :2])
    with pytest.raises(BadSourceFile, match=r"queries\.npy: queries of 2 numbers; .* vectors of 3"):
        open_vectors(tmp_path / "vectors.npy")


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (VECTORS[0], r"shape \(3,\); expected \(vectors, dimension\)"),
        (VECTORS[:, :0], r"shape \(20, 0\)"),
        (np.array([["a"]]), "an array of <U1; expected numbers"),
        (np.array([[True]]), "an array of bool; expected numbers"),
        (np.array([[{}]], dtype=object), "no array that can be read"),
    ],
)
def test_an_array_that_is_no_matrix_of_numbers(
    tmp_path: Path, array: np.ndarray, said: str
) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(BadSourceFile, match=said):
        open_vectors(tmp_path / "a.npy")


def test_several_arrays_under_the_name_of_one(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, a=VECTORS)
    with pytest.raises(BadSourceFile, match="several arrays; expected one"):
        open_vectors(tmp_path / "a.npy")
    with pytest.raises(InvalidParameterValue, match="column 'x'"):
        open_vectors(tmp_path / "a.npy", "x")


# ------------------------------------------------------------------ Parquet


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float32()),
        pa.list_(pa.float32(), 3),
        pa.large_list(pa.float64()),
        pa.list_(pa.float16(), 3),
    ],
    ids=str,
)
def test_parquets_column_of_lists_over_several_row_groups(
    tmp_path: Path, kind: pa.DataType
) -> None:
    values = VECTORS.astype(np.float16).astype(np.float32)
    scalars = values.astype(np.float16) if kind.value_type == pa.float16() else values
    lists = pa.array([list(row) for row in scalars], kind)
    table = pa.table({"id": range(20), "tags": [["a"]] * 20, "vector": lists})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=7)
    assert (open_vectors(tmp_path / "a.parquet").vectors == values).all()
    assert (open_vectors(tmp_path / "a.parquet", "vector").vectors == values).all()
    pq.write_table(table, tmp_path / "b.parquet")
    assert len(open_vectors(tmp_path).vectors) == 40


def test_which_column_is_asked_for_where_it_is_not_clear(tmp_path: Path) -> None:
    table = pa.table({"a": VECTORS.tolist(), "b": VECTORS.tolist(), "c": range(20)})
    pq.write_table(table, tmp_path / "a.parquet")
    assert (open_vectors(tmp_path / "a.parquet", "b").vectors == VECTORS).all()
    with pytest.raises(
        InvalidParameterValue, match=r"which column of vectors; there are: \['a', 'b'\]"
    ):
        open_vectors(tmp_path / "a.parquet")
    with pytest.raises(InvalidParameterValue, match=r"no column of vectors 'c'; there are"):
        open_vectors(tmp_path / "a.parquet", "c")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[1.0, 2.0], [1.0]], "row 1 of 'v' has 1 numbers; row 0 has 2 numbers"),
        ([[1.0, 2.0], None], "row 1 of 'v' has no vector; row 0 has 2"),
        ([None, [1.0]], "row 0 of 'v' has no vector"),
        ([[], [1.0]], "row 0 of 'v' has no vector"),
        ([], "no row in 'v'"),
        ([[1.0, None], [1.0, 2.0]], "row 0 of 'v' has a number that is missing"),
    ],
)
def test_rows_that_are_no_vectors_are_named(tmp_path: Path, rows: list[object], said: str) -> None:
    pq.write_table(pa.table({"v": pa.array(rows, pa.list_(pa.float32()))}), tmp_path / "a.parquet")
    with pytest.raises(BadSourceFile, match=said):
        open_vectors(tmp_path / "a.parquet")


# ------------------------------------------------------------------ TEXMEX


def texmex(file: Path, values: np.ndarray) -> Path:
    """Each row behind its dimension."""
    with file.open("wb") as out:
        for row in values:
            out.write(np.int32(len(row)).tobytes() + row.tobytes())
    return file


def test_texmex_is_mapped_with_what_lies_beside_it(tmp_path: Path) -> None:
    base = texmex(tmp_path / "sift_base.fvecs", VECTORS)
    alone = open_vectors(base)
    assert (alone.vectors == VECTORS).all() and is_mapped(alone.vectors)
    assert alone.queries is None and alone.neighbors is None and alone.metric == "euclidean"
    texmex(tmp_path / "sift_query.fvecs", VECTORS[:2])
    texmex(tmp_path / "sift_groundtruth.ivecs", np.array([[0, 1], [1, 0]], np.int32))
    found = open_vectors(base)
    assert found.queries is not None and (found.queries == VECTORS[:2]).all()
    assert found.neighbors is not None and found.neighbors.tolist() == [[0, 1], [1, 0]]
    texmex(tmp_path / "sift_groundtruth.ivecs", np.array([[0, 20]], np.int32))
    with pytest.raises(
        BadSourceFile, match="neighbors name rows from 0 to 20; there are 20 vectors"
    ):
        open_vectors(base)


def test_bytes_are_converted(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.uint8).reshape(4, 3)
    found = open_vectors(texmex(tmp_path / "x.bvecs", values)).vectors
    assert found.dtype == np.float32 and (found == values).all()


def test_vectors_of_other_lengths_in_between_are_found(tmp_path: Path) -> None:
    odd = VECTORS.copy()
    file = texmex(tmp_path / "x.fvecs", odd)
    data = bytearray(file.read_bytes())
    data[16:20] = np.int32(2).tobytes()  # the second vector's dimension
    file.write_bytes(bytes(data))
    with pytest.raises(BadSourceFile, match="vector 1 says that it has 2 numbers; the first has 3"):
        open_vectors(file)
