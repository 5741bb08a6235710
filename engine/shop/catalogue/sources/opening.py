"""Whatever people have their products in, opened as a source by what is in it. Knows kinds of files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import BadSourceFile
from engine.service.table_files.packed import first_bytes, is_packed, opened
from engine.shop.catalogue.pictures.folders import picture_paths
from engine.shop.catalogue.sources.archives import is_archive, unpack
from engine.shop.catalogue.sources.source import ROW_NUMBER, Source, with_row_numbers
from engine.store.tables.partitions import is_delta

_TABLES = (
    "csv", "tsv", "txt", "json", "jsonl", "ndjson", "parquet", "gz", "bz2", "xz", "zst",
)  # fmt: skip
_JSON = ("json", "jsonl", "ndjson")
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "a SQLite database"),
    (b"ARROW1", "an Arrow file"),
)


@dataclass(frozen=True)
class Reading:
    """How a source is to be read where its content doesn't say.

    Attributes:
        unpack_into: where archives are unpacked, a folder of the workspace.
        encoding, separator: of a text file; None to find them.
        language: of texts that come in several.
    """

    unpack_into: Path
    encoding: str | None = None
    separator: str | None = None
    language: str | None = None


def open_source(given: str | Path, reading: Reading) -> Source:
    """Products in a CSV, JSON or Parquet file, a Delta table, a folder, or a zip archive of these.

    Of a folder with one table in it, or with Parquet files only, the table is taken, and its pictures
    are looked for in the folder; of one without a table every picture is a product.

    Raises:
        BadSourceFile: nothing there that can be read, or several tables to choose from.
        MissingExtra: a Delta table, without the package deltalake.
    """
    path = Path(given).expanduser()
    if path.is_dir():
        return _open_folder(path, reading)
    if is_archive(path):
        return _open_archive(path, reading)
    return _open_file(path, reading)


def open_keyed(given: str | Path, reading: Reading, key: str | None) -> Source:
    """As `open_source`, with rows numbered where their number is to be the key. Raises the same."""
    source = open_source(given, reading)
    is_there = ROW_NUMBER in (name.casefold() for name in source.names)
    return with_row_numbers(source) if key == ROW_NUMBER and not is_there else source


def _open_archive(path: Path, reading: Reading) -> Source:
    if first_bytes(path, 2) == b"PK" and path.suffix.casefold() in (".xlsx", ".ods", ".docx"):
        raise BadSourceFile(
            "this is an Excel workbook. Save its table as CSV in UTF-8.", file=str(path)
        )
    unpacked = unpack(path, reading.unpack_into)
    source = _open_folder(unpacked.folder, reading)
    left = [f"{len(unpacked.passed_over):,} members passed over, the first: " + ": ".join(one)
            for one in unpacked.passed_over[:1]]  # fmt: skip
    return replace(source, path=path, how=("a zip archive", *source.how, *left))


def _open_folder(path: Path, reading: Reading) -> Source:
    from engine.shop.catalogue.sources.columnar import open_columnar
    from engine.shop.catalogue.sources.picture_folder import open_picture_folder

    if is_delta(path):
        return open_columnar(path, reading.language)
    tables = _tables_in(path)
    if not tables:
        return open_picture_folder(path)
    parquet = [file for file in tables if _ending(file) == "parquet"]
    if len(parquet) == len(tables):
        return replace(open_columnar(path, reading.language), folder=path)
    if len(tables) > 1:
        shown = ", ".join(file.relative_to(path).as_posix() for file in tables[:5])
        raise BadSourceFile(
            f"this folder holds {len(tables)} tables ({shown}). Name the one with the products, and the "
            "folder as the place of the pictures.",
            file=str(path),
        )
    return replace(_open_file(tables[0], reading), folder=path)


def _tables_in(folder: Path) -> list[Path]:
    """Files that may be tables: in the folder, else in those in it where there are few."""
    here = sorted(file for file in folder.iterdir() if _is_table(file))
    if here or picture_paths(folder):
        below = [] if here else sorted(file for file in folder.glob("*/*") if _is_table(file))
        return here or below
    return sorted(file for file in folder.rglob("*") if _is_table(file))


def _is_table(file: Path) -> bool:
    return _ending(file) in _TABLES and not file.name.startswith((".", "_")) and file.is_file()


def _ending(file: Path) -> str:
    return file.suffix.removeprefix(".").casefold()


def _open_file(path: Path, reading: Reading) -> Source:
    from engine.shop.catalogue.sources.columnar import open_columnar
    from engine.shop.catalogue.sources.json_rows import open_json
    from engine.shop.catalogue.sources.separated import open_separated

    start = first_bytes(path, 16)
    foreign = next((what for magic, what in _FOREIGN if start.startswith(magic)), None)
    if foreign:
        raise BadSourceFile(
            f"this is {foreign}. Save its table as CSV in UTF-8, or as Parquet.", file=str(path)
        )
    if start.startswith(b"PAR1"):
        return open_columnar(path, reading.language)
    inner = path.with_suffix("") if is_packed(path) else path
    is_json = _ending(inner) in _JSON or _starts_as_json(path)
    if is_json:
        return open_json(path, reading.language)
    return open_separated(path, reading.encoding, reading.separator)


def _starts_as_json(path: Path) -> bool:
    with opened(path) as file:
        start: bytes = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b'{"', b"[{", b"[\n", b"{\n")) or start.startswith(b"{ ")
