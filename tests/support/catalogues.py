"""Catalogues of many shapes, made up, with a few drawn pictures of the bundled sample."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SAMPLE = Path(__file__).parents[2] / "datasets" / "sample" / "images"
PHOTOS = sorted(SAMPLE.glob("*.jpg"))


def photo(number: int) -> bytes:
    """The bytes of a drawn picture; another for each small number."""
    return PHOTOS[number].read_bytes()


def put(place: Path, number: int) -> Path:
    """A picture in a place, whose folders are made."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(PHOTOS[number], place)
    return place


def semicolons(folder: Path) -> Path:
    """`products.csv`: semicolons, cp1252, decimal commas, leading zeros; `pics/` nested, other case.

    Twelve good rows, one without a photo, and two bad ones (a key twice, too few fields).
    """
    rows = ["sku;title;colour;cost;master;kind;picture"]
    for n in range(1, 13):
        color, kind = ("bleu", "rouge")[n % 2], ("Robes", "Jupes")[n % 2]
        place = f"tops/a/p{n}.jpg"
        rows.append(f'00{n};"Robe d\'été n° {n}";{color};1.{200 + n},50 €;Vêtements;{kind};{place}')
        put(folder / "pics" / "tops" / "A" / f"P{n}.JPG", n)
    rows += [
        "0099;Sans photo;vert;12,50 €;Vêtements;Robes;",
        "001;Again;vert;12,50 €;Vêtements;Robes;",
        "007x;too few;vert",
    ]
    (folder / "products.csv").write_bytes("\r\n".join(rows).encode("cp1252"))
    return folder / "products.csv"


def folder_of_pictures(folder: Path) -> Path:
    """`shop/`: two folders of pictures, one nested, with odd names; and things that are none."""
    put(folder / "shop" / "Dresses" / "red_summer-dress.jpg", 1)
    put(folder / "shop" / "Dresses" / "long" / "blue dress (2).JPEG", 2)
    put(folder / "shop" / "Shoes" / "white sneaker é 100%.jpg", 3)
    put(folder / "shop" / "Shoes" / ".hidden.jpg", 4)
    (folder / "shop" / "Shoes" / "notes.txt~").write_text("no picture")
    return folder / "shop"


def hugging_face(folder: Path, products: int = 8) -> Path:
    """The layout of the data set fashion-product-images-small: shards with `image: {bytes, path}`."""
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [
            ("id", pa.int64()),
            *((n, pa.string()) for n in ("gender", "masterCategory", "subCategory", "articleType")),
            *((n, pa.string()) for n in ("baseColour", "season")),
            ("year", pa.float64()),
            *((n, pa.string()) for n in ("usage", "productDisplayName")),
            ("image", image),
        ]
    )
    rows = [
        {
            "id": 10_000 + n,
            "gender": ("Men", "Women")[n % 2],
            "masterCategory": "Apparel",
            "subCategory": "Topwear",
            "articleType": ("Shirts", "Tops", "Tshirts")[n % 3],
            "baseColour": ("Navy Blue", "White")[n % 2],
            "season": "Fall",
            "year": None if n == 3 else 2011.0,
            "usage": "Casual",
            "productDisplayName": f"Turtle Check Shirt number {n}",
            "image": {"bytes": photo(n), "path": None},
        }
        for n in range(products)
    ]
    data = folder / "data"
    data.mkdir(parents=True)
    for shard in range(2):
        part = pa.Table.from_pylist(rows[shard::2], schema)
        pq.write_table(part, data / f"train-0000{shard}-of-00002.parquet")
    return data


def zipped(folder: Path) -> Path:
    """`shop.zip`: a table of tabs and its pictures, with members that must be passed over."""
    folder.mkdir(parents=True, exist_ok=True)
    table = io.StringIO()
    writer = csv.writer(table, delimiter="\t")
    writer.writerow(["Artikelnummer", "Bezeichnung", "Farbe", "Preis", "Bild"])
    for n in range(1, 7):
        writer.writerow(
            [f"A-{n}", f"Kleid für Mädchen {n}", ("grün", "rot")[n % 2], f"{n},99", f"bild{n}.png"]
        )
    with zipfile.ZipFile(folder / "shop.zip", "w") as archive:
        archive.writestr("export/artikel.tsv", table.getvalue())
        for n in range(1, 7):
            archive.writestr(f"export/bilder/bild{n}.png", photo(n))
        archive.writestr("../escaped.jpg", photo(7))
        archive.writestr("__MACOSX/export/._bild1.png", b"rubbish")
    return folder / "shop.zip"


def berkeley_objects(folder: Path, products: int = 6) -> tuple[Path, Path, Path]:
    """The layout of Amazon Berkeley Objects: listings, images.csv.gz and the folder of small images."""
    lines, images = [], [["image_id", "height", "width", "path"]]
    for n in range(products):
        picture, place = f"71vX7qIEAI{n}", f"8{n}/8{n}ab{n}c.jpg"
        images.append([picture, "120", "90", place])
        put(folder / "images" / "small" / place, n)
        lines.append(
            {
                "brand": [{"language_tag": "en_IN", "value": "Symbol"}],
                "bullet_point": [
                    {"language_tag": "en_IN", "value": "Soft"},
                    {"language_tag": "en_IN", "value": "Warm"},
                ],
                "color": [
                    {"language_tag": "de_DE", "value": ("Blau", "Rot")[n % 2]},
                    {"language_tag": "en_US", "value": ("Blue", "Red")[n % 2]},
                ],
                "item_id": f"B07{n}QXR5B",
                "item_name": [
                    {"language_tag": "de_DE", "value": f"Turnschuh Nummer {n}"},
                    {"language_tag": "en_US", "value": f"Running Sneaker number {n}"},
                ],
                "model_year": [{"value": 2017}],
                "product_type": [{"value": ("SHOES", "BOOT")[n % 2]}],
                "main_image_id": picture,
                "other_image_id": ["51c", "52d"],
                "item_weight": [{"unit": "pounds", "value": 1.5}],
                "node": [{"node_id": 1983, "node_name": "/Categories/Shoes"}],
                "country": "IN",
                "item_dimensions": {"height": {"unit": "inches", "value": 4.5}},
            }
        )
    lines[-1].pop("main_image_id")  # many listings lack what others have
    metadata = folder / "listings" / "metadata" / "listings_0.json.gz"
    metadata.parent.mkdir(parents=True)
    text = "\n".join(json.dumps(line) for line in lines)
    metadata.write_bytes(gzip.compress(f"{text}\n{{broken\n".encode()))
    table = io.StringIO()
    csv.writer(table).writerows(images)
    listed = folder / "images" / "metadata" / "images.csv.gz"
    listed.parent.mkdir(parents=True)
    listed.write_bytes(gzip.compress(table.getvalue().encode()))
    return metadata, folder / "images" / "small", listed


def hm_articles(folder: Path, products: int = 9) -> tuple[Path, Path]:
    """The layout of H&M's articles.csv, ids with leading zeros, and images/010/0108775015.jpg."""
    header = (
        "article_id,product_code,prod_name,product_type_no,product_type_name,product_group_name,"
        "graphical_appearance_no,graphical_appearance_name,colour_group_code,colour_group_name,"
        "perceived_colour_value_id,perceived_colour_value_name,perceived_colour_master_id,"
        "perceived_colour_master_name,department_no,department_name,index_code,index_name,"
        "index_group_no,index_group_name,section_no,section_name,garment_group_no,"
        "garment_group_name,detail_desc"
    )
    lines = [header]
    for n in range(products):
        key = f"0{108775015 + n}"
        kind = ("Vest top", "Bra", "Leggings")[n % 3]
        group = ("Garment Upper body", "Underwear", "Garment Lower body")[n % 3]
        color = ("Black", "White", "Off White")[n % 3]
        lines.append(
            f"{key},0108775,Strap top {n},253,{kind},{group},1010016,Solid,09,{color},4,Dark,5,"
            f"{color},1676,Jersey Basic,A,Ladieswear,1,Ladieswear,16,Womens Everyday Basics,1002,"
            f'Jersey Basic,"Jersey top, with narrow ""shoulder"" straps {n}."'
        )
        if n != 4:
            put(folder / "images" / key[:3] / f"{key}.jpg", n)
    (folder / "articles.csv").write_text("\n".join(lines) + "\n")
    return folder / "articles.csv", folder / "images"


@contextmanager
def picture_server(answers: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """A server on this machine: path -> bytes of a JPEG, a status, or (status, headers, bytes), where a
    function may write what follows the headers.

    Yields its address, and the paths that were asked for.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer = answers.get(self.path, 404)
            if isinstance(answer, list):  # one answer after the other
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            if isinstance(answer, bytes):
                answer = (200, {"Content-Type": "image/jpeg"}, answer)
            elif isinstance(answer, int):
                answer = (answer, {}, b"no")
            status, headers, body = answer
            self.send_response(status)
            length = {} if callable(body) else {"Content-Length": str(len(body))}
            for name, value in {**length, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if callable(body):
                body(self.wfile)
            else:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
