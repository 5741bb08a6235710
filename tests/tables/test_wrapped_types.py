"""Files whose columns are views, JSON, tensors or dictionaries, and folders behind links."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import VectorSearchClient, Workspace

JSON = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"drive":"AWD"}', None]))
BOOL8 = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8()))
UNIT = [[1.0, 0.0], [0.0, 1.0]]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w")


def indexed(workspace: Workspace, file: Path, columns: dict[str, Any]) -> Any:
    pq.write_table(pa.table({"v": pa.array(UNIT, pa.list_(pa.float32())), **columns}), file)
    workspace.register_table("main.t.a", [file])
    client = VectorSearchClient(disable_notice=True, workspace=workspace)
    client.create_endpoint("e", "STANDARD")
    return client.create_delta_sync_index_and_wait(
        endpoint_name="e",
        index_name="main.t.i",
        primary_key="id",
        source_table_name="main.t.a",
        pipeline_type="TRIGGERED",
        embedding_dimension=2,
        embedding_vector_column="v",
    )


def rows(index: Any, columns: list[str], filters: Any = None) -> list[list[Any]]:
    reply = index.similarity_search(columns=columns, query_vector=[1, 0], filters=filters)
    return [row[:-1] for row in reply["result"].get("data_array", [])]


@pytest.mark.parametrize(
    ("values", "shown", "filters"),
    [
        (JSON, ['{"drive":"AWD"}', None], {"x LIKE": '%"AWD"%'}),
        (BOOL8, [True, False], {"x": True}),
        (pa.array(["a", "b"], pa.string_view()), ["a", "b"], {"x": "a"}),
        (pa.array([b"a", None], pa.binary_view()), ["YQ==", None], {"id": 1}),
    ],
    ids=["json", "bool8", "string_view", "binary_view"],
)
def test_a_wrapped_type_is_what_it_holds(
    workspace: Workspace, tmp_path: Path, values: pa.Array, shown: list[Any], filters: Any
) -> None:
    """JSON and booleans of eight bits could not be filtered; a view of bytes ended in a traceback."""
    index = indexed(workspace, tmp_path / "a.parquet", {"id": [1, 2], "x": values})
    assert [row[0] for row in rows(index, ["x"])] == shown
    assert rows(index, ["id"], filters) == [[1.0]]


@pytest.mark.parametrize(
    "keys",
    [pa.array(["a", "b"], pa.string_view()), pa.array(["a", "b"]).dictionary_encode()],
    ids=["string_view", "dictionary"],
)
def test_a_key_of_text_is_one_in_any_layout(
    workspace: Workspace, tmp_path: Path, keys: pa.Array
) -> None:
    index = indexed(workspace, tmp_path / "a.parquet", {"id": keys})
    assert rows(index, ["id"]) == [["a"], ["b"]]


def test_a_tensor_is_a_vector(workspace: Workspace, tmp_path: Path) -> None:
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(np.eye(2, dtype=np.float32))
    index = indexed(workspace, tmp_path / "a.parquet", {"id": [1, 2], "v": tensor})
    assert rows(index, ["v"]) == [[UNIT[0]], [UNIT[1]]]


def test_a_folder_behind_a_link_is_part_of_the_table(workspace: Workspace, tmp_path: Path) -> None:
    """Its rows were left out without a word; a link to a folder around it ends nowhere."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "shop").mkdir()
    pq.write_table(pa.table({"id": [1]}), tmp_path / "disk" / "a.parquet")
    (tmp_path / "shop" / "color=Red").symlink_to(tmp_path / "disk")
    (tmp_path / "shop" / "color=Blue").symlink_to(tmp_path / "shop")
    workspace.register_table("main.t.a", [tmp_path / "shop"])
    assert workspace.read_table("main.t.a").to_pylist() == [{"id": 1, "color": "Red"}]


def test_a_parquet_file_without_its_ending_is_part_of_the_table(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Their rows were left out without a word; what is no Parquet file stays out."""
    shop = tmp_path / "shop"
    shop.mkdir()
    for place, name in enumerate(["part-00000", "part-00001.parq", "part-00002.pq", "x.PARQUET"]):
        pq.write_table(pa.table({"id": [place]}), shop / name)
    (shop / "README").write_text("PAR")
    (shop / "notes.txt").write_text("PAR1")
    os.mkfifo(shop / "pipe")
    workspace.register_table("main.t.a", [shop])
    assert sorted(workspace.read_table("main.t.a")["id"].to_pylist()) == [0, 1, 2, 3]
