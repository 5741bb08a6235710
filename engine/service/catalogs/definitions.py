"""Functions and registered models: things that are nothing but their document. Knows no code.

A function's definition is kept and shown; statements call those in SQL
(`engine/service/sql/routines/`). A registered model is a name that versions are registered under.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from engine.core.names import is_full_name, securable_name
from engine.core.values import shown
from engine.errors import InvalidParameterValue, NotFound, ResourceConflict
from engine.service.catalogs.contents import Contents
from engine.service.catalogs.documents import (
    bare,
    born,
    change,
    described,
    given,
    refuse_new_name,
)
from engine.store.securable_files import Kind, SecurableFiles


class _Definitions:
    """What functions and models have in common."""

    kind: Kind
    noun: str  # in messages
    rpc: str  # in the refusal of a name

    def __init__(self, files: SecurableFiles, contents: Contents) -> None:
        self._files, self._contents = files, contents

    def names(self, catalog_name: str, schema_name: str) -> list[str]:
        """Full names in a schema, sorted. Raises CatalogNotFound, SchemaNotFound."""
        schema = f"{catalog_name}.{schema_name}"
        self._contents.check_schema(schema)
        return self._files.names(self.kind, schema)

    def all_names(self) -> list[str]:
        """Full names of all there are, sorted."""
        return self._files.names(self.kind)

    def get(self, full_name: str) -> dict[str, Any]:
        """One as Unity Catalog shows it.

        Raises:
            NotFound: there is none. CorruptFile, NewerRelease, StorageFailed: its document can't be
                read.
        """
        self._check(full_name)
        try:
            facts = self._files.read(self.kind, full_name)
        except FileNotFoundError:  # deleted just now
            raise self._not_found(full_name) from None
        return {**bare(full_name), "browse_only": False, **facts}

    def describe(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Some of them, each as `get` gives it; damaged ones with what is wrong."""
        return described(names, self.get, bare)

    def _check(self, full_name: str) -> None:
        if not is_full_name(full_name, 3) or not self._files.exists(self.kind, full_name):
            raise self._not_found(full_name)

    def _not_found(self, full_name: str) -> NotFound:
        return NotFound(f"{self.noun} '{full_name}' does not exist.")

    def _add(
        self, place: tuple[str, str, str], facts: Mapping[str, Any], replaces: bool = False
    ) -> dict[str, Any]:
        catalog, schema, name = place
        securable_name(name, self.rpc)
        full_name = ".".join(place)
        with self._files.writing():
            self._contents.check_schema(f"{catalog}.{schema}")
            if not replaces and self._files.exists(self.kind, full_name):
                raise ResourceConflict(f"{self.noun} '{full_name}' already exists")
            self._files.write(self.kind, full_name, {**facts, **born()})
        return self.get(full_name)

    def _change(self, full_name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        with self._files.writing():
            self._check(full_name)
            change(self._files, self.kind, full_name, facts)
        return self.get(full_name)

    def _remove(self, full_name: str) -> None:
        with self._files.writing():
            self._check(full_name)
            self._files.remove(self.kind, full_name)


class Functions(_Definitions):
    """The functions of a workspace. Safe to use from many threads and processes."""

    kind: Kind = "functions"
    noun, rpc = "Function", "Function"

    def create(self, function_info: Mapping[str, Any], replaces: bool = False) -> dict[str, Any]:
        """Register a function.

        Args:
            function_info: its definition as the API takes it; kept and shown.
            replaces: one of that name is replaced at once, which keeps its grants.

        Raises:
            InvalidParameterValue: no name, catalog or schema. CatalogNotFound, SchemaNotFound: no such
                schema. ResourceConflict: the name is taken.
        """
        facts = dict(function_info)
        place = tuple(facts.pop(key, None) for key in ("catalog_name", "schema_name", "name"))
        if not all(isinstance(part, str) for part in place):
            raise InvalidParameterValue(
                f"function_info is {shown(function_info)}; expected texts for name, catalog_name and "
                "schema_name."
            )
        catalog, schema, name = place
        return self._add(
            (catalog, schema, name), {**facts, "function_id": str(uuid.uuid4())}, replaces
        )

    def update(self, full_name: str, owner: str | None = None) -> dict[str, Any]:
        """Give a function to somebody else. Raises NotFound, InvalidParameterValue."""
        return self._change(full_name, given(owner=owner))

    def delete(self, full_name: str, force: bool = False) -> None:
        """Delete a function; nothing depends on one, so `force` changes nothing. Raises NotFound."""
        self._remove(full_name)


class RegisteredModels(_Definitions):
    """The registered models of a workspace. Safe to use from many threads and processes."""

    kind: Kind = "models"
    noun, rpc = "Registered Model", "RegisteredModel"

    def create(
        self,
        name: str,
        catalog_name: str,
        schema_name: str,
        comment: str | None = None,
        owner: str | None = None,
        storage_location: str | None = None,
    ) -> dict[str, Any]:
        """Register a model.

        Args:
            storage_location: kept and shown.

        Raises:
            InvalidParameterValue: a bad name or value. CatalogNotFound, SchemaNotFound: no such schema.
            ResourceConflict: the name is taken.
        """
        facts = given(comment=comment, storage_location=storage_location)
        made = self._add((catalog_name, schema_name, name), facts)
        return self.update(made["full_name"], owner=owner) if owner is not None else made

    def update(
        self,
        full_name: str,
        comment: str | None = None,
        owner: str | None = None,
        new_name: str | None = None,
    ) -> dict[str, Any]:
        """Change a registered model; None leaves a thing as it is.

        Raises:
            NotFound: no such model. InvalidParameterValue: a bad value. NotSupported: another name.
        """
        refuse_new_name(new_name, full_name.rpartition(".")[2])
        return self._change(full_name, given(comment=comment, owner=owner))

    def delete(self, full_name: str) -> None:
        """Delete a registered model. Raises NotFound."""
        self._remove(full_name)
