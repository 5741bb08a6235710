"""The group `index`, with its commands, which declare themselves on it when they are imported."""

from __future__ import annotations

from engine.doors.cli.indexes import care, create, life, rows
from engine.doors.cli.indexes.group import index

__all__ = ["care", "create", "index", "life", "rows"]
