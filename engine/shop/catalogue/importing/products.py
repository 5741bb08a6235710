"""Any source of products to the table of products. Knows catalogues and Arrow; not encoders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa

from engine.core.arrow.objects import array_of
from engine.core.schema import MAX_COLUMNS
from engine.core.types import is_list, parse_sql_type, row_of
from engine.errors import BadSourceFile, InvalidParameterValue
from engine.service.table_files.conversions import converted
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.importing.failures import FETCH, PRICE, ROW, TYPE, YEAR, Failures
from engine.shop.catalogue.importing.money import read_prices
from engine.shop.catalogue.importing.naming import Naming
from engine.shop.catalogue.importing.pictures import PicturePaths
from engine.shop.catalogue.importing.request import CatalogueImport
from engine.shop.catalogue.importing.rows import Rows, read_rows
from engine.shop.catalogue.importing.values import NULLS, column, keys, year_of
from engine.shop.catalogue.sources.opening import Reading, open_keyed
from engine.shop.catalogue.sources.source import Source
from engine.shop.embedding.recipes import check_recipe, quartiles
from engine.shop.names import IMAGE_PATH, UNPACKED_VOLUME
from engine.shop.products.importing import ImportReport
from engine.store.volumes import VolumeStore

Bar = Callable[..., Any]


class ProductsOfCatalogue:
    """The products of one import.

    Attributes:
        table: with the user's columns and `image_path`. catalogue: what they mean, by the table's names.
        failures: what was left out. report: what was found.
    """

    def __init__(self, request: CatalogueImport, volumes: VolumeStore, bar: Bar) -> None:
        """Read them.

        Raises:
            BadSourceFile: nothing that can be read, a column that is missing, no product at all.
            InvalidInputException: pictures behind links, and nobody said to fetch them.
            InvalidParameterValue: a text template over columns that aren't there.
        """
        self._request = request
        given, how = request.catalogue, request.given
        reading = Reading(
            volumes.resolve(UNPACKED_VOLUME), how.encoding, how.separator, given.language
        )
        self._source = open_keyed(request.products, reading, given.key)
        self.failures = Failures(str(request.products))
        self._naming = Naming.of(self._source.names, given, str(request.products))
        self.catalogue = self._naming.resolved(given)
        pictures = PicturePaths(request, self._source, self._naming, volumes, bar)
        self._key = self._naming.source(self.catalogue.key, "id")
        title = self._naming.source(self.catalogue.title, "title")
        self._rows = read_rows(self._source, self._key, title, pictures.finder, self.failures)
        self._check_any(self._source, self._rows)
        paths = pictures.paths(self._rows, self.failures)
        self.table = self._table(paths)
        self.catalogue = self._completed(self.table)
        self._fetched = pictures.fetched
        check_recipe(self.catalogue.text, self.catalogue, self.table.column_names)

    def _check_any(self, source: Source, rows: Rows) -> None:
        if not rows.keys:
            first = self.failures.first(ROW)
            why = f" The first row, in {source.unit} {first[0]}: {first[1]}." if first else ""
            raise BadSourceFile(
                f"no product can be read from it.{why}", file=str(self._request.products)
            )

    # ------------------------------------------------------------------ columns
    def _table(self, paths: list[str | None]) -> pa.Table:
        arrays, fields = [], []
        for own, name in self._naming.names.items():
            array = self._column(own, name, self._rows.columns[own])
            arrays.append(array)
            fields.append(pa.field(name, array.type, nullable=name != self.catalogue.key))
        arrays.append(pa.array(paths, pa.string()))
        fields.append(pa.field(IMAGE_PATH, pa.string()))
        return pa.table(arrays, schema=pa.schema(fields))

    def _column(self, own: str, name: str, values: list[Any]) -> pa.Array:
        if name == self.catalogue.key:
            return keys(self._rows.keys)
        if name == self.catalogue.price:
            return self._prices(values)
        if name == self.catalogue.year:
            return self._years(values)
        asked = self.catalogue.types.get(name, self.catalogue.types.get(own))
        if asked is not None:
            return self._typed(name, values, asked)
        kind = self._source.types.get(own)
        if kind is not None:
            return self._of_type(name, values, kind)
        return column(values, self._source.is_text)

    def _of_type(self, name: str, values: list[Any], kind: pa.DataType) -> pa.Array:
        """Values in the type that the source has for them."""
        try:
            return pa.array(values, kind)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            ones = [self._one(place, name, value, kind) for place, value in enumerate(values)]
            return pa.chunked_array(ones, kind).combine_chunks()

    def _one(self, place: int, name: str, value: Any, kind: pa.DataType) -> pa.Array:
        try:
            return array_of(value, kind)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            self._fail(place, TYPE, f"{name} is {value!s:.80}, which is no {kind}; left empty")
            return pa.nulls(1, kind)

    def _prices(self, values: list[Any]) -> pa.Array:
        prices = read_prices(values, NULLS)
        if prices.currency and not self.catalogue.currency:
            self.catalogue = replace(self.catalogue, currency=prices.currency)
        for place, text in prices.unread.items():
            self._fail(place, PRICE, f"{text!r} is no price; the product has none")
        return pa.array(prices.values, pa.float64())

    def _years(self, values: list[Any]) -> pa.Array:
        years = [None if value is None else year_of(value) for value in values]
        for place, (value, year) in enumerate(zip(values, years)):
            if value is not None and year is None:
                self._fail(place, YEAR, f"{value!r:.80} is no year; the product has none")
        return pa.array(years, pa.int32())

    def _typed(self, name: str, values: list[Any], asked: str) -> pa.Array:
        kind = parse_sql_type(asked)
        if kind is None:
            raise InvalidParameterValue(
                f"the catalogue's type of {name} is {asked!r}; expected an SQL type such as string, "
                "bigint, double, date."
            )
        texts = pa.array([None if value is None else str(value) for value in values], pa.string())
        found = converted(pa.chunked_array([texts]), kind)
        if found is None:
            ones = [self._cast(n, name, texts.slice(n, 1), kind) for n in range(len(texts))]
            found = pa.chunked_array(ones, kind)
        return found.combine_chunks()

    def _cast(self, place: int, name: str, text: pa.Array, kind: pa.DataType) -> pa.Array:
        found = converted(pa.chunked_array([text]), kind)
        if found is None:
            self._fail(
                place, TYPE, f"{name} is {text[0].as_py()!r:.80}, which is no {kind}; left empty"
            )
            return pa.nulls(1, kind)
        return found.combine_chunks()

    def _fail(self, place: int, stage: str, reason: str) -> None:
        self.failures.add(self._rows.lines[place], self._rows.keys[place], stage, reason)

    # ------------------------------------------------------------------ what they mean
    def _completed(self, table: pa.Table) -> Catalogue:
        """The catalogue with an index's columns, and the limits of its words for prices."""
        said = self.catalogue
        image, is_pattern = self._naming.image(self._request.catalogue)
        columns = _index_columns(table, said, None if is_pattern else image)
        levels = said.price_levels
        if levels is None:
            prices = table[said.price].drop_null().to_pylist() if said.price else []
            levels = quartiles(prices)
        return replace(said, columns=columns, price_levels=levels)

    @property
    def report(self) -> ImportReport:
        """What was found, for people."""
        how = list(self._source.how)
        if self._rows.further:
            how.append(f"{self._rows.further:,} further rows of products passed over")
        changed = self._naming.changed
        if changed and not self.catalogue.renamed:
            how.append(f"columns renamed: {', '.join(changed[:8])}")
        nulls = Counter({n: self.table[n].null_count for n in self.table.column_names})
        return ImportReport(
            products=len(self.table),
            with_photo=len(self.table) - nulls[IMAGE_PATH],
            prices_made_up=0,
            joined_names=0,
            nulls={name: count for name, count in nulls.items() if count},
            failures=self.failures.counts,
            first_failure=self.failures.first(ROW) or self.failures.first(FETCH),
            unit=self._source.unit,
            how=tuple(how),
            fetched=self._fetched,
        )


def _index_columns(table: pa.Table, catalogue: Catalogue, image: str | None) -> tuple[str, ...]:
    """The columns that an index carries: those that were asked for, else roles first, then all others
    of a type that it can hold, as many as it takes."""
    roles = [*catalogue.shown, IMAGE_PATH, *catalogue.attributes]
    if catalogue.columns:
        return tuple(dict.fromkeys([*catalogue.columns, catalogue.key, IMAGE_PATH]))
    others = [
        field.name for field in table.schema if field.name != image and _is_indexable(field.type)
    ]
    return tuple(dict.fromkeys([*roles, *others]))[: MAX_COLUMNS - 2]


def _is_indexable(kind: pa.DataType) -> bool:
    inner = kind.value_type if is_list(kind) else kind
    return row_of(inner) is not None and not pa.types.is_binary(inner)
