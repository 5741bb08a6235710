"""The group of commands of vector search indexes."""

from __future__ import annotations

import click

from engine.doors.cli.options import Group


@click.group(cls=Group)
def index() -> None:
    """Vector search indexes."""
