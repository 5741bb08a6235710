"""Catalogues and schemas as SQL makes and drops them: those of Unity Catalog, in SQL's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import BadStatement, NotFound, ResourceConflict
from engine.service.catalogs.errors import (
    CatalogExists,
    CatalogNotEmpty,
    SchemaExists,
    SchemaNotEmpty,
)
from engine.service.unity_catalog import UnityCatalog
from engine.settings import DEFAULT_CATALOG, DEFAULT_SCHEMA


class Schemas:
    """The catalogues and schemas of a workspace.

    Names without a schema mean the default one, so that is as good as there before it was created.
    """

    def __init__(self, unity_catalog: UnityCatalog) -> None:
        self._catalogs, self._schemas = unity_catalog.catalogs, unity_catalog.schemas

    def catalogs(self) -> list[str]:
        """Names of all catalogues, sorted."""
        return self._catalogs.names()

    def schemas(self, catalog: str) -> list[str]:
        """Names of a catalogue's schemas, sorted. Raises NotFound where there is no such catalogue."""
        self.check_catalog(catalog)
        return [name.partition(".")[2] for name in self._schemas.names(catalog)]

    def check_catalog(self, catalog: str) -> None:
        """Raises NotFound where there is no such catalogue."""
        if not self._catalogs.exists(catalog):
            raise NotFound(f"[NO_SUCH_CATALOG_EXCEPTION] Catalog '{catalog}' does not exist.")

    def check(self, catalog: str, schema: str) -> None:
        """Raises NotFound where there is no such schema, nor is it the default one."""
        if (catalog, schema) != (DEFAULT_CATALOG, DEFAULT_SCHEMA):
            self._check_is_there(catalog, schema)

    def _check_is_there(self, catalog: str, schema: str) -> None:
        self.check_catalog(catalog)
        if not self._schemas.exists(f"{catalog}.{schema}"):
            raise NotFound(
                f"[SCHEMA_NOT_FOUND] The schema `{catalog}`.`{schema}` cannot be found. Create it with: "
                f"CREATE SCHEMA {catalog}.{schema}"
            )

    def describe_catalog(self, catalog: str) -> Mapping[str, Any]:
        """A catalogue as Unity Catalog shows it. Raises NotFound."""
        self.check_catalog(catalog)
        return self._catalogs.get(catalog)

    def describe(self, catalog: str, schema: str) -> Mapping[str, Any]:
        """A schema as Unity Catalog shows it. Raises NotFound."""
        self._check_is_there(catalog, schema)
        return self._schemas.get(f"{catalog}.{schema}")

    # ------------------------------------------------------------------ life cycle
    def create(
        self,
        catalog: str,
        schema: str,
        lenient: bool,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Make a schema. Raises ResourceConflict where it is there, unless `lenient`; NotFound."""
        self.check_catalog(catalog)
        try:
            self._schemas.create(schema, catalog, comment, properties)
        except SchemaExists:
            if not lenient:
                raise ResourceConflict(
                    f"[SCHEMA_ALREADY_EXISTS] Schema '{catalog}.{schema}' already exists"
                ) from None

    def create_catalog(self, catalog: str, lenient: bool, comment: str | None = None) -> None:
        """Make a catalogue with a schema `default`. Raises ResourceConflict as `create` does."""
        try:
            self._catalogs.create(catalog, comment)
        except CatalogExists:
            if not lenient:
                raise ResourceConflict(
                    f"[CATALOG_ALREADY_EXISTS] Catalog '{catalog}' already exists"
                ) from None

    def drop(self, catalog: str, schema: str, lenient: bool, cascade: bool) -> None:
        """Drop a schema, and what is in it where `cascade` says so.

        Raises:
            NotFound: no such schema, unless `lenient`. BadStatement: it is not empty.
            InvalidParameterValue: it is there in every workspace.
        """
        try:
            self._check_is_there(catalog, schema)
            self._schemas.delete(f"{catalog}.{schema}", force=cascade)
        except NotFound:
            if not lenient:
                raise
        except SchemaNotEmpty as error:
            raise BadStatement(
                f"[SCHEMA_NOT_EMPTY] {error.message}. Say CASCADE to drop them too."
            ) from None

    def drop_catalog(self, catalog: str, lenient: bool, cascade: bool) -> None:
        """Drop a catalogue; see `drop`. A new one has a schema, so that it takes `cascade` too."""
        try:
            self.check_catalog(catalog)
            self._catalogs.delete(catalog, force=cascade)
        except NotFound:
            if not lenient:
                raise
        except CatalogNotEmpty as error:
            raise BadStatement(f"{error.message}. Say CASCADE to drop them too.") from None
