"""Tables of a file: what would be wrong with them, and making them or bringing them up to date."""

from __future__ import annotations

from engine.core.names import ThreePartName
from engine.doors.seeding.file.columns import paths_of, row_format, said_of_table
from engine.doors.seeding.file.resources import Resource
from engine.doors.seeding.setting import Setting
from engine.service.table_files.reading import format_of, read_files, rows_table


def table_problem(setting: Setting, resource: Resource) -> str | None:
    """Why there can't be a table of this name; None where there can."""
    if setting.workspace.index_exists(resource.name):
        return f"{resource.name} is an index; choose another name for the table."
    return None


def carry_out_table(setting: Setting, resource: Resource) -> tuple[str, str]:
    """Make a table or bring it to what the file says; what was done, and how many rows it has."""
    fields, document = resource.fields, setting.document
    name, said = ThreePartName(*resource.name.split(".")), said_of_table(fields)
    tables = setting.workspace.unity_catalog.given_tables
    how = row_format(fields)
    files = paths_of(document, fields.get("from"))
    placed = paths_of(document, fields.get("storage_location"))
    if len(files) == 1 and files[0].exists() and format_of(files[0], how.format) == "delta":
        placed, files = files, []  # a Delta table is read where it lies
    if placed:
        action = tables.register(name, placed, said, dry_run=setting.dry_run)
        return action, "" if setting.dry_run else _counted(setting, resource.name)
    rows = read_files(files, how) if files else rows_table(fields.get("rows", []), how)
    action = tables.put(name, rows, said, dry_run=setting.dry_run)
    return action, f"{rows.num_rows:,} rows"


def _counted(setting: Setting, name: str) -> str:
    rows = setting.workspace.tables.get(ThreePartName(*name.split("."))).num_rows
    return f"{rows:,} rows, read in place"
