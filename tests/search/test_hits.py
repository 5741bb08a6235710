"""The one fetch of rows' values: whatever the order, over one segment or several, as row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import VectorSearchClient
from engine.core.reply import sent_values
from engine.service.search.hits import Hit, fetch, fetch_rows, places
from engine.store.indexes.versions import Version

INDEX = "main.shop.parts"
COLUMNS = ["name", "v", "id"]


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    """A version of three segments, of 4, 1 and 3 rows."""
    root: Path = tmp_path_factory.mktemp("parts")
    client = VectorSearchClient(workspace=root)
    client.create_endpoint("e")
    schema = {"id": "int", "name": "string", "v": "array<float>"}
    index = client.create_direct_access_index("e", INDEX, "id", 2, "v", schema)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.store.indexes.changes.TAIL_NUMBERS", 0)
        for keys in (range(4), range(4, 5), range(5, 8)):
            index.upsert([{"id": k, "name": f"n{k}", "v": [float(k), 0.5]} for k in keys])
    made: Version = client.workspace.version_of(INDEX)[2]
    assert [part.segment.rows for part in made.parts] == [4, 1, 3]
    return made


row = st.sampled_from([(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (2, 0), (2, 1), (2, 2)])


@settings(derandomize=True, deadline=None)
@given(st.lists(row, max_size=12))
def test_values_come_in_the_order_of_the_rows(version: Version, wanted: list) -> None:
    parts = np.array([part for part, _ in wanted], dtype=np.int64)
    rows = np.array([place for _, place in wanted], dtype=np.int64)
    found = fetch(version, parts, rows, COLUMNS)
    assert len(found) == len(COLUMNS)
    assert list(zip(*found)) == [
        tuple(values[0] for values in version.parts[part].segment.fetch(COLUMNS, np.array([place])))
        for part, place in wanted
    ]


@settings(derandomize=True, deadline=None)
@given(st.lists(row, max_size=12), st.booleans(), st.booleans())
def test_rows_are_what_columns_are(
    version: Version, wanted: list, with_vectors: bool, sent: bool
) -> None:
    columns = COLUMNS if with_vectors else ["name", "id"]
    parts, rows = [part for part, _ in wanted], [place for _, place in wanted]
    found = fetch_rows(version, parts, rows, columns, sent_values if sent else None)
    by_column = fetch(version, np.array(parts, np.int64), np.array(rows, np.int64), columns)
    expected = list(zip(*(map(sent_values, by_column) if sent else by_column)))
    assert repr(found) == repr(expected)


def test_places_are_what_fetch_takes(version: Version) -> None:
    hits = [Hit(2, 1, 6, 0.5, None), Hit(0, 3, 3, 0.25, 0.1)]
    assert fetch(version, *places(hits), ["id"]) == [[6, 3]]
    assert fetch(version, *places([]), COLUMNS) == [[], [], []]
