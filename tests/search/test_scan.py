"""Scan: every live row once, in the order of keys, with typed values; also while rows change."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.syncs import synced

from engine import BadRequest, InvalidParameterValue, NotFound, VectorSearchClient, Workspace
from engine.doors.client.client import VectorSearchIndex
from engine.service.search import scan as scanning

STEADY = settings(derandomize=True, deadline=None, max_examples=40)
ENDPOINT = "fashion_vector_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
OWN = "main.fashion_demo.own"

CreateIndex = Callable[..., VectorSearchIndex]


def keys_of(reply: dict[str, Any], key: str) -> list[Any]:
    """The keys on a page, as they arrive."""
    out = []
    for row in reply["data"]:
        [value] = [field["value"] for field in row["fields"] if field["key"] == key]
        out.append(value.get("number_value", value.get("string_value")))
    return out


def all_keys(index: VectorSearchIndex, key: str, size: int) -> list[Any]:
    """Keys of all pages, joined; the last page is the first empty one."""
    found: list[Any] = []
    last = None
    while True:
        page = index.scan(size, last)
        if not page:
            assert page == {}, "clients loop until a page is empty"
            return found
        assert len(page["data"]) <= size
        found += keys_of(page, key)
        assert isinstance(page["last_primary_key"], str)
        last = page["last_primary_key"]


def own_index(client: VectorSearchClient, name: str, key_type: str) -> VectorSearchIndex:
    schema = {"id": key_type, "vector": "array<float>", "note": "string"}
    return client.create_direct_access_index(ENDPOINT, name, "id", 2, "vector", schema)


def put(index: VectorSearchIndex, keys: Sequence[Any], note: str = "") -> None:
    rows = [{"id": key, "vector": [0.6, 0.8], "note": note} for key in keys]
    assert index.upsert(rows)["status"] == "SUCCESS"


# ------------------------------------------------------------------ one page
def test_a_row_has_every_column_with_the_name_of_its_type(
    index: VectorSearchIndex, products: pa.Table
) -> None:
    reply = index.scan(num_results=60)
    assert set(reply) == {"data", "last_primary_key"}
    json.dumps(reply, allow_nan=False)
    rows = sorted(products.to_pylist(), key=lambda row: row["product_id"])
    kinds = {int: "number_value", float: "number_value", str: "string_value", bool: "bool_value"}
    for row, sent in zip(rows, reply["data"]):
        assert [field["key"] for field in sent["fields"]] == products.column_names
        values = {field["key"]: field["value"] for field in sent["fields"]}
        for name in ("product_id", "price", "base_color", "in_stock", "year", "gender"):
            if row[name] is None:
                assert values[name] == {}
            else:
                assert values[name] == {kinds[type(row[name])]: row[name]}
        assert type(values["product_id"]["number_value"]) is float
        assert values["added_on"] == {"string_value": row["added_on"].isoformat()}
        moment = row["updated_at"].replace(tzinfo=None)
        assert values["updated_at"] == {"string_value": moment.isoformat()}
        assert values["tags"] == {
            "list_value": {"values": [{"string_value": t} for t in row["tags"]]}
        }
        numbers = [
            each["number_value"] for each in values["image_embedding"]["list_value"]["values"]
        ]
        exact = np.array(row["image_embedding"], dtype=np.float32)
        assert np.array_equal(np.array(numbers, dtype=np.float32), exact)
        assert numbers == [float(str(number)) for number in exact]


def test_ten_rows_come_where_none_are_asked_for(index: VectorSearchIndex) -> None:
    assert len(index.scan()["data"]) == 10
    assert index.scan_index(3) == index.scan(num_results=3)
    assert index.scan_index(3, "10000") == index.scan(3, last_primary_key=10_000)


def test_the_last_key_is_exclusive_and_may_come_in_any_form(index: VectorSearchIndex) -> None:
    page = index.scan(3)
    assert keys_of(page, "product_id") == [10_000.0, 10_007.0, 10_014.0]
    assert page["last_primary_key"] == "10014"
    for last in ("10014", 10_014, 10_014.0, "10015", 10_020):  # the key need not be there
        assert keys_of(index.scan(2, last), "product_id") == [10_021.0, 10_028.0]
    assert keys_of(index.scan(2, -(10**30)), "product_id") == [10_000.0, 10_007.0]
    assert index.scan(2, 10**30) == {}
    assert index.scan(2, 10_000 + 59 * 7) == {}


@pytest.mark.parametrize("last", ["x", "1.5", "", 1.5, True, [1], float("nan"), b"1"])
def test_a_last_key_of_another_type_is_shown(index: VectorSearchIndex, last: Any) -> None:
    with pytest.raises(InvalidParameterValue, match="last_primary_key is"):
        index._workspace.scan_index(index.name, 10, last)


@pytest.mark.parametrize("number", [0, -1, 10_001, 2.0, "5", True, 10**30])
def test_another_number_of_rows_is_shown(index: VectorSearchIndex, number: Any) -> None:
    with pytest.raises(InvalidParameterValue, match="num_results is") as caught:
        index.scan(number)
    assert repr(number) in caught.value.message


def test_the_clients_empty_last_key_starts_at_the_first_row(index: VectorSearchIndex) -> None:
    for nothing in (None, "", 0):
        assert index.scan(2, nothing) == index.scan(2)


def test_an_index_without_rows_has_an_empty_scan(client: VectorSearchClient) -> None:
    index = own_index(client, OWN, "int")
    assert index.scan() == {}
    put(index, [1])
    index.delete([1])
    assert index.scan() == {}


def test_an_index_that_is_not_there_is_not_found(client: VectorSearchClient) -> None:
    with pytest.raises(NotFound):
        client.workspace.scan_index("a.b.c")


def test_an_index_without_version_is_not_ready(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    folder = client.workspace._layout.index_dir(index.name)
    for file in (folder / "versions").iterdir():
        file.unlink()
    with pytest.raises(BadRequest, match="not ready"):
        Workspace(client.workspace._layout.root).scan_index(index.name)


def test_changing_a_page_changes_nothing_stored(index: VectorSearchIndex) -> None:
    before = json.dumps(index.scan(2))
    index.scan(2)["data"][0]["fields"].clear()
    assert json.dumps(index.scan(2)) == before


# ------------------------------------------------------------------ the order
def test_integers_go_by_number(client: VectorSearchClient) -> None:
    index = own_index(client, OWN, "bigint")
    keys = [10, 9, -1, 2**62, -(2**62), 0, 100]
    put(index, keys[:4])
    put(index, keys[4:])
    last, found = None, []
    while page := index.scan(1, last):
        last = page["last_primary_key"]
        found.append(int(last))
    assert found == sorted(keys)


def test_text_goes_by_code_point(client: VectorSearchClient) -> None:
    index = own_index(client, OWN, "string")
    keys = ["b", "a", "B", "10", "9", "Ä", "ä", "\U0001f600", "￿", "a b", "'"]
    put(index, keys[:5])
    put(index, keys[5:])
    for size in (1, 2, 4, 20):
        assert all_keys(index, "id", size) == sorted(keys)
    assert keys_of(index.scan(1, 10), "id") == ["9"]  # a number stands for its text
    with pytest.raises(InvalidParameterValue, match="is text"):
        index.scan(1, 1.5)


# ------------------------------------------------------------------ all pages
@pytest.mark.parametrize("size", [1, 7, 59, 60, 61, 1000])
def test_pages_of_any_size_visit_each_row_once(
    index: VectorSearchIndex, products: pa.Table, size: int
) -> None:
    assert all_keys(index, "product_id", size) == sorted(products["product_id"].to_pylist())


def test_a_scan_goes_on_after_a_sync_and_a_restart(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    index = create_index()
    first = index.scan(30)
    client.workspace.write_table(TABLE, products.slice(0, 50))
    synced(index)
    again = VectorSearchClient(workspace=client.workspace._layout.root)
    rest = again.get_index(index_name=index.name).scan(100, first["last_primary_key"])
    left = sorted(products.slice(0, 50)["product_id"].to_pylist())
    last = int(first["last_primary_key"])
    assert keys_of(rest, "product_id") == [key for key in left if key > last]


def test_the_keys_of_a_segment_are_sorted_once(
    client: VectorSearchClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class Counted(scanning.KeyOrder):
        def __init__(self, keys: pa.Array) -> None:
            made.append(len(keys))
            super().__init__(keys)

    monkeypatch.setattr(scanning, "KeyOrder", Counted)
    index = own_index(client, OWN, "int")
    put(index, range(50))
    for _ in range(2):
        assert len(all_keys(index, "id", 8)) == 50
    assert made == [50]


def test_a_page_reads_no_more_rows_than_it_shows(
    client: VectorSearchClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = own_index(client, OWN, "int")
    put(index, range(500))
    segment = client.workspace.version_of(OWN)[2].parts[0].segment
    taken: list[int] = []
    fetch = segment.fetch

    def counted(columns: Sequence[str], rows: Any) -> list[list[Any]]:
        taken.append(len(rows))
        return fetch(columns, rows)

    monkeypatch.setattr(segment, "fetch", counted)
    index.scan(5, 250)
    assert taken == [5]


# ------------------------------------------------------------------ rows that come and go meanwhile
KEYS = st.integers(-20, 20)
STEP = st.tuples(st.sampled_from(["put", "delete"]), st.lists(KEYS, min_size=1, max_size=6))
STEPS = st.lists(STEP, max_size=4)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> VectorSearchClient:
    made = VectorSearchClient(workspace=tmp_path_factory.mktemp("scans"))
    made.create_endpoint(ENDPOINT)
    return made


def apply(
    index: VectorSearchIndex, step: tuple[str, list[int]], live: set[Any], kind: type
) -> None:
    verb, numbers = step
    keys = [kind(number) for number in numbers]
    if verb == "put":
        put(index, keys)
        live.update(keys)
    else:
        index.delete(keys)
        live.difference_update(keys)


@pytest.mark.parametrize("kind", [int, str])
@STEADY
@given(data=st.data())
def test_rows_that_stay_are_visited_once_whatever_comes_and_goes(
    scratch: VectorSearchClient, kind: type, data: st.DataObject
) -> None:
    name = f"main.scans.of_{kind.__name__}"
    if scratch.index_exists(index_name=name):
        scratch.delete_index(index_name=name)
    index = own_index(scratch, name, "int" if kind is int else "string")
    live: set[Any] = set()
    for step in data.draw(STEPS):
        apply(index, step, live, kind)
    size = data.draw(st.integers(1, 9))
    stayed, ever, seen, last = set(live), set(live), [], None
    while page := index.scan(size, last):
        found = [kind(int(float(key))) if kind is int else key for key in keys_of(page, "id")]
        floor = None if last is None else kind(last)
        # A page is the next rows that are there now: the plain answer.
        assert found == sorted(key for key in live if floor is None or key > floor)[:size]
        assert page["last_primary_key"] == str(found[-1])
        seen += found
        last = page["last_primary_key"]
        if data.draw(st.booleans()):
            step = data.draw(STEP)
            apply(index, step, live, kind)
            stayed &= live
            ever |= live
    assert seen == sorted(set(seen))
    assert stayed <= set(seen) <= ever


def test_a_scan_during_a_compaction_loses_nothing(client: VectorSearchClient) -> None:
    index = own_index(client, OWN, "int")
    for start in range(0, 60, 10):
        put(index, range(start, start + 10))
    index.delete(list(range(0, 60, 3)))
    page = index.scan(15)
    client.workspace.compact_index(OWN)
    rest = index.scan(100, page["last_primary_key"])
    assert keys_of(page, "id") + keys_of(rest, "id") == [key for key in range(60) if key % 3]


def test_times_and_numbers_of_own_rows_are_typed(client: VectorSearchClient) -> None:
    schema = {
        "id": "string", "vector": "array<float>", "at": "timestamp", "ok": "boolean",
        "price": "double", "sizes": "array<int>",
    }  # fmt: skip
    index = client.create_direct_access_index(ENDPOINT, OWN, "id", 2, "vector", schema)
    at = datetime(2024, 1, 2, 3, 4, 5)
    index.upsert(
        [
            {"id": "a", "vector": [0.1, -0.0], "at": at.isoformat(), "ok": False, "price": 0.1,
             "sizes": [1, 2]},
            {"id": "b", "vector": [1, 2]},
        ]
    )  # fmt: skip
    first, second = index.scan()["data"]
    assert {field["key"]: field["value"] for field in first["fields"]} == {
        "id": {"string_value": "a"},
        "vector": {"list_value": {"values": [{"number_value": 0.1}, {"number_value": 0.0}]}},
        "at": {"string_value": "2024-01-02T03:04:05"},
        "ok": {"bool_value": False},
        "price": {"number_value": 0.1},
        "sizes": {"list_value": {"values": [{"number_value": 1.0}, {"number_value": 2.0}]}},
    }
    nulls = {field["key"] for field in second["fields"] if field["value"] == {}}
    assert nulls == {"at", "ok", "price", "sizes"}
