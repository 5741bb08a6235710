"""The groups `table` and `volume`, with the commands of files, which declare themselves on them."""

from __future__ import annotations

from engine.doors.cli.catalogs import table_files, volume_files
from engine.doors.cli.catalogs.tables import table
from engine.doors.cli.catalogs.volumes import volume

__all__ = ["table", "table_files", "volume", "volume_files"]
