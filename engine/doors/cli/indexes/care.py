"""Commands of the care of an index's files: check, compact, restore. Translates and prints."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from engine.doors.cli.indexes.group import index
from engine.doors.cli.options import with_workspace
from engine.doors.cli.printing import say
from engine.errors import CorruptFile

if TYPE_CHECKING:
    from engine.workspace import Workspace


@index.command("check")
@click.argument("name")
@with_workspace
def index_check(workspace: Workspace, name: str) -> None:
    """Read every file of an index; print what is wrong and exit with 1 if anything is."""
    name = workspace.full_index_name(name)
    faults = workspace.check_index(name)
    for fault in faults:
        say(" ".join(fault.split()))
    if faults:
        click.get_current_context().exit(1)
    say(f"{name}: {len(workspace.index_versions(name)):,} versions, all intact")


@index.command("compact")
@click.argument("name")
@with_workspace
def index_compact(workspace: Workspace, name: str) -> None:
    """Merge all segments of an index and drop its deleted rows."""
    name = workspace.full_index_name(name)
    done = workspace.compact_index(name)
    rows = workspace.get_index(name)["status"]["indexed_row_count"]
    say(f"{'compacted' if done else 'nothing to compact in'} {name}: {rows:,} rows")


@index.command("restore")
@click.argument("name")
@with_workspace
def index_restore(workspace: Workspace, name: str) -> None:
    """Restore an index after damage to its files: its description, and the newest intact version."""
    name = workspace.full_index_name(name)
    latest: list[int] = []
    with contextlib.suppress(CorruptFile):
        latest = workspace.index_versions(name)[-1:]
    number = workspace.restore_index(name)
    rows = workspace.get_index(name)["status"]["indexed_row_count"]
    what = "nothing to restore in" if [number] == latest else "restored"
    say(f"{what} {name}: version {number}, {rows:,} rows")
