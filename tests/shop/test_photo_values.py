"""A photo in a table is found however its value is written: paths, links, base64, bytes, structures."""

from __future__ import annotations

import base64
import io
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from engine import BadImage, Workspace
from engine.doors.cli.command import main
from engine.encode.arrow_rows import ArrowEmbedder
from engine.photo_files import path_forms

VOLUME = "/Volumes/main/shop/photos"
NFC = unicodedata.normalize("NFC", "café ñ.png")
NFD = unicodedata.normalize("NFD", NFC)
NAMES = (
    "a b.png",
    "half%.png",
    "a#1.png",
    "a?1.png",
    "back\\slash.png",
    "UP.PNG",
    "noend",
    "日本.png",
)


def drawn(color: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 40), color).save(buffer, "PNG")
    return buffer.getvalue()


RED, BLUE = drawn("red"), drawn("blue")
TEXT = base64.b64encode(RED).decode()
WRITTEN = {
    "base64": TEXT,
    "base64 of links": base64.urlsafe_b64encode(RED).decode().rstrip("="),
    "base64 in lines": "\n".join(TEXT[at : at + 60] for at in range(0, len(TEXT), 60)),
    "a data: link": f"data:image/png;base64,{TEXT}",
    "one in capitals": f"DATA:image/png;charset=utf-8;BASE64,{quote(TEXT)}",
    "one with percents": f"data:image/png,{quote(RED)}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop" / "images").mkdir(parents=True)
    for name in (*NAMES, NFC):
        (tmp_path / "shop" / "images" / name).write_bytes(RED)
    return tmp_path / "shop"


def paths_of(folder: Path) -> list[str]:
    """Ways to name the photos of a folder."""
    images = folder / "images"
    found = []
    for name in NAMES:
        file, encoded = images / name, quote(str(images / name))
        found += [f"images/{name}", str(file), f"file://{encoded}", f"file:{encoded}"]
        found += [f"file://{file}", f"file:{file}", f"{VOLUME}/{name}", f"dbfs:{VOLUME}/{name}"]
    found += [f"file://localhost{images}/UP.PNG", f"FILE://{images}/UP.PNG", "images/UP.PNG\n"]
    found += [f"dbfs://{VOLUME}/UP.PNG", f"file:{VOLUME}/UP.PNG", f"{VOLUME}/a%20b.png"]
    found += [f"images/{NFD}", f"{VOLUME}/{NFD}", "images/a%20b.png", "images\\UP.PNG"]
    return found


def shop(workspace: Workspace, folder: Path, values: pa.Array) -> Workspace:
    keys = list(range(len(values)))
    columns = {
        "product_id": keys,
        "product_display_name": ["Red"] * len(keys),
        "image_path": values,
    }
    pq.write_table(pa.table(columns), folder / "products.parquet")
    workspace.register_volume(VOLUME, folder / "images")
    workspace.register_table("products", folder / "products.parquet")
    return workspace


def test_embedding_finds_photos_by_any_form_of_their_path(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = paths_of(folder)
    monkeypatch.chdir("/")
    report = shop(workspace, folder, pa.array(paths)).embed(encoder="hashed")
    failed = workspace.read_table("embedding_failures").to_pylist()
    assert [paths[row["product_id"]] for row in failed] == []
    assert (report.images, report.encoded_images) == (len(paths), 1)


def test_an_import_finds_them_too(workspace: Workspace, folder: Path) -> None:
    paths = [path for path in paths_of(folder) if path.strip() == path]
    shop(workspace, folder, pa.array(paths))
    means = {"id": "product_id", "title": "product_display_name", "image": "image_path"}
    report = workspace.build(
        folder / "products.parquet", None, catalogue=means, encoder="hashed", replace=True
    )
    failed = workspace.read_table("import_failures").to_pylist()
    assert [paths[int(row["key"])] for row in failed] == []
    assert report.embedded.images == len(paths)


def test_a_form_of_a_path_never_leaves_its_volume(workspace: Workspace, folder: Path) -> None:
    workspace.register_volume(VOLUME, folder / "images")
    (folder / "secret.png").write_bytes(RED)
    for path in (f"{VOLUME}/%2E%2E/secret.png", f"file:{VOLUME}/..%2Fsecret.png"):
        with pytest.raises(BadImage):
            workspace.volumes.read(path)


def test_the_file_that_is_called_so_comes_first(workspace: Workspace, folder: Path) -> None:
    (folder / "images" / "a%20b.png").write_bytes(BLUE)
    workspace.register_volume(VOLUME, folder / "images")
    assert workspace.volumes.read(f"{VOLUME}/a%20b.png") == BLUE
    assert workspace.volumes.read(f"file:{VOLUME}/a%20b.png") == RED
    assert list(path_forms("file:///a%20b")) == ["/a b", "/a%20b"]


COLUMNS: dict[str, pa.Array] = {
    "bytes": pa.array([RED, None, b"", b"no photo", BLUE]),
    "large bytes": pa.array([RED, None, b"", b"no photo", BLUE], pa.large_binary()),
    "Hugging Face": pa.array(
        [
            {"bytes": RED, "path": "gone.png"},
            None,
            {"bytes": None, "path": None},
            {"bytes": b"no photo", "path": "UP.PNG"},
            {"bytes": None, "path": "images/blue.png"},
        ]
    ),
    "binaryFile": pa.array(
        [
            {"path": "file:/gone.png", "length": 5, "content": RED},
            None,
            {"path": None, "length": None, "content": None},
            {"path": "images/UP.PNG", "length": 8, "content": b"no photo"},
            {"path": "images/blue.png", "length": 5, "content": None},
        ]
    ),
    "texts": pa.array([TEXT, None, "", "data:image/png;base64,bm8gcGhvdG8=", "images/blue.png"]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_photos_is_embedded_shown_and_searched(
    workspace: Workspace, folder: Path, name: str
) -> None:
    (folder / "images" / "blue.png").write_bytes(BLUE)
    report = shop(workspace, folder, COLUMNS[name]).embed(encoder="hashed")
    assert report.failures == {"image_read": 2, "image_decode": 1}
    reasons = {
        row["product_id"]: row["reason"]
        for row in workspace.read_table("embedding_failures").to_pylist()
    }
    assert set(reasons) == {1, 2, 3}
    assert "no image in a format that can be read" in reasons[3] and len(reasons[3]) < 300
    vectors = workspace.read_table("product_image_embeddings").to_pylist()
    expected = workspace.encoder("hashed").encode_images([RED, BLUE])
    given = [row["image_embedding"] for row in sorted(vectors, key=lambda row: row["product_id"])]
    np.testing.assert_array_equal(np.array(given, np.float32), expected)
    workspace.create_index(
        "main.fashion_demo.vs_image_search",
        source_table="product_embeddings_multimodal",
        vector_column="image_embedding",
        create_endpoint=True,
    )
    found = workspace.search(image=BLUE, k=2)
    assert list(found.keys) == [4, 0]
    assert found.to_html().count("data:image") == 2
    for key, data in ((0, RED), (4, BLUE)):
        assert workspace.product_photo(key).data == data
        small = Image.open(io.BytesIO(workspace.product_photo(key, 16).data))
        assert small.size == (13, 16)


@pytest.mark.parametrize("way", [*WRITTEN, "file:", "structure"])
def test_a_photo_to_search_with_may_be_written(
    workspace: Workspace, folder: Path, way: str
) -> None:
    values = pa.array(["images/UP.PNG", f"data:image/png;base64,{base64.b64encode(BLUE).decode()}"])
    shop(workspace, folder, values).embed(encoder="hashed")
    workspace.create_index(
        "main.fashion_demo.vs_image_search",
        source_table="product_embeddings_multimodal",
        vector_column="image_embedding",
        create_endpoint=True,
    )
    if way == "structure":
        assert workspace.volumes.read({"bytes": RED, "path": None}) == RED
        return
    given = WRITTEN.get(way, f"file://{folder}/images/UP.PNG")
    assert next(iter(workspace.search(image=given, k=1).keys)) == 0


def test_arrow_s_embedder_takes_them_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    embedder = ArrowEmbedder("key", "photo", encoder="hashed")

    def reasons(values: pa.Array) -> list[Any]:
        return embedder(pa.table({"key": range(len(values)), "photo": values}))[
            "reason"
        ].to_pylist()

    (folder / "images" / "blue.png").write_bytes(BLUE)
    for values in COLUMNS.values():
        found = reasons(values)
        assert [bool(reason) for reason in found] == [False, True, True, True, False]
    plain = [path for path in paths_of(folder) if "/Volumes" not in path]
    assert reasons(pa.array(plain)) == [None] * len(plain)
    assert reasons(pa.array(list(WRITTEN.values()))) == [None] * len(WRITTEN)


def test_a_command_warns_nobody_of_odd_headers(tmp_path: Path, recwarn: Any) -> None:
    (tmp_path / "images").mkdir()
    entries = b"\x12\x01\x03\x00\x02\x00\x00\x00\x06\x00\x06\x00"  # two orientations
    exif = b"II*\0\x08\0\0\0\1\0" + entries + bytes(4)
    picture = Image.new("RGB", (32, 40), "red")
    picture.save(tmp_path / "images" / "1.jpg", "JPEG", exif=b"Exif\0\0" + exif)
    picture.save(tmp_path / "images" / "2.jpg", "TIFF")
    data = bytearray((tmp_path / "images" / "2.jpg").read_bytes())
    at = data.index(b"\x15\x01\x03\x00\x01\x00\x00\x00")  # samples per pixel, now two of them
    data[at + 4] = 2
    data[at + 10 : at + 12] = data[at + 8 : at + 10]
    (tmp_path / "images" / "2.jpg").write_bytes(data)
    names = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage"
    rows = "".join(
        f"{key},Women,Apparel,Dress,Dresses,Red,Summer,2012,Casual,Red\n" for key in (1, 2)
    )
    (tmp_path / "styles.csv").write_text(f"{names},productDisplayName\n{rows}")
    given = [str(tmp_path / "styles.csv"), str(tmp_path / "images"), "--encoder", "hashed"]
    done = CliRunner().invoke(main, ["build", *given, "--workspace", str(tmp_path / "w")])
    assert done.exit_code == 0, done.output
    assert "embedded 2 images" in done.output
    assert [str(one.message) for one in recwarn if "PIL" in one.filename] == []
