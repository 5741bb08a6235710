"""The map of an index: made, kept, shown for later versions, in Python, by command and over HTTP."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient
from support.command import typed
from support.planted import DIMENSION, PLANTED
from support.shop_replies import ok, refused
from support.storefront import NO_PHOTO, built_shop

from engine import Settings, Workspace
from engine.core.names import table_name
from engine.doors.http.app import create_app
from engine.doors.http.shop.map import MapFacts, ProductsInside
from engine.errors import CorruptFile, InvalidParameterValue, InvalidState, MapMissing, NotFound
from engine.shop.projection import tsne
from engine.shop.projection.attributes import OTHERS
from engine.shop.projection.product_map import ProductMap
from engine.shop.projection.tensors import packed

KINDS = ["shoe", "bag", "shirt", "hat"]


def goods(count: int, moved: int = 0, first: int = 0) -> pa.Table:
    """Products with vectors around their kind's; the last `moved` of them have another's."""
    kinds = [KINDS[number % 4] for number in range(first, first + count)]
    places = [number % 4 for number in range(first, first + count)]
    for row in range(count - moved, count):
        places[row] = (places[row] + 1) % 4
    rng = np.random.default_rng(first)
    vectors = np.eye(DIMENSION)[places] + 0.1 * rng.normal(size=(count, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = {
        "sku": [f"s/{number}" for number in range(first, first + count)],
        "naming": [f"{kind} {number}" for number, kind in enumerate(kinds)],
        "sort": kinds,
        "farbe": [["red", "blue", None, "NA"][number // 4 % 4] for number in range(count)],
        "stil": ["x"] * count,
    }
    prices = [None if number % 7 == 0 else float(number) for number in range(count)]
    columns = {name: pa.array(values, pa.string()) for name, values in texts.items()}
    columns["cost"] = pa.array(prices, pa.float64())
    columns["vector"] = pa.array(vectors.astype(np.float32).tolist(), pa.list_(pa.float32()))
    return pa.table(columns)


def planted(folder: Path, rows: pa.Table) -> Workspace:
    from support.planted import index_goods

    workspace = Workspace(settings=Settings(folder / "ws", encoder="hashed"))
    index_goods(workspace, rows)
    return workspace


def rewrite(workspace: Workspace, rows: pa.Table) -> None:
    """New rows in the table, and a new version of its index."""
    name = table_name("planted")
    workspace.tables.write(name, rows, workspace.tables.get(name).properties)
    workspace.sync(PLANTED)


def places_by_key(found: ProductMap) -> dict[Any, tuple[int, int]]:
    keys = found.keys(np.arange(len(found)))
    return dict(zip(keys, map(tuple, found.places.tolist())))


@pytest.fixture(autouse=True)
def by_principal_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here holds for any method, and this one takes no time."""
    monkeypatch.setattr(tsne, "is_available", lambda: False)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """120 goods with a map, for tests that only read."""
    workspace = planted(tmp_path_factory.mktemp("maps"), goods(120))
    workspace.build_map(PLANTED)
    return workspace


@pytest.fixture(scope="module")
def http(mapped: Workspace) -> Iterator[httpx.Client]:
    with TestClient(create_app(mapped), raise_server_exceptions=False) as client:
        yield client


def test_a_map_has_a_place_for_each_product_near_its_kind(mapped: Workspace) -> None:
    found = mapped.product_map(PLANTED)
    assert len(found) == 120 and found.later == 0 and not found.is_old
    sorts = found.attributes["sort"]
    assert sorts.values == tuple(sorted(KINDS)) and sorts.counts == (30,) * 4
    x, y = found.places.T.astype(float)
    away = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(away, np.inf)
    assert (sorts.codes[away.argmin(axis=1)] == sorts.codes).mean() > 0.9


def test_an_index_without_a_map_says_what_to_type(tmp_path: Path) -> None:
    workspace = planted(tmp_path, goods(8))
    with pytest.raises(MapMissing, match=f"vitrine map build --index {PLANTED}"):
        workspace.product_map(PLANTED)
    with pytest.raises(NotFound):
        workspace.product_map("no_such_index")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_products_have_a_map(tmp_path: Path, count: int) -> None:
    workspace = planted(tmp_path, goods(count))
    report = workspace.build_map(PLANTED)
    assert (report.products, report.method, report.kept) == (count, "PCA", None)
    assert len(places_by_key(workspace.product_map(PLANTED))) == count


def test_no_products_have_none(tmp_path: Path) -> None:
    workspace = planted(tmp_path, goods(0))
    with pytest.raises(InvalidState, match="holds no products"):
        workspace.build_map(PLANTED)
    with pytest.raises(InvalidState, match="holds no products"):
        workspace.product_map(PLANTED)


def test_equal_vectors_are_told_of(tmp_path: Path) -> None:
    rows = goods(12)
    same = pa.array([[1.0] + [0.0] * 15] * 12, pa.list_(pa.float32()))
    workspace = planted(
        tmp_path, rows.set_column(rows.column_names.index("vector"), "vector", same)
    )
    report = workspace.build_map(PLANTED)
    assert any("All vectors are equal" in note for note in report.notes)


def test_products_of_a_later_version_lie_among_their_nearest(tmp_path: Path) -> None:
    workspace = planted(tmp_path, goods(80))
    workspace.build_map(PLANTED)
    before = places_by_key(workspace.product_map(PLANTED))
    rewrite(workspace, pa.concat_tables([goods(80).slice(10), goods(8, first=100)]))
    found = workspace.product_map(PLANTED)
    after = places_by_key(found)
    assert {key: place for key, place in after.items() if key in before} == {
        key: place for key, place in before.items() if key not in {f"s/{n}" for n in range(10)}
    }
    assert found.later == 8 and not found.is_old and "8 of 78 products" in found.notes[0]
    middles = {kind: np.median([before[f"s/{n}"] for n in range(80) if n % 4 == place], axis=0)
               for place, kind in enumerate(KINDS)}  # fmt: skip
    for number in range(100, 108):
        away = {kind: np.hypot(*(middles[kind] - after[f"s/{number}"])) for kind in KINDS}
        assert min(away, key=lambda kind: away[kind]) == KINDS[number % 4]


def test_a_product_whose_vector_changed_moves(tmp_path: Path) -> None:
    workspace = planted(tmp_path, goods(80))
    workspace.build_map(PLANTED)
    rewrite(workspace, goods(80, moved=2))
    assert workspace.product_map(PLANTED).later == 2


def test_a_map_that_lacks_many_says_that_it_is_old_and_one_of_other_vectors_is_none(
    tmp_path: Path,
) -> None:
    workspace = planted(tmp_path, goods(60))
    workspace.build_map(PLANTED)
    rewrite(workspace, pa.concat_tables([goods(60), goods(20, first=100)]))
    found = workspace.product_map(PLANTED)
    assert found.is_old and any("vitrine map build" in note for note in found.notes)
    assert workspace.build_map(PLANTED).made
    assert workspace.product_map(PLANTED).later == 0
    rewrite(workspace, goods(60, first=500))
    with pytest.raises(MapMissing, match="other vectors"):
        workspace.product_map(PLANTED)


def test_a_map_is_made_once_for_the_same_products(tmp_path: Path) -> None:
    workspace = planted(tmp_path, goods(40))
    assert workspace.build_map(PLANTED).made
    file = workspace.path / "maps" / f"{PLANTED}.parquet"
    written = file.stat().st_mtime_ns
    assert not workspace.build_map(PLANTED).made and file.stat().st_mtime_ns == written
    again = Workspace(workspace.path).product_map(PLANTED)
    assert places_by_key(again) == places_by_key(workspace.product_map(PLANTED))
    assert workspace.build_map(PLANTED, anew=True).made
    assert places_by_key(workspace.product_map(PLANTED)) == places_by_key(again)


def test_a_better_method_that_is_installed_later_makes_it_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = planted(tmp_path, goods(40))
    with monkeypatch.context() as light:
        light.setattr(tsne, "is_available", lambda: False)
        report = workspace.build_map(PLANTED)
        assert report.method == "PCA" and "[map]" in report.notes[-1]
        assert not workspace.build_map(PLANTED).made
    monkeypatch.setattr(tsne, "is_available", lambda: True)
    monkeypatch.setattr(tsne, "tsne", lambda some, _bar: some[:, :2].astype(float))
    report = workspace.build_map(PLANTED)
    assert (report.made, report.method, report.notes) == (True, "t-SNE", [])


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "columns", "folder"])
def test_a_damaged_map_is_said_to_be_so_and_made_anew(tmp_path: Path, damage: str) -> None:
    workspace = planted(tmp_path, goods(40))
    workspace.build_map(PLANTED)
    before = places_by_key(workspace.product_map(PLANTED))
    file = workspace.path / "maps" / f"{PLANTED}.parquet"
    data = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    elif damage == "columns":
        pq.write_table(pa.table({"key": [1]}), file)
    else:
        half = len(data) // 3
        flipped = data[:half] + bytes([data[half] ^ 255]) + data[half + 1 :]
        file.write_bytes({"cut": data[:half], "text": b"map", "flipped": flipped}[damage])
    with pytest.raises(CorruptFile, match="vitrine map build"):
        workspace.product_map(PLANTED)
    if damage != "folder":
        assert workspace.build_map(PLANTED).made
        assert places_by_key(workspace.product_map(PLANTED)) == before


def test_a_build_makes_the_map_and_a_failure_of_it_fails_no_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = built_shop(tmp_path)
    found = workspace.product_map()
    assert found.index.endswith("vs_image_search") and len(found) == 39 and found.others == 1
    assert any("1 products are not on it" in note for note in found.notes)
    assert NO_PHOTO not in places_by_key(found)
    given = tmp_path / "given"
    report = workspace.build(given / "styles.csv", given / "images")
    assert not isinstance(report.map, str) and report.map is not None and not report.map.made
    assert workspace.build(given / "styles.csv", given / "images", with_map=False).map is None

    def broken(*_: object) -> None:
        raise RuntimeError("no such instruction")

    (workspace.path / "maps" / f"{found.index}.parquet").unlink()
    monkeypatch.setattr("engine.shop.projection.making.projected", broken)
    report = workspace.build(given / "styles.csv", given / "images")
    assert "No map was made" in str(report.map) and "no such instruction" in str(report.map)


def test_products_without_photos_have_a_map_of_their_texts(tmp_path: Path) -> None:
    from support.catalogue import write_catalogue

    given = write_catalogue(tmp_path / "given", 12)
    for photo in given.images.iterdir():
        photo.unlink()
    workspace = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    report = workspace.build(given.styles, given.images, text_index="all")
    assert not isinstance(report.map, str) and report.map is not None
    assert report.map.index.endswith("vs_text_search") and report.map.products == 12


def test_prices_are_bands_and_what_has_no_value_has_code_0(mapped: Workspace) -> None:
    found = mapped.product_map(PLANTED)
    cost = found.attributes["cost"]
    assert cost.is_ordered and cost.role == "price" and len(cost.values) == 5
    assert sum(cost.counts) == 120 - 18 and (cost.codes == 0).sum() == 18
    assert cost.values[0].startswith("under ") and cost.values[-1].endswith(" and more")
    farbe = found.attributes["farbe"]
    assert set(farbe.values) == {"red", "blue"} and farbe.to_dict()["without"] == 56


def test_many_values_are_told_apart_as_far_as_a_byte_goes(tmp_path: Path) -> None:
    rows = goods(400)
    kinds = pa.array([f"kind {number % 300}" for number in range(400)])
    workspace = planted(tmp_path, rows.set_column(rows.column_names.index("sort"), "sort", kinds))
    workspace.build_map(PLANTED)
    sorts = workspace.product_map(PLANTED).attributes["sort"]
    assert len(sorts.values) == 250 and sorts.values[-1] == OTHERS
    assert sum(sorts.counts) == 400 and sorts.counts[-1] == 51


def test_a_query_lies_in_the_middle_of_its_results(mapped: Workspace) -> None:
    found = mapped.product_map(PLANTED)
    keys = [f"s/{number}" for number in range(0, 40, 4)]
    rows = found.rows_of(keys)
    assert found.keys(rows) == keys
    assert found.place_of(["nobody", *keys][:11]) is not None
    x, y = np.median(found.places[rows], axis=0).round().tolist()
    assert found.place_of(keys) == (x, y)
    assert found.place_of(["nobody"]) is None and found.place_of([]) is None


def test_values_and_attributes_that_there_are_not_are_refused(mapped: Workspace) -> None:
    found = mapped.product_map(PLANTED)
    assert found.of_value("sort", "hat").sum() == 30
    with pytest.raises(InvalidParameterValue, match="expected one of bag"):
        found.of_value("sort", "cat")
    with pytest.raises(InvalidParameterValue, match="expected one of sort"):
        found.of_value("kind", "hat")


def read(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors and metadata of the safetensors format."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = {name: json.loads(text) for name, text in header.pop("__metadata__").items()}
    kinds = {"I16": "<i2", "U8": "u1", "I64": "<i8"}
    out = {}
    for name, each in header.items():
        start, end = (8 + length + offset for offset in each["data_offsets"])
        out[name] = np.frombuffer(data[start:end], kinds[each["dtype"]])
        assert list(out[name].shape) == each["shape"]
        assert start % out[name].itemsize == 0
    return out, metadata


def test_points_come_as_tensors_with_their_legends(http: httpx.Client, mapped: Workspace) -> None:
    found = mapped.product_map(PLANTED)
    reply = http.get("/api/v1/map/points", params={"index": PLANTED})
    assert reply.status_code == 200 and reply.headers["content-encoding"] == "gzip"
    tensors, metadata = read(reply.content)
    assert metadata["map"] == json.loads(json.dumps(found.to_dict()))
    assert metadata["keys"] == found.keys(np.arange(120))
    assert (np.stack([tensors["x"], tensors["y"]], axis=1) == found.places).all()
    assert (tensors["attribute:sort"] == found.attributes["sort"].codes).all()
    some = http.get(
        "/api/v1/map/points",
        params={"index": PLANTED, "tensors": ["y", "attribute:cost"]},
        headers={"Accept-Encoding": "identity"},
    )
    assert "content-encoding" not in some.headers
    assert set(read(some.content)[0]) == {"y", "attribute:cost"}
    tag = reply.headers["etag"]
    again = http.get(
        "/api/v1/map/points", params={"index": PLANTED}, headers={"If-None-Match": tag}
    )
    assert again.status_code == 304 and not again.content


def test_safetensors_own_library_reads_them(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    found = built_shop(tmp_path).product_map()
    tensors = library.load(packed(found))
    assert tensors["key"].tolist() == found.keys(np.arange(39))
    assert (tensors["x"] == found.places[:, 0]).all()
    assert set(tensors) == {"x", "y", "key", *(f"attribute:{name}" for name in found.attributes)}


def test_facts_and_products_inside_come_as_described(http: httpx.Client, mapped: Workspace) -> None:
    found = mapped.product_map(PLANTED)
    body = ok(http.get("/api/v1/map", params={"index": PLANTED}), MapFacts)
    assert body == json.loads(json.dumps(found.to_dict()))
    everywhere = "-33000,-33000,33000,-33000,33000,33000,-33000,33000"
    asked = {"index": PLANTED, "polygon": everywhere, "limit": 50, "offset": 100}
    page = ok(http.get("/api/v1/map/products", params=asked), ProductsInside)
    assert page["total"] == 120 and len(page["products"]) == 20 and page["next_offset"] is None
    rows = found.inside([(-33000, -33000), (33000, -33000), (33000, 33000), (-33000, 33000)])
    assert [each["sku"] for each in page["products"]] == found.keys(rows[100:])
    assert page["places"] == found.places[rows[100:]].tolist()
    nothing = {"index": PLANTED, "polygon": "32500,0,32600,0,32600,1"}
    assert ok(http.get("/api/v1/map/products", params=nothing), ProductsInside)["total"] == 0


def test_what_can_not_be_asked_is_refused(http: httpx.Client) -> None:
    said = refused(http.get("/api/v1/map"), 404, "RESOURCE_DOES_NOT_EXIST")
    assert "vs_image_search" in said
    odd = {"index": PLANTED, "polygon": "1,2"}
    assert "polygon" in refused(
        http.get("/api/v1/map/products", params=odd), 400, "INVALID_PARAMETER_VALUE"
    )
    odd = {"index": PLANTED, "tensors": "attribute:nothing"}
    assert "attribute:sort" in refused(
        http.get("/api/v1/map/points", params=odd), 400, "INVALID_PARAMETER_VALUE"
    )


def test_the_command_makes_shows_and_exports_it(tmp_path: Path) -> None:
    workspace = planted(tmp_path, goods(40))
    there = ["-w", workspace.path, "--index", PLANTED]
    result = typed("map", "show", *there)
    assert result.exit_code == 1 and "has no map yet. Make it: vitrine map build" in result.output
    result = typed("map", "build", *there)
    assert result.exit_code == 0 and "made the map of 40 products" in result.output
    assert "kept the map of 40 products" in typed("map", "build", *there).output
    assert json.loads(typed("map", "build", "--json", "--anew", *there).stdout)["made"] is True
    shown = typed("map", "show", *there).output
    assert "map of 40 products" in shown and "sort: bag 10, hat 10, shirt 10, shoe 10" in shown
    assert json.loads(typed("map", "show", "--json", *there).stdout)["products"] == 40
    file = tmp_path / "map.csv"
    assert "wrote 40 products" in typed("map", "export", file, *there).output
    lines = file.read_text().splitlines()
    assert lines[0].replace('"', "") == "sku,x,y,sort,farbe,stil,cost" and len(lines) == 41
    assert typed("map", "export", tmp_path / "map.png", *there).exit_code == 1
