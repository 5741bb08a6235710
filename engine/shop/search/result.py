"""What a search gives back in Python. Knows forms of rows; not how they were found."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from engine.errors import BadImage, InvalidInputException
from engine.optional import require
from engine.progress import tracked
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.page.cards import PhotoRow, product_url
from engine.shop.short_tables import products_table

if TYPE_CHECKING:
    import pandas

ReadImage = Callable[[str], bytes]
PhotoFile = Callable[[str], Path]
Link = Callable[[Any, str | None], str | None]  # where a card leads: of a key and a photo's path


def page_file(path: str | Path) -> Path:
    """The file that a page is to be saved in, checked before anything is searched or written.

    Raises:
        InvalidInputException: its folder does not exist, or it is a folder itself.
    """
    file = Path(path).expanduser()
    if not file.parent.is_dir():
        raise InvalidInputException(
            f"{file} can't be written: there is no folder {file.parent}. Make it, or name another."
        )
    if file.is_dir():
        raise InvalidInputException(
            f"{file} is a folder; expected the name of a file, such as {file / 'results.html'}."
        )
    return file


@dataclass(frozen=True)
class SearchResult:
    """The rows of one search, best first.

    Each row holds the columns that were asked for, then `score` (the API's) and `cosine`; both are
    higher for better rows; the cosine of a row that only words found is None. It is a sequence of
    dicts; a prompt shows it as a short table, a notebook as a contact sheet.

    Attributes:
        index: name of the index that answered.
        query: the query in words, for headings.
        columns: names of the columns, `score` and `cosine` last.
        timings: milliseconds by part of the work: encode, filter, search, fetch.
        plan: how each segment was searched.
        note: what must be known of the encoder, such as untrained weights.
        keys: the rows' primary keys.
        facets: what was counted beside, by column: (value or range, count), most first.
        more: whether further rows follow; of a search by keywords `total` says how many there are.
        catalogue: what the columns mean. offset: how many rows come before these.
    """

    index: str
    query: str
    columns: tuple[str, ...]
    timings: Mapping[str, float]
    plan: tuple[str, ...]
    note: str | None
    _rows: tuple[tuple[Any, ...], ...]
    _images: tuple[str | None, ...] = field(repr=False)
    _read_image: ReadImage = field(repr=False)
    _photo_file: PhotoFile = field(repr=False)
    keys: tuple[Any, ...] = ()
    facets: Mapping[str, Sequence[tuple[Any, int]]] = field(default_factory=dict)
    more: bool = False
    total: int | None = None
    catalogue: Catalogue = field(default=FASHION, repr=False)
    offset: int = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def __getitem__(self, place: int) -> dict[str, Any]:
        return dict(zip(self.columns, self._rows[place]))

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as fresh dicts."""
        return [dict(zip(self.columns, row)) for row in self._rows]

    def to_arrow(self) -> pa.Table:
        """The rows as a pyarrow Table."""
        by_column: Sequence[Sequence[Any]] = list(zip(*self._rows)) or [()] * len(self.columns)
        return pa.table([pa.array(list(values)) for values in by_column], names=list(self.columns))

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas DataFrame.

        Raises:
            MissingExtra: pandas is not installed.
        """
        pandas = require("pandas", "to_pandas()")
        return pandas.DataFrame(self.to_dicts(), columns=list(self.columns))

    def to_html(self, server: str | None = None) -> str:
        """One HTML page with a card for each row: photo, name, price, rank, key, score.

        The photos are inside it; those that were not found are counted, with the reason for the first.

        Args:
            server: the address of `vitrine serve`, such as `http://127.0.0.1:8765`: cards lead to
                their products there.
        """
        return self._sheet(self.product_links(server))

    def missing_photos(self) -> str | None:
        """How many of the rows' photos can't be read, and why the first can't; None for none."""
        return self._missing([reason for _, reason in self.photos() if reason is not None])

    def _missing(self, reasons: Sequence[str]) -> str | None:
        if not reasons:
            return None
        return f"{len(reasons):,} of {len(self):,} photos can't be shown: {reasons[0]}"

    def photos(self) -> Iterator[tuple[bytes | None, str | None]]:
        """The bytes of each row's photo, or why it can't be read; neither where a row has no photo."""
        for path in self._images:
            try:
                yield (self._read_image(path) if path else None), None
            except BadImage as error:
                yield None, error.message

    def save(self, path: str | Path, server: str | None = None) -> Path:
        """Write `to_html()` to a file and return its path; cards lead to their photos' files.

        Args:
            server: see `to_html`; cards lead to their products there instead.

        Raises:
            InvalidInputException: the file's folder does not exist.
        """
        file = page_file(path)
        link = self.product_links(server) if server else self.photo_links(file.parent)
        file.write_text(self._sheet(link), encoding="utf-8")
        return file

    def photo_rows(self, link: Link) -> Iterator[PhotoRow]:
        """The rows as cards are made of them, best first; `link` says where each leads."""
        keys = self.keys or [row.get(self.catalogue.key) for row in self]
        rows = zip(keys, self, self._images, self.photos())
        for key, row, path, (photo, trouble) in tracked(
            rows, total=len(self), unit="photo", desc="photos"
        ):
            yield PhotoRow(row, key, photo, trouble, link(key, path if photo else None))

    def _sheet(self, link: Link, is_file: bool = True) -> str:
        from engine.shop.page.sheets import contact_sheet, sheet_cards  # Jinja2

        troubles: list[str] = []

        def noted() -> Iterator[PhotoRow]:
            for one in self.photo_rows(link):
                troubles.extend([one.trouble] if one.trouble else [])
                yield one

        cards = list(sheet_cards(noted(), self.catalogue, self.offset + 1))
        return contact_sheet(self.query, self.index, cards, self._missing(troubles), is_file)

    def product_links(self, server: str | None) -> Link:
        """Cards lead to the pages of their products on a server; nowhere without one."""
        base = None if server is None else server.rstrip("/")
        return lambda key, _: None if base is None else f"{base}{product_url(key)}"

    def photo_links(self, folder: Path) -> Link:
        """Cards of a page in a folder lead to the files of their photos."""

        def link(_: Any, path: str | None) -> str | None:
            if path is None:
                return None
            with contextlib.suppress(BadImage, ValueError):  # another drive, for one
                return quote(os.path.relpath(self._photo_file(path), folder).replace(os.sep, "/"))
            return None

        return link

    def __repr__(self) -> str:
        found = f"{len(self):,}" if self.total is None else f"{len(self):,} of {self.total:,}"
        heading = f"{found} products for {self.query} from {self.index}"
        key = self.catalogue.key
        rows = [{key: k, **row} for k, row in zip(self.keys, self)] if self.keys else list(self)
        return products_table(heading, rows, self.catalogue, self.offset)

    def _repr_html_(self) -> str:
        return self._sheet(self.product_links(None), is_file=False)
