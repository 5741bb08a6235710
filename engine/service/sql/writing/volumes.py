"""Volumes made and dropped by statements. Knows names; not files."""

from __future__ import annotations

from engine.errors import NotFound, ResourceConflict
from engine.service.catalogs.volumes import Volumes
from engine.service.sql.language.forms.volumes import ChangeVolume
from engine.service.sql.session import Session
from engine.service.sql.writing.schemas import Schemas
from engine.settings import DEFAULT_CATALOG, DEFAULT_SCHEMA


def change_volume(
    volumes: Volumes, schemas: Schemas, command: ChangeVolume, session: Session
) -> None:
    """Make or drop a volume.

    Raises:
        ResourceConflict: it is there. NotFound: it is not, or its schema. NotSupported: files elsewhere.
    """
    name = session.full_name(command.name)
    if command.drop:
        try:
            volumes.delete(str(name))
        except NotFound:
            if not command.lenient:
                raise
        return
    schemas.check(name.catalog, name.schema)
    if (name.catalog, name.schema) == (DEFAULT_CATALOG, DEFAULT_SCHEMA):
        schemas.create(name.catalog, name.schema, lenient=True)
    kind = "EXTERNAL" if command.external else "MANAGED"
    try:
        volumes.create(
            name.catalog, name.schema, name.name, kind, command.comment, command.location
        )
    except ResourceConflict:
        if not command.lenient:
            raise
