"""A shop of 40 products with what real ones have: no photo, no name, a turned photo, an odd place."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
from PIL import Image
from support.catalogue import write_catalogue

from engine import Settings, Workspace

PRODUCTS = 40
NO_PHOTO, TURNED = 40, 39


def built_shop(folder: Path) -> Workspace:
    """A workspace with the shop's tables and indexes, made with the encoder for tests."""
    given = write_catalogue(folder / "given", PRODUCTS)
    (given.images / f"{NO_PHOTO}.jpg").unlink()
    (given.images / f"{TURNED}.jpg").write_bytes(turned())
    workspace = Workspace(settings=Settings(folder / "ws", encoder="hashed"))
    workspace.build(given.styles, given.images)
    return workspace


def turned() -> bytes:
    """A photo that lies on its side, as its EXIF says: upright it is 30 wide, 60 high, red on top."""
    picture = Image.new("RGB", (60, 30), "blue")
    picture.paste("red", (0, 0, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter clockwise, its left side is on top
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def picture(kind: str, size: tuple[int, int] = (40, 60)) -> bytes:
    """The bytes of a red picture in a format."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, kind)
    return buffer.getvalue()


def odd_products(workspace: Workspace, keys: list[str], photos: list[str | None]) -> None:
    """Products with keys of text in place of the shop's, and no index."""
    columns = {
        "product_id": keys,
        "product_display_name": [f"Thing {number}" for number in range(len(keys))],
        "price": [float(number) for number in range(len(keys))],
        "image_path": pa.array(photos, pa.string()),
    }
    workspace.write_table("main.fashion_demo.products", pa.table(columns))
