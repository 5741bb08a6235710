"""Routes of Unity Catalog, one file a noun."""

from __future__ import annotations

from engine.doors.rest.catalogs import (
    catalogs,
    constraints,
    definitions,
    permissions,
    schemas,
    tables,
    volumes,
)
from engine.doors.rest.routing import Route

ROUTES: tuple[Route, ...] = (
    *catalogs.ROUTES,
    *schemas.ROUTES,
    *tables.ROUTES,
    *constraints.ROUTES,
    *volumes.ROUTES,
    *definitions.ROUTES,
    *permissions.ROUTES,
)
