"""Catalogs: listed, made, changed, deleted. Knows schemas by what they offer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.core.names import securable_name
from engine.errors import InvalidParameterValue
from engine.service.authorship import user_name
from engine.service.catalogs.contents import FIRST_SCHEMA, Contents
from engine.service.catalogs.documents import (
    born,
    change,
    described,
    given,
    kept,
    refuse_new_name,
)
from engine.service.catalogs.errors import CatalogExists, CatalogNotEmpty
from engine.settings import DEFAULT_CATALOG
from engine.store.securable_files import SecurableFiles

KIND = "MANAGED_CATALOG"


class Catalogs:
    """The catalogs of a workspace. Safe to use from many threads and processes."""

    def __init__(self, files: SecurableFiles, contents: Contents) -> None:
        self._files, self._contents = files, contents

    def names(self) -> list[str]:
        """Names of all catalogs, sorted."""
        return self._contents.catalogs()

    def exists(self, name: str) -> bool:
        """Whether a catalog has this name."""
        return name in self.names()

    def get(self, name: str) -> dict[str, Any]:
        """A catalog as Unity Catalog shows it; times are known of one that was created.

        Raises:
            CatalogNotFound: no such catalog. CorruptFile, NewerRelease, StorageFailed: its document
                can't be read.
        """
        self._contents.check_catalog(name)
        facts = {"owner": user_name(), **kept(self._files, "catalogs", name)}
        return {**_bare(name), "isolation_mode": "OPEN", "browse_only": False, **facts}

    def describe(self, names: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Some catalogs, or all of them, each as `get` gives it; damaged ones with what is wrong."""
        return described(self.names() if names is None else names, self.get, _bare)

    def create(
        self,
        name: str,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        storage_root: str | None = None,
    ) -> dict[str, Any]:
        """Make a catalog, with a schema `default`.

        Args:
            storage_root: kept and shown; tables lie in the workspace.

        Raises:
            InvalidParameterValue: a bad name or value. CatalogExists: the name is taken.
        """
        securable_name(name, "Catalog")
        facts = given(
            comment=comment, properties=properties, options=options, storage_root=storage_root
        )
        with self._files.writing():
            if self.exists(name):
                raise CatalogExists(f"Catalog '{name}' already exists")
            self._files.write("catalogs", name, {**born(), **facts})
            self._files.write("schemas", f"{name}.{FIRST_SCHEMA}", born())
        return self.get(name)

    def update(
        self,
        name: str,
        comment: str | None = None,
        owner: str | None = None,
        properties: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        new_name: str | None = None,
    ) -> dict[str, Any]:
        """Change a catalog; None leaves a thing as it is.

        Raises:
            CatalogNotFound: no such catalog. InvalidParameterValue: a bad value.
            NotSupported: another name.
        """
        refuse_new_name(new_name, name)
        facts = given(comment=comment, owner=owner, properties=properties, options=options)
        with self._files.writing():
            self._contents.check_catalog(name)
            change(self._files, "catalogs", name, facts)
        return self.get(name)

    def delete(self, name: str, force: bool = False) -> None:
        """Delete a catalog; one with schemas, of which a new one has one, only by `force`.

        Raises:
            CatalogNotFound: no such catalog. CatalogNotEmpty: it has schemas.
            InvalidParameterValue: the default catalog.
            NewerRelease: an index of another release is in it, which must delete it.
        """
        with self._files.writing():
            self._contents.check_catalog(name)
            if name == DEFAULT_CATALOG:
                raise InvalidParameterValue(
                    f"Catalog '{name}' is the workspace's default catalog, which can't be deleted."
                )
            schemas = self._contents.schemas(name)
            if schemas and not force:
                raise CatalogNotEmpty(
                    f"Catalog '{name}' is not empty. The catalog has {len(schemas)} schema(s)"
                )
            for schema in schemas:
                self._contents.empty(schema)
                self._files.remove("schemas", schema)
            self._files.remove("catalogs", name)


def _bare(name: str) -> dict[str, Any]:
    return {"name": name, "full_name": name, "catalog_type": KIND, "securable_type": "CATALOG"}
