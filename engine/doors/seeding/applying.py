"""A workspace brought to what a file says: checked whole, then carried out one resource after the other.

What is wrong in the file, or can't be made of what is in the workspace, is said before anything is
changed. What fails while it is carried out does not keep the rest from being made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.core.yaml_text import Problem
from engine.doors.seeding.endpoints import carry_out_endpoint, carry_out_serving, endpoint_problem
from engine.doors.seeding.file.document import Document, SeedRefused
from engine.doors.seeding.file.python_file import run_python
from engine.doors.seeding.file.reading import read_document
from engine.doors.seeding.file.resources import Resource, read_resources
from engine.doors.seeding.indexes import carry_out_index, index_problem, unmade_needs
from engine.doors.seeding.namespaces import (
    carry_out_namespace,
    carry_out_volume,
    make_room,
    volume_problem,
)
from engine.doors.seeding.report import ApplyReport, Outcome
from engine.doors.seeding.setting import Setting
from engine.doors.seeding.tables import carry_out_table, table_problem
from engine.errors import ResourceConflict, VitrineError
from engine.progress import tracked
from engine.workspace import Workspace

_PROBLEMS: Mapping[str, Callable[[Setting, Resource], str | None]] = {
    "volumes": volume_problem,
    "tables": table_problem,
    "vector_search_endpoints": endpoint_problem,
    "vector_search_indexes": index_problem,
}
_CARRY_OUT: Mapping[str, Callable[[Setting, Resource], tuple[str, str]]] = {
    "catalogs": carry_out_namespace,
    "schemas": carry_out_namespace,
    "volumes": carry_out_volume,
    "tables": carry_out_table,
    "model_serving_endpoints": carry_out_serving,
    "vector_search_endpoints": carry_out_endpoint,
    "vector_search_indexes": carry_out_index,
}


def apply(
    workspace: Workspace,
    resources: str | Path | Mapping[str, Any],
    *,
    dry_run: bool = False,
    recreate: bool = False,
) -> ApplyReport:
    """Bring a workspace to what a file says; what the file does not name is not touched.

    Catalogs, schemas, volumes, tables, serving endpoints, vector search endpoints and indexes of every
    kind are made where they are missing and brought up to date where they differ; applied twice, the
    second time finds everything unchanged.

    Args:
        resources: a YAML or JSON file, a `.py` file with `seed(workspace)`, or what such a file holds;
            relative paths start in the file's folder, else in the current one.
        dry_run: only say what would be done. A `.py` file is not run.
        recreate: delete and make anew the indexes that can't be changed to what the file says.

    Returns:
        an outcome for each resource; `report.failed` are those that are not as the file says.

    Raises:
        SeedRefused: everything that is wrong in the file, or in its way; nothing was changed.
        BadSourceFile, InvalidInputException: the file can't be read, or a program in it failed.
    """
    if isinstance(resources, Mapping):
        return _apply(Document(None, Path.cwd(), dict(resources)), workspace, dry_run, recreate)
    file = Path(resources).expanduser()
    if file.suffix.lower() != ".py":
        return _apply(read_document(file), workspace, dry_run, recreate)
    if dry_run:
        return ApplyReport([Outcome("program", str(file), "run")], [], True)
    made = run_python(file, workspace)
    ran = Outcome("program", str(file), "run")
    if not isinstance(made, Mapping):
        return ApplyReport([ran])
    document = Document(file, file.resolve().parent, dict(made))
    report = _apply(document, workspace, dry_run, recreate)
    return ApplyReport([ran, *report.outcomes], report.notes)


def _apply(document: Document, workspace: Workspace, dry_run: bool, recreate: bool) -> ApplyReport:
    found, notes = read_resources(document)
    setting = Setting(workspace, document, found, dry_run, recreate)
    problems = [problem for resource in found for problem in _problems(setting, resource)]
    if problems:
        raise SeedRefused(document, problems)
    make_room(setting)
    for resource in tracked(found, total=len(found), unit="resource", desc="apply"):
        _carry_out(setting, resource)
    return ApplyReport(setting.outcomes, notes, dry_run)


def _problems(setting: Setting, resource: Resource) -> list[Problem]:
    """What stands in a resource's way in the workspace."""
    check = _PROBLEMS.get(resource.section)
    try:
        reason = check(setting, resource) if check is not None else None
    except VitrineError as error:
        reason = error.in_words
    return [] if reason is None else [Problem(resource.place, reason)]


def _carried_out(setting: Setting, resource: Resource) -> tuple[str, str]:
    """What was done; again where somebody else makes the same thing at the same time."""
    carry_out = _CARRY_OUT[resource.section]
    try:
        return carry_out(setting, resource)
    except ResourceConflict:
        return carry_out(setting, resource)


def _carry_out(setting: Setting, resource: Resource) -> None:
    section, name = resource.section, resource.name
    unmade = unmade_needs(setting, resource) if resource.request is not None else None
    try:
        if unmade is not None:
            setting.add(section, name, "skipped", f"it needs {unmade}, which failed")
            return
        action, detail = _carried_out(setting, resource)
    except VitrineError as error:
        setting.add(section, name, "failed", error.in_words)
    except OSError as error:
        setting.add(section, name, "failed", f"{error.filename or name}: {error.strerror or error}")
    else:
        setting.add(section, name, action, detail)
