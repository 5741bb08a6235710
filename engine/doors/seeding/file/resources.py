"""The resources that a document names, checked by themselves: fields, names, duplicates.

Knows the file; not what is in the workspace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.index_request import DirectAccessRequest, IndexRequest
from engine.core.names import endpoint_name, index_name, is_full_name, table_name
from engine.core.values import shown
from engine.core.yaml_text import Place, Problem
from engine.doors.rest.fields import Values
from engine.doors.rest.new_index import index_request
from engine.doors.seeding.file.columns import ROW_SECTIONS, check_rows
from engine.doors.seeding.file.document import Document, SeedRefused
from engine.doors.seeding.file.form import (
    BUNDLE,
    LEFT_OUT,
    ORDER,
    OTHER_RESOURCES,
    SECTIONS,
    check_object,
    unknown_section,
)
from engine.doors.seeding.file.references import References
from engine.errors import InvalidParameterValue, VitrineError


@dataclass(frozen=True)
class Resource:
    """A thing that a file names.

    Attributes:
        section: one of `SECTIONS`. name: its full name. fields: what is said of it, checked.
        place: where it stands in the file.
        request: of an index, what is asked for.
    """

    section: str
    name: str
    fields: Values
    place: Place
    request: IndexRequest | DirectAccessRequest | None = None


def read_resources(document: Document) -> tuple[list[Resource], list[str]]:
    """The resources of a document in the order in which they are made, and notes.

    Raises:
        SeedRefused: with everything that is wrong.
    """
    problems: list[Problem] = []
    top = document.values
    if not isinstance(top, dict):
        what = "nothing" if top is None else f"{shown(top)}"
        reason = f"the file holds {what}; expected sections such as {', '.join(ORDER[3:])}."
        raise SeedRefused(document, [Problem((), reason)])
    sections, notes = _sections(top, problems)
    references = References(top, {str(place[-1]): value for place, value in sections})
    found: list[Resource] = []
    for place, value in sections:
        for inner, given in _items(value, place, problems):
            whole = references.resolved(given, inner, problems)
            resource = _resource(str(place[-1]), whole, inner, problems)
            if resource is not None:
                found.append(resource)
            notes += [f"{name} is not carried out here" for name in LEFT_OUT if name in whole]
    _check_distinct(found, problems)
    if not problems and not found:
        problems.append(Problem((), f"the file names nothing; sections are {', '.join(ORDER)}."))
    if problems:
        raise SeedRefused(document, problems)
    found.sort(key=lambda resource: ORDER.index(resource.section))
    return found, list(dict.fromkeys(notes))


def _sections(
    top: Mapping[str, Any], problems: list[Problem]
) -> tuple[list[tuple[Place, Any]], list[str]]:
    """The sections with their places, those under `resources` too, and notes on what is left out."""
    found: list[tuple[Place, Any]] = []
    notes: list[str] = []
    inner = top.get("resources")
    if inner is not None and not isinstance(inner, dict):
        problems.append(Problem(("resources",), f"this is {shown(inner)}; expected sections."))
    groups: list[tuple[Place, Mapping[str, Any]]] = [((), top)]
    if isinstance(inner, dict):
        groups.append((("resources",), inner))
    for place, group in groups:
        for name, value in group.items():
            if name in SECTIONS:
                found.append(((*place, name), value))
            elif place and name in OTHER_RESOURCES:
                notes.append(f"resources.{name} is left out: nothing here makes these")
            elif place or name not in ("resources", *BUNDLE):
                problems.append(unknown_section(name, place))
    return found, notes


def _items(
    section: object, place: Place, problems: list[Problem]
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The resources of a section: a list of them, or a mapping whose names may be theirs."""
    if section is None:
        return
    if not isinstance(section, (dict, list)):
        reason = f"this is {shown(section)}; expected a list of resources, or a mapping of them."
        problems.append(Problem(place, reason))
        return
    pairs = section.items() if isinstance(section, dict) else enumerate(section)
    for key, value in pairs:
        inner = (*place, key)
        if not isinstance(value, dict):
            problems.append(Problem(inner, f"this is {shown(value)}; expected fields and values."))
        elif isinstance(key, str) and value.get("name") is None:
            yield inner, {**value, "name": key}
        else:
            yield inner, value


def _resource(
    section: str, given: dict[str, Any], place: Place, problems: list[Problem]
) -> Resource | None:
    before = len(problems)
    spec = given.get("direct_access_index_spec")
    if isinstance(spec, dict) and isinstance(spec.get("schema_json"), dict):
        # In a file the schema may be written as what it is.
        text = json.dumps(spec["schema_json"])
        given = {**given, "direct_access_index_spec": {**spec, "schema_json": text}}
    fields = check_object(given, SECTIONS[section], place, problems)
    if section in ROW_SECTIONS:
        check_rows(section, fields, place, problems)
    if "name" not in fields:
        if not any(one.place == (*place, "name") for one in problems[before:]):
            problems.append(Problem(place, "name is missing; it is required."))
        return None
    try:
        name = _full_name(section, fields)
        if len(problems) > before:
            return Resource(section, name, fields, place)
        return Resource(section, name, fields, place, _request(section, name, fields))
    except VitrineError as error:
        problems.append(Problem(place, error.message))
        return None


def _full_name(section: str, fields: Values) -> str:
    """The full name of a resource. Raises VitrineError for a bad one."""
    name: str = fields["name"]
    if section.endswith("_endpoints"):
        return endpoint_name(name) if section == "vector_search_endpoints" else name
    if section == "vector_search_indexes":
        return str(index_name(name))
    above = [fields[part] for part in ("catalog_name", "schema_name") if part in fields]
    full = ".".join([*above, name])
    if section == "tables":
        return str(table_name(full))
    parts = {"catalogs": 1, "schemas": 2, "volumes": 3}[section]
    if not is_full_name(full, parts):
        words = ("catalog", "schema", "volume")[:parts]
        expected = ".".join(f"<{word}>" for word in words)
        raise InvalidParameterValue(f"{full!r:.200} is not a full name; expected {expected}.")
    return full


def _request(section: str, name: str, fields: Values) -> IndexRequest | DirectAccessRequest | None:
    if section != "vector_search_indexes":
        return None
    return index_request(name, fields["endpoint_name"], fields)


def _check_distinct(found: list[Resource], problems: list[Problem]) -> None:
    """Refuse a name that stands for two things: tables and indexes share their names."""
    seen: dict[tuple[str, str], Resource] = {}
    for one in found:
        kind = "table" if one.section in ("tables", "vector_search_indexes") else one.section
        key = (kind, one.name.lower())
        if key in seen:
            other = seen[key]
            reason = f"{one.name} is named twice, also in {other.section}."
            problems.append(Problem(one.place, reason))
        seen.setdefault(key, one)
