"""Catalogs, schemas and volumes of a file: what would be wrong with them, and making them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.core.names import ThreePartName
from engine.doors.seeding.file.resources import Resource
from engine.doors.seeding.setting import Setting
from engine.errors import NotFound, ResourceConflict


def make_room(setting: Setting) -> None:
    """Make the catalogs and schemas that the file's resources lie in and that are not named itself."""
    for resource in setting.resources:
        parts = resource.name.split(".") if not resource.section.endswith("_endpoints") else []
        above = parts[:-1]
        if above:
            _make_if_missing(setting, "catalogs", above[0])
        if len(above) == 2:
            _make_if_missing(setting, "schemas", ".".join(above))


def _make_if_missing(setting: Setting, section: str, name: str) -> None:
    if setting.named(section, name) is not None or setting.came(section, name) is not None:
        return
    if _found(setting, section, name) is None:
        if not setting.dry_run:
            with contextlib.suppress(ResourceConflict):  # somebody else makes it just now
                _create(setting, section, name)
        setting.add(section, name, "create")


def _found(setting: Setting, section: str, name: str) -> dict[str, Any] | None:
    """A catalog or a schema as it is; None where there is none."""
    workspace = setting.workspace
    get: Callable[[str], dict[str, Any]]
    get = workspace.get_catalog if section == "catalogs" else workspace.get_schema
    try:
        return get(name)
    except NotFound:
        return None


def _create(setting: Setting, section: str, name: str, **facts: Any) -> None:
    if section == "catalogs":
        setting.workspace.create_catalog(name, **facts)
    else:
        catalog, _, last = name.partition(".")
        setting.workspace.create_schema(last, catalog, **facts)


def carry_out_namespace(setting: Setting, resource: Resource) -> tuple[str, str]:
    """Make or change a catalog or a schema; what was done, and no detail."""
    section, name = resource.section, resource.name
    said = {
        fact: resource.fields[fact] for fact in ("comment", "properties") if fact in resource.fields
    }
    found = _found(setting, section, name)
    if found is None:
        if not setting.dry_run:
            _create(setting, section, name, **said)
        return "create", ""
    if "properties" in said:  # those that others set stay
        said["properties"] = {**found.get("properties", {}), **said["properties"]}
    said = {fact: value for fact, value in said.items() if value != found.get(fact)}
    if not said:
        return "unchanged", ""
    if not setting.dry_run:
        workspace = setting.workspace
        update = workspace.update_catalog if section == "catalogs" else workspace.update_schema
        update(name, **said)
    return "change", ", ".join(said)


def volume_problem(setting: Setting, resource: Resource) -> str | None:
    """Why a volume can't become what the file says; None where it can."""
    folder, registered = _volume(setting, resource)
    kind = resource.fields.get("volume_type", "").upper()
    location = resource.fields.get("storage_location")
    if kind not in ("", "MANAGED", "EXTERNAL"):
        return f"volume_type is {kind!r:.40}; expected MANAGED or EXTERNAL."
    if kind and (kind == "EXTERNAL") != (location is not None):
        return "a volume is EXTERNAL with a storage_location only: the folder that it stands for."
    if folder is not None and registered != (location is not None):
        now = f"stands for {folder}" if registered else "has files of its own"
        return (
            f"volume {resource.name} is there and {now}. Delete it, or choose another name: vitrine "
            f"volume delete {resource.name}"
        )
    return None


def _volume(setting: Setting, resource: Resource) -> tuple[Path | None, bool]:
    """The folder of a volume that is there, and whether that was registered."""
    name = ThreePartName(*resource.name.split("."))
    if name not in setting.workspace.volumes.names():
        return None, False
    folder, registered = setting.workspace.volumes.folder_of(name)
    return folder, registered


def carry_out_volume(setting: Setting, resource: Resource) -> tuple[str, str]:
    """Make or change a volume; what was done, and its folder where that is registered."""
    workspace, name = setting.workspace, resource.name
    folder, _ = _volume(setting, resource)
    location, comment = (resource.fields.get(key) for key in ("storage_location", "comment"))
    place = None if location is None else setting.document.path(location).resolve()
    same = folder is not None and place in (None, folder)
    known = workspace.get_volume(name).get("comment") if folder is not None else None
    if same and comment in (None, known):
        return "unchanged", ""
    if not setting.dry_run:
        catalog, schema, last = name.split(".")
        if not same and place is not None:
            workspace.register_volume(f"/Volumes/{catalog}/{schema}/{last}", place)
        elif not same:
            workspace.create_volume(catalog, schema, last, comment=comment)
        if comment not in (None, known) and (same or place is not None):
            workspace.update_volume(name, comment=comment)
    return "create" if folder is None else "change", "" if place is None else str(place)
