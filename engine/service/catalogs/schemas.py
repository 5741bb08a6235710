"""Schemas: listed, made, changed, deleted. Knows what lies in one by its names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.core.names import securable_name
from engine.errors import InvalidParameterValue
from engine.service.authorship import user_name
from engine.service.catalogs.catalogs import KIND
from engine.service.catalogs.contents import FIRST_SCHEMA, Contents
from engine.service.catalogs.documents import (
    born,
    change,
    described,
    given,
    kept,
    refuse_new_name,
)
from engine.service.catalogs.errors import SchemaExists, SchemaNotEmpty
from engine.settings import DEFAULT_CATALOG
from engine.store.securable_files import SecurableFiles

_ALWAYS = f"{DEFAULT_CATALOG}.{FIRST_SCHEMA}"


class Schemas:
    """The schemas of a workspace. Safe to use from many threads and processes."""

    def __init__(self, files: SecurableFiles, contents: Contents) -> None:
        self._files, self._contents = files, contents

    def names(self, catalog_name: str) -> list[str]:
        """Full names of a catalog's schemas, sorted. Raises CatalogNotFound."""
        self._contents.check_catalog(catalog_name)
        return self._contents.schemas(catalog_name)

    def exists(self, full_name: str) -> bool:
        """Whether there is a schema `catalog.schema`."""
        return full_name in self._contents.schemas(full_name.partition(".")[0])

    def get(self, full_name: str) -> dict[str, Any]:
        """A schema as Unity Catalog shows it; times are known of one that was created.

        Raises:
            CatalogNotFound, SchemaNotFound: no such catalog, or no such schema.
            CorruptFile, NewerRelease, StorageFailed: its document can't be read.
        """
        self._contents.check_schema(full_name)
        facts = {"owner": user_name(), **kept(self._files, "schemas", full_name)}
        return {**_bare(full_name), "catalog_type": KIND, "browse_only": False, **facts}

    def describe(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Some schemas, each as `get` gives it; damaged ones with what is wrong."""
        return described(names, self.get, _bare)

    def in_catalog(self, catalog_name: str) -> list[dict[str, Any]]:
        """The schemas of a catalog, by name; see `describe`. Raises CatalogNotFound."""
        return self.describe(self.names(catalog_name))

    def create(
        self,
        name: str,
        catalog_name: str,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        storage_root: str | None = None,
    ) -> dict[str, Any]:
        """Make a schema.

        Args:
            storage_root: kept and shown; tables lie in the workspace.

        Raises:
            InvalidParameterValue: a bad name or value. CatalogNotFound: no such catalog.
            SchemaExists: the name is taken.
        """
        securable_name(name, "Schema")
        facts = given(comment=comment, properties=properties, storage_root=storage_root)
        full_name = f"{catalog_name}.{name}"
        with self._files.writing():
            self._contents.check_catalog(catalog_name)
            if self.exists(full_name):
                raise SchemaExists(f"Schema '{name}' already exists")
            self._files.write("schemas", full_name, {**born(), **facts})
        return self.get(full_name)

    def update(
        self,
        full_name: str,
        comment: str | None = None,
        owner: str | None = None,
        properties: Mapping[str, str] | None = None,
        new_name: str | None = None,
    ) -> dict[str, Any]:
        """Change a schema; None leaves a thing as it is.

        Raises:
            CatalogNotFound, SchemaNotFound: no such schema. InvalidParameterValue: a bad value.
            NotSupported: another name.
        """
        refuse_new_name(new_name, full_name.rpartition(".")[2])
        facts = given(comment=comment, owner=owner, properties=properties)
        with self._files.writing():
            self._contents.check_schema(full_name)
            change(self._files, "schemas", full_name, facts)
        return self.get(full_name)

    def delete(self, full_name: str, force: bool = False) -> None:
        """Delete a schema; one that holds something only by `force`, with all that it holds.

        Files and folders that were registered stay where they are.

        Raises:
            CatalogNotFound, SchemaNotFound: no such schema. SchemaNotEmpty: it holds something.
            InvalidParameterValue: the default catalog's first schema.
            NewerRelease: an index of another release is in it, which must delete it.
        """
        with self._files.writing():
            self._contents.check_schema(full_name)
            if full_name == _ALWAYS:
                raise InvalidParameterValue(
                    f"Schema '{full_name}' is there in every workspace, and can't be deleted."
                )
            held = self._contents.members(full_name)
            if held.total and not force:
                tables = len(held.tables) + len(held.views) + len(held.indexes)
                functions = len(held.functions) + len(held.models)
                raise SchemaNotEmpty(
                    f"Schema '{full_name}' is not empty. The schema has {tables} tables(s), "
                    f"{functions} functions(s), {len(held.volumes)} volumes(s)"
                )
            self._contents.empty(full_name)
            self._files.remove("schemas", full_name)


def _bare(full_name: str) -> dict[str, Any]:
    catalog, _, name = full_name.partition(".")
    return {"name": name, "catalog_name": catalog, "full_name": full_name}
