"""Volumes as Unity Catalog registers them. Knows places; not what files they hold."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from engine.core.names import ThreePartName, is_full_name, securable_name
from engine.errors import InvalidParameterValue, NotSupported, ResourceConflict
from engine.service.authorship import user_name
from engine.service.catalogs.contents import Contents
from engine.service.catalogs.documents import (
    bare,
    born,
    change,
    described,
    given,
    kept,
    refuse_new_name,
)
from engine.service.catalogs.errors import VolumeNotFound
from engine.store.securable_files import SecurableFiles
from engine.store.volumes import VolumeStore

TYPES = ("MANAGED", "EXTERNAL")


class Volumes:
    """The volumes of a workspace. Safe to use from many threads and processes."""

    def __init__(self, volumes: VolumeStore, files: SecurableFiles, contents: Contents) -> None:
        self._volumes, self._files, self._contents = volumes, files, contents

    def names(self, catalog_name: str, schema_name: str) -> list[str]:
        """Full names of the volumes of a schema, sorted. Raises CatalogNotFound, SchemaNotFound."""
        schema = f"{catalog_name}.{schema_name}"
        self._contents.check_schema(schema)
        return self._contents.members(schema).volumes

    def get(self, full_name: str) -> dict[str, Any]:
        """A volume as Unity Catalog shows it; times are known of one that was created.

        Raises:
            VolumeNotFound: no such volume.
            CorruptFile, NewerRelease, StorageFailed: its document can't be read.
        """
        name = self._checked(full_name)
        folder, registered = self._volumes.folder_of(name)
        return {
            **bare(full_name),
            "volume_type": TYPES[registered],
            "storage_location": folder.as_uri(),
            "owner": user_name(),
            "browse_only": False,
            **kept(self._files, "volumes", full_name),
        }

    def _checked(self, full_name: str) -> ThreePartName:
        if is_full_name(full_name, 3):
            name = ThreePartName(*full_name.split("."))
            if name in self._volumes.names():
                return name
        raise VolumeNotFound(f"Volume '{full_name}' does not exist.")

    def describe(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Some volumes, each as `get` gives it; damaged ones with what is wrong."""
        return described(names, self.get, bare)

    def in_schema(self, catalog_name: str, schema_name: str) -> list[dict[str, Any]]:
        """The volumes of a schema, by name. Raises CatalogNotFound, SchemaNotFound."""
        return self.describe(self.names(catalog_name, schema_name))

    def create(
        self,
        catalog_name: str,
        schema_name: str,
        name: str,
        volume_type: str = "MANAGED",
        comment: str | None = None,
        storage_location: str | None = None,
    ) -> dict[str, Any]:
        """Make a volume whose files lie in the workspace.

        Raises:
            InvalidParameterValue: a bad name or type. ResourceConflict: the name is taken.
            NotSupported: a volume of files elsewhere, which is registered on the machine itself.
            CatalogNotFound, SchemaNotFound: no such schema.
        """
        securable_name(name, "Volume")
        if volume_type not in TYPES:
            raise InvalidParameterValue(
                f"volume_type is {volume_type!r:.80}; expected {' or '.join(TYPES)}."
            )
        if volume_type == "EXTERNAL" or storage_location is not None:
            raise NotSupported(
                "A volume of files elsewhere is registered on the machine that has them: "
                f"vitrine volume register /Volumes/{catalog_name}/{schema_name}/{name} FOLDER"
            )
        facts = given(comment=comment)
        full_name = f"{catalog_name}.{schema_name}.{name}"
        with self._files.writing():
            self._contents.check_schema(f"{catalog_name}.{schema_name}")
            parts = ThreePartName(catalog_name, schema_name, name)
            if parts in self._volumes.names():
                raise ResourceConflict(f"Volume '{full_name}' already exists")
            self._volumes.create(parts)
            facts = {**born(), "volume_id": str(uuid.uuid4()), **facts}
            self._files.write("volumes", full_name, facts)
        return self.get(full_name)

    def update(
        self,
        full_name: str,
        comment: str | None = None,
        owner: str | None = None,
        new_name: str | None = None,
    ) -> dict[str, Any]:
        """Change a volume; None leaves a thing as it is.

        Raises:
            VolumeNotFound: no such volume. InvalidParameterValue: a bad value.
            NotSupported: another name.
        """
        refuse_new_name(new_name, full_name.rpartition(".")[2])
        facts = given(comment=comment, owner=owner)
        with self._files.writing():
            self._checked(full_name)
            change(self._files, "volumes", full_name, facts)
        return self.get(full_name)

    def delete(self, full_name: str) -> None:
        """Delete a volume with its files; registered folders are only forgotten.

        Raises:
            VolumeNotFound: no such volume.
        """
        with self._files.writing():
            name = self._checked(full_name)
            self._volumes.delete(name)
            self._files.remove("volumes", full_name)
