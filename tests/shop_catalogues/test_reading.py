"""Sources read row by row: any encoding and separator, nested values, what is wrong told by place."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.catalogues import hugging_face, put

from engine.errors import BadSourceFile
from engine.shop.catalogue.sources.nested import flattened
from engine.shop.catalogue.sources.opening import Reading, open_source
from engine.shop.catalogue.sources.source import Source, unique_names

LANGUAGES = {
    "cp1252": "sku;title;colour\n"
    + "".join(f"{n};Kleid für Mädchen {n};grün\n" for n in range(40)),
    "cp1250": "sku;tytuł\n"
    + "".join(f"{n};Suknia wieczorowa żółta, długość {n}\n" for n in range(40)),
    "cp1251": "артикул;название\n" + "".join(f"{n};Красное платье {n}\n" for n in range(40)),
    "cp1253": "κωδ;τίτλος\n" + "".join(f"{n};Κόκκινο φόρεμα {n}\n" for n in range(40)),
    "cp932": "商品,名前\n" + "".join(f"{n},赤いドレス{n}\n" for n in range(40)),
    "gb18030": "编号,名称\n" + "".join(f"{n},红色连衣裙{n}\n" for n in range(40)),
    "utf-16-le": "id\tname\n" + "".join(f"{n}\tплатье {n}\n" for n in range(40)),
    "utf-16": "id\tname\n1\té\n",
    "utf-8-sig": "id|name\n1|é\n",
    "utf-8": "id,name\n1,é\n",
}


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """Opens bytes, or a file, as a source."""

    def open_it(content: bytes | str | Path, name: str = "t.csv", **reading: Any) -> Source:
        if isinstance(content, Path):
            return open_source(content, Reading(tmp_path / "unpacked", **reading))
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return open_source(file, Reading(tmp_path / "unpacked", **reading))

    return open_it


def values(source: Source) -> list[dict[str, Any]]:
    return [dict(row.values) for row in source.rows() if row.trouble is None]


def troubles(source: Source) -> list[tuple[int, str]]:
    return [(row.line, row.trouble) for row in source.rows() if row.trouble is not None]


# ------------------------------------------------------------------ separated fields
@pytest.mark.parametrize("encoding", LANGUAGES)
def test_encodings_and_separators_are_found(opened: Any, encoding: str) -> None:
    text = LANGUAGES[encoding]
    source = opened(text.encode(encoding))
    header, *lines = text.splitlines()
    separator = next(one for one in ";,\t|" if one in header)
    assert source.names == tuple(header.split(separator))
    assert [list(row.values()) for row in values(source)] == [one.split(separator) for one in lines]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_read(opened: Any, pack: Any) -> None:
    assert values(opened(pack(b"id,name\n1,x\n"), "t.csv.packed")) == [{"id": "1", "name": "x"}]
    assert values(opened(pack(b'{"id": 1}\n'), "t.jsonl.gz")) == [{"id": 1}]


def test_a_packed_file_that_was_cut_is_refused(opened: Any) -> None:
    with pytest.raises(BadSourceFile, match="packed, and damaged"):
        opened(gzip.compress(b"id,name\n" + b"1,x\n" * 9999)[:40])


def test_what_is_given_is_taken_as_given(opened: Any) -> None:
    source = opened("a;b,c\n1;2,3\n".encode("cp1250"), encoding="cp1250", separator=";")
    assert source.names == ("a", "b,c")
    assert "sniffed" not in source.how[0]


def test_a_text_full_of_commas_is_no_reason_for_commas(opened: Any) -> None:
    rows = "".join(f"{n}|shirt {n}, red, blue, green\n" for n in range(30))
    assert opened(f"id|name, and more\n{rows}").names == ("id", "name, and more")


def test_names_that_are_blank_twice_or_dotted(opened: Any) -> None:
    source = opened("id,,price,Price, a.b ,price\n1,2,3,4,5,6\n")
    assert source.names == ("id", "column_2", "price", "Price_2", "a.b", "price_3")
    assert "'Price' to 'Price_2'" in source.how[-1]
    assert list(values(source)[0].values()) == list("123456")
    assert unique_names(["a", "a_2", "a"]) == ("a", "a_2", "a_3")


def test_one_bad_row_is_that_rows_trouble(opened: Any) -> None:
    lines = [
        b"id,name,price",
        b"1,good,2",
        b"2,too,many,fields",
        b"",
        b'3,"never closed,5',
        b"4,good,6",
        b"5,bad\xff byte,7",
        b'6,"two\r\nlines",8',
        b"7,caf\xc3\xa9,9",
        b"8," + b"x" * 140_000 + b",10",
        b"9,good,11",
        *(b"%d,caf\xc3\xa9,12" % n for n in range(10, 20)),
    ]
    source = opened(b"\n".join(lines))
    assert [row["id"] for row in values(source)][:5] == ["1", "4", "6", "7", "9"]
    assert values(source)[2]["name"] == "two\r\nlines"
    found = troubles(source)
    assert [line for line, _ in found] == [3, 5, 7, 11]
    assert "4 fields, expected 3" in found[0][1]
    assert "not closed" in found[1][1]
    assert "encoding" in found[2][1]
    assert "field larger than field limit" in found[3][1]


def test_a_quote_open_to_the_end_costs_its_row_alone(opened: Any) -> None:
    source = opened('id,name\n1,"open\n2,b\n3,c\n')
    assert [row["id"] for row in values(source)] == ["2", "3"]
    assert [line for line, _ in troubles(source)] == [2]


@pytest.mark.parametrize("content", [b"", b"  \n\n", bytes(range(256)) * 20, b"%PDF-1.7 rest"])
def test_what_is_no_table_is_refused(opened: Any, content: bytes) -> None:
    with pytest.raises(BadSourceFile):
        opened(content)


def test_a_missing_file_and_an_empty_folder(opened: Any, tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match="no such file or folder"):
        opened(tmp_path / "none.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadSourceFile, match="no picture, CSV"):
        opened(tmp_path / "empty")


# ------------------------------------------------------------------ JSON
def test_json_lines_lack_what_they_lack(opened: Any) -> None:
    lines = ['{"id": 1, "a": {"b": {"c": 2}}}', "", "{bad", "[1]", '{"id": 2, "tags": ["x"]}']
    source = opened("\n".join(lines), "t.jsonl")
    assert values(source) == [
        {"id": 1, "a_b_c": 2, "tags": None},
        {"id": 2, "a_b_c": None, "tags": ["x"]},
    ]
    assert [line for line, _ in troubles(source)] == [3, 4]


@pytest.mark.parametrize("form", ["array", "wrapped", "indented"])
def test_json_arrays(opened: Any, form: str) -> None:
    rows = [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]
    whole: Any = {"products": rows, "count": 2} if form == "wrapped" else rows
    source = opened(json.dumps(whole, indent=2 if form == "indented" else None), "t.json")
    assert values(source) == rows
    assert source.unit == "row"


def test_one_listing_is_not_taken_for_a_list_of_its_texts(opened: Any) -> None:
    line = json.dumps({"id": 1, "item_name": [{"language_tag": "en", "value": "x"}]})
    assert values(opened(line, "t.json")) == [{"id": 1, "item_name": "x"}]


@pytest.mark.parametrize(
    ("language", "expected"),
    [(None, "Shoe"), ("de", "Schuh"), ("de_CH", "Schue"), ("fr", "Shoe"), ("pt-BR", "Shoe")],
)
def test_texts_in_several_languages(language: str | None, expected: str) -> None:
    said = [("de_DE", "Schuh"), ("de_CH", "Schue"), ("en_US", "Shoe")]
    texts = [{"language_tag": tag, "value": text} for tag, text in said]
    assert flattened({"name": texts}, language) == {"name": expected}


# ------------------------------------------------------------------ Parquet, folders, archives
def test_types_of_parquet_stay_and_what_is_nested_is_flattened(opened: Any, tmp_path: Path) -> None:
    import datetime as dt
    from decimal import Decimal

    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "price": pa.array([Decimal("1.50"), None]),
            "since": pa.array([dt.date(2020, 1, 2), None]),
            "at": pa.array([1_600_000_000_123_456_789, None], pa.timestamp("ns")),
            "tags": pa.array([["a", "b"], []]),
            "size": pa.array([{"w": 1.5, "unit": {"name": "cm"}}, None]),
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            "color": pa.array(["red", None]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    source = opened(tmp_path / "t.parquet")
    assert source.names == (
        *("id", "price", "since", "at", "tags", "size_w", "size_unit_name", "map", "color"),
    )
    first, second = values(source)
    assert first == {
        "id": 1,
        "price": Decimal("1.50"),
        "since": dt.date(2020, 1, 2),
        "at": dt.datetime(2020, 9, 13, 12, 26, 40, 123456),
        "tags": ["a", "b"],
        "size_w": 1.5,
        "size_unit_name": "cm",
        "map": '{"k":1}',
        "color": "red",
    }
    assert second["size_unit_name"] is None
    assert source.types["id"] == pa.int32()
    assert "map" not in source.types


def test_a_folder_with_one_table_and_pictures(opened: Any, tmp_path: Path) -> None:
    put(tmp_path / "shop" / "pics" / "a.jpg", 1)
    (tmp_path / "shop" / "products.csv").write_text("id,name\n1,x\n")
    source = opened(tmp_path / "shop")
    assert source.folder == tmp_path / "shop"
    assert values(source) == [{"id": "1", "name": "x"}]
    (tmp_path / "shop" / "users.csv").write_text("id\n1\n")
    with pytest.raises(BadSourceFile, match=r"2 tables \(products.csv, users.csv"):
        opened(tmp_path / "shop")


def test_shards_in_a_folder_above_them(opened: Any, tmp_path: Path) -> None:
    hugging_face(tmp_path / "set")
    assert len(values(opened(tmp_path / "set"))) == 8


def test_an_archive_that_lies_about_itself(opened: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", "id,name\n1,x\n")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "t.zip").read_bytes()[:-30])
    assert values(opened(tmp_path / "t.zip")) == [{"id": "1", "name": "x"}]
    with pytest.raises(BadSourceFile):
        opened(tmp_path / "cut.zip")


# ------------------------------------------------------------------ values that nobody may lose
def test_large_numbers_of_json_are_what_they_are(opened: Any) -> None:
    text = '{"id": 123456789012345678901, "p": 1}\n{"id": 2, "p": NaN}\n'
    assert values(opened(text, "t.jsonl"))[0] == {"id": 123456789012345678901, "p": 1}
    assert values(opened(f"[{text.strip().replace(chr(10), ',')}]", "t.json"))[0]["id"] == int(
        "123456789012345678901"
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_json_in_other_encodings(opened: Any, encoding: str) -> None:
    lines = [{"id": n, "name": f"Kleid für Mädchen {n}, grün"} for n in range(30)]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    assert values(opened(text.encode(encoding), "t.jsonl")) == lines


def test_objects_of_several_lines(opened: Any) -> None:
    lines = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    text = "\n".join(json.dumps(line, indent=1) for line in lines)
    assert values(opened(text, "t.json")) == lines
    assert values(opened(json.dumps(lines[0], indent=1), "t.json")) == lines[:1]


def test_half_a_character_is_its_rows_trouble(opened: Any) -> None:
    source = opened('{"id": 1, "n": "\\ud83d"}\n{"id": 2, "n": "b"}\n', "t.jsonl")
    assert values(source) == [{"id": 2, "n": "b"}]
    assert [line for line, _ in troubles(source)] == [1]


def test_a_quote_that_is_opened_in_the_last_line_but_one_takes_no_row(opened: Any) -> None:
    source = opened('id,name\n1,"abc\n2,b\n')
    assert values(source) == [{"id": "2", "name": "b"}]
    assert troubles(source) == [(2, "a quote is opened in it and not closed")]


def test_quotes_behind_a_backslash(opened: Any) -> None:
    source = opened('id,name\n1,"a \\"b\\", c"\n2,"C:\\new"\n3,"x\ny"\n')
    assert [row["name"] for row in values(source)] == ['a "b", c', "C:\\new", "x\ny"]
    assert values(opened('id,name\n1,"C:\\"\n'))[0]["name"] == "C:\\"


def test_zstandard_is_unpacked(opened: Any) -> None:
    packed = pa.compress("id,name\n1,é\n".encode(), "zstd", asbytes=True)
    assert values(opened(packed, "t.csv.zst")) == [{"id": "1", "name": "é"}]
