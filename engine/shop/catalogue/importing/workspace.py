"""Imports into a workspace: the fashion layout, or any catalogue. Knows the shop's tables."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import progress
from engine.core.names import table_name
from engine.errors import InvalidInputException, InvalidState, NotFound, VitrineError
from engine.service.indexes.operations import Indexes
from engine.shop.building import SHOP_INDEXES
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.catalogue.guessing.proposing import propose
from engine.shop.catalogue.importing.products import ProductsOfCatalogue
from engine.shop.catalogue.importing.request import CatalogueImport, Given
from engine.shop.catalogue.sources.opening import Reading
from engine.shop.catalogue.stored import PROPERTY, stored_catalogue
from engine.shop.embedding.recipes import check_recipe
from engine.shop.names import (
    ENRICHED,
    FAILURES,
    IMAGE_VOLUME,
    IMAGES,
    IMPORT_FAILURES,
    INTERACTION_FAILURES,
    INTERACTIONS,
    MULTIMODAL,
    PRODUCTS,
    TEXTS,
    UNPACKED_VOLUME,
    USER_FEATURES,
    USERS,
    WITH_TEXT,
)
from engine.shop.products.importing import ImportReport, read_styles
from engine.shop.products.layout import has_fashion_layout
from engine.store.tables.table_store import TableStore
from engine.store.volumes import VolumeStore

_OF_USERS = (
    INTERACTIONS,
    INTERACTION_FAILURES,
    USERS,
    USER_FEATURES,
)  # by products' keys and vectors
_TABLES = (PRODUCTS, IMPORT_FAILURES, IMAGES, TEXTS, ENRICHED, MULTIMODAL, FAILURES, WITH_TEXT)


@dataclass(frozen=True)
class Imports:
    """Writes the table of products, and says what it replaces."""

    tables: TableStore
    volumes: VolumeStore
    indexes: Indexes

    def fashion(
        self,
        styles: str | Path,
        images: str | Path,
        encoding: str | None,
        replace: bool = False,
        means: Catalogue = FASHION,
    ) -> ImportReport:
        """See `Shop.import_fashion`; `means` may have another text or currency."""
        table, report = read_styles(styles, images, encoding)
        self._make_room(means, table.column_names, replace)
        self.volumes.register(IMAGE_VOLUME, images)
        properties = {} if means == FASHION else {PROPERTY: means.to_json()}
        self.tables.write(table_name(PRODUCTS), table, properties)
        if self.tables.exists(table_name(IMPORT_FAILURES)):  # of an earlier import
            self.tables.drop(table_name(IMPORT_FAILURES))
        return report

    def build(
        self,
        products: str | Path,
        images: str | Path | None,
        catalogue: Catalogue | Mapping[str, Any] | str | Path | None,
        how: Given,
        replace: bool = False,
    ) -> ImportReport:
        """The products of any catalogue; what is wrong with rows goes to `import_failures`.

        Raises:
            BadSourceFile: nothing that can be read, a column that is missing, no product at all.
            InvalidInputException: nobody said what the columns mean; the message proposes it.
            InvalidState: the workspace holds products of another catalogue, and `replace` was not given.
        """
        file, folder = Path(products), None if images is None else Path(images)
        means = self._catalogue(file, folder, catalogue, how.encoding)
        if means.renamed == FASHION.renamed and means.roles == FASHION.roles:
            if folder is None:
                raise InvalidInputException(
                    "the fashion layout needs its folder of images: name it behind the file."
                )
            check_recipe(means.text, means)
            return self.fashion(file, folder, how.encoding, replace, means)
        return self._any(CatalogueImport(file, folder, means, how), replace)

    def _any(self, request: CatalogueImport, replace: bool) -> ImportReport:
        found = ProductsOfCatalogue(request, self.volumes, progress.bar)
        self._make_room(found.catalogue, found.table.column_names, replace)
        properties = {PROPERTY: found.catalogue.to_json()}
        self.tables.write(table_name(PRODUCTS), found.table, properties)
        self.tables.write(table_name(IMPORT_FAILURES), found.failures.table())
        return found.report

    def _catalogue(
        self,
        products: Path,
        images: Path | None,
        given: Catalogue | Mapping[str, Any] | str | Path | None,
        encoding: str | None,
    ) -> Catalogue:
        """What is given; else the fashion layout, where the file has it."""
        if isinstance(given, Catalogue):
            return given
        if isinstance(given, (str, Path)):
            return Catalogue.from_file(given)
        if given is not None:
            return Catalogue.from_roles(given)
        if images is not None and has_fashion_layout(products, encoding):
            return FASHION
        proposal = propose(products, images, self.reading(encoding, None))
        raise InvalidInputException(
            "what the columns mean was not said: expected catalogue=, a file or a mapping. A guess:\n\n"
            f"{proposal}\n\nIn Python: build(..., catalogue=propose_catalogue(...).catalogue)"
        )

    def reading(
        self, encoding: str | None, separator: str | None, language: str | None = None
    ) -> Reading:
        """How sources are read here."""
        return Reading(self.volumes.resolve(UNPACKED_VOLUME), encoding, separator, language)

    # ------------------------------------------------------------------ what is there
    def _make_room(self, catalogue: Catalogue, columns: Collection[str], replace: bool) -> None:
        """Remove the tables and indexes of another catalogue, and what its users did: of another key, or
        whose titles are in a column that these products lack.

        Raises:
            InvalidState: there are some, and `replace` was not given.
        """
        held = self._held()
        if held is None or (held.key == catalogue.key and held.title in columns):
            return
        if not replace:
            raise InvalidState(
                f"the workspace holds products of another catalogue (key {held.key}, title {held.title})"
                f"; this one has key {catalogue.key}, title {catalogue.title}. --replace (replace=True "
                "in Python) removes its tables, indexes and users first; or build it in another "
                "workspace: --workspace DIR."
            )
        for index in SHOP_INDEXES:
            if self.indexes.exists(index):
                self.indexes.delete(index)
        for name in (*_TABLES, *_OF_USERS):
            with contextlib.suppress(NotFound):
                self.tables.drop(table_name(name))

    def _held(self) -> Catalogue | None:
        """The catalogue of the products that are there; None for none, or none that says what it is."""
        try:
            said = stored_catalogue(self.tables)
            names = self.tables.get(table_name(PRODUCTS)).schema.names
        except VitrineError:  # none, or a damaged one, which is written anew
            return None
        return said or (FASHION if FASHION.key in names and FASHION.title in names else None)
