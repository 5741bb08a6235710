"""What a file of resources may say: its sections, and the fields of each. Knows names and kinds.

Truth: the API's own bodies, which `engine/doors/rest` reads too, and the names that Databricks Asset
Bundles give their resources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.schema import suggestion
from engine.core.values import shown
from engine.core.yaml_text import Place, Problem
from engine.doors.rest.endpoints import ROUTES as ENDPOINT_ROUTES
from engine.doors.rest.endpoints import TAGS
from engine.doors.rest.fields import CHECKS, Field, Values
from engine.doors.rest.new_index import MODEL, create_fields
from engine.doors.rest.routing import Route
from engine.doors.rest.serving import ROUTES as SERVING_ROUTES

# What a bundle says of a resource and nothing here carries out.
LEFT_OUT = ("grants", "permissions", "lifecycle")


def _body(routes: Sequence[Route], operation: str) -> tuple[Field, ...]:
    return next(route.body for route in routes if route.name == operation)


_FILES = (
    Field("from", "any"),
    Field("format", "string"),
    Field("delimiter", "string"),
    Field("encoding", "string"),
)
_NAMES = (Field("catalog_name", "string"), Field("schema_name", "string"), Field("name", "string"))
SECTIONS: Mapping[str, tuple[Field, ...]] = {
    "catalogs": (
        Field("name", "string"),
        Field("comment", "string"),
        Field("properties", "object"),
    ),
    "schemas": (
        Field("name", "string"),
        Field("catalog_name", "string"),
        Field("comment", "string"),
        Field("properties", "object"),
    ),
    "volumes": (
        *_NAMES,
        Field("volume_type", "string"),
        Field("storage_location", "string"),
        Field("comment", "string"),
    ),
    "tables": (
        *_NAMES,
        Field("table_type", "string"),
        Field("storage_location", "any"),
        Field("comment", "string"),
        Field("properties", "object"),
        Field("columns", "any"),
        Field("primary_key", "any"),
        Field("rows", "any"),
        *_FILES,
    ),
    "model_serving_endpoints": _body(SERVING_ROUTES, "create_serving_endpoint"),
    "vector_search_endpoints": (
        *_body(ENDPOINT_ROUTES, "create_endpoint"),
        Field("custom_tags", "objects", fields=TAGS.fields),
    ),
    "vector_search_indexes": (
        Field("name", "string"),
        Field("endpoint_name", "string", required=True),
        *create_fields(MODEL),
        Field("rows", "any"),
        *_FILES,
    ),
}
ORDER = tuple(SECTIONS)
# The other sections of a bundle, and its other resources: nothing here makes these.
BUNDLE = (
    "artifacts", "bundle", "experimental", "include", "permissions", "presets", "python", "run_as",
    "scripts", "sync", "targets", "variables", "workspace",
)  # fmt: skip
OTHER_RESOURCES = (
    "alerts", "apps", "clusters", "dashboards", "database_catalogs", "database_instances",
    "experiments", "external_locations", "jobs", "models", "pipelines", "postgres_branches",
    "postgres_endpoints", "postgres_projects", "quality_monitors", "registered_models",
    "secret_scopes", "sql_warehouses", "synced_database_tables",
)  # fmt: skip


def check_object(
    given: Mapping[str, Any], fields: Sequence[Field], place: Place, problems: list[Problem]
) -> Values:
    """The fields of an object that were given; what is wrong is added to `problems`.

    As `read_object` of the routes, which ends with the first; null counts as absent.
    """
    known = {field.name: field for field in fields}
    for name in given:
        if name not in known and name not in LEFT_OUT:
            hint = suggestion(str(name), known) or f" It takes {', '.join(known)}."
            problems.append(Problem((*place, name), f"unknown field {name!r:.80}.{hint}"))
    out: Values = {}
    for name, field in known.items():
        value, inner = given.get(name), (*place, name)
        if value is None:
            if field.required:
                problems.append(Problem(place, f"{name} is missing; it is required."))
        elif _fits(value, field, inner, problems):
            out[name] = _inside(value, field, inner, problems)
    return {name: value for name, value in out.items() if not known[name].ignored}


def _fits(value: object, field: Field, place: Place, problems: list[Problem]) -> bool:
    expected, fits = CHECKS[field.kind]
    if fits(value):
        return True
    quotes = ""
    if field.kind == "string" and isinstance(value, (bool, int, float)):
        quotes = " Put it in quotes."
    problems.append(Problem(place, f"this is {shown(value)}; expected {expected}.{quotes}"))
    return False


def _inside(value: Any, field: Field, place: Place, problems: list[Problem]) -> Any:
    if field.kind == "object" and field.fields:
        return check_object(value, field.fields, place, problems)
    if field.kind == "objects" and field.fields:
        return [
            check_object(item, field.fields, (*place, i), problems) for i, item in enumerate(value)
        ]
    if field.kind == "object":
        for name, text in value.items():
            if field.name == "properties" and not isinstance(text, str):
                reason = f"this is {shown(text)}; expected a string. Put it in quotes."
                problems.append(Problem((*place, name), reason))
    return value


def unknown_section(name: object, place: Place) -> Problem:
    """What to say of a section that is none."""
    text = str(name)
    word = text.lower().rstrip("s")
    near = [section for section in reversed(ORDER) if word in section] if len(word) > 3 else []
    hint = f" Did you mean {near[0]!r}?" if near else suggestion(text, ORDER)
    known = "" if hint else f" Sections: {', '.join(ORDER)}."
    return Problem((*place, text), f"unknown section {text!r:.80}.{hint}{known}")
