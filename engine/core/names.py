"""Names as the API writes them: `catalog.schema.name`, endpoints, `/Volumes/...` paths.

Knows the grammar and the API's refusals; not whether a thing exists.
Truth: contract of the Vector Search API (index and endpoint names), Unity Catalog volume paths.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from engine.errors import InvalidParameterValue
from engine.settings import DEFAULT_CATALOG, DEFAULT_SCHEMA

MAX_INDEX_NAME = 128  # characters, documented limit of the service
MAX_SECURABLE_NAME = 250  # characters; the service takes 255, a file's name has an ending too
_PART = re.compile(r"[A-Za-z0-9_]+")
_VOLUME_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ENDPOINT = re.compile(r"[a-z0-9]([a-z0-9_.-]{0,47}[a-z0-9])?")
_VOLUME = re.compile(r"/Volumes/[A-Za-z0-9_]+/[A-Za-z0-9_]+/[A-Za-z0-9_-]+(/.*)?", re.DOTALL)


@dataclass(frozen=True, order=True)
class ThreePartName:
    """A checked `catalog.schema.name` of a table or an index."""

    catalog: str
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.catalog}.{self.schema}.{self.name}"

    def sibling(self, name: str) -> ThreePartName:
        """The same catalog and schema with another last part."""
        return ThreePartName(self.catalog, self.schema, name)


def index_name(text: str) -> ThreePartName:
    """Check an index's full name as the service does.

    Raises:
        InvalidParameterValue: not three parts of letters, digits and underscores, or too long.
    """
    parts = _index_parts(text) if isinstance(text, str) else None
    if parts is None:
        raise InvalidParameterValue(
            "Invalid index name. Must specify the full index name <catalog>.<schema>.<table>. "
            "Only alphanumerics and underscores are allowed."
        )
    return parts


@functools.lru_cache(maxsize=256)
def _index_parts(text: str) -> ThreePartName | None:
    parts = text.split(".")
    if len(parts) != 3 or not all(map(_PART.fullmatch, parts)) or len(text) > MAX_INDEX_NAME:
        return None
    return ThreePartName(*parts)


def table_name(text: str) -> ThreePartName:
    """Check a table's name; one or two parts are completed by the default catalog and schema.

    Raises:
        InvalidParameterValue: names the text that was given.
    """
    parts = text.split(".") if isinstance(text, str) else []
    if not 1 <= len(parts) <= 3 or not all(map(_PART.fullmatch, parts)):
        raise InvalidParameterValue(
            f"{text!r:.300} is not a table name. Expected catalog.schema.name of letters, digits and "
            f"underscores, for example {DEFAULT_CATALOG}.{DEFAULT_SCHEMA}.products."
        )
    longest = max(parts, key=len)
    if len(longest) > MAX_SECURABLE_NAME:
        raise InvalidParameterValue(
            f"{longest!r:.300} is no name of a table, schema or catalog: it has {len(longest):,} "
            f"characters. Expected {MAX_SECURABLE_NAME} at most."
        )
    return ThreePartName(*[DEFAULT_CATALOG, DEFAULT_SCHEMA][: 3 - len(parts)], *parts)


def securable_name(text: str, kind: str) -> str:
    """Check the name of a new catalog, schema, table, function or model, without those above it.

    Args:
        kind: what it names, as the API's classes spell it: "Catalog", "Schema", ...

    Raises:
        InvalidParameterValue: with the service's own text, or too long for a file's name.
    """
    fits = _VOLUME_NAME if kind == "Volume" else _PART
    if not isinstance(text, str) or not fits.fullmatch(text) or len(text) > MAX_SECURABLE_NAME:
        shown = f"{text}"[: MAX_SECURABLE_NAME + 1]
        raise InvalidParameterValue(
            f"Invalid input: RPC Create{kind} Field managedcatalog.{kind}Info.name: "
            f'name "{shown}" is not a valid name'
        )
    return text


def is_full_name(text: object, parts: int) -> bool:
    """Whether a text is a full name of so many parts; the last may be a volume's."""
    names = text.split(".") if isinstance(text, str) else []
    return (
        len(names) == parts
        and all(map(_PART.fullmatch, names[:-1]))
        and _VOLUME_NAME.fullmatch(names[-1]) is not None
        and max(map(len, names)) <= MAX_SECURABLE_NAME
    )


def quoted_name(name: str) -> str:
    """One part of a name as SQL takes any: in backticks, and each of its own twice."""
    return "`" + name.replace("`", "``") + "`"


def quoted_text(text: str) -> str:
    """A text as SQL takes any: in single quotes, a backslash before each quote and backslash."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def endpoint_name(text: str) -> str:
    """Check an endpoint's name as the service does.

    Raises:
        InvalidParameterValue: with the service's own text.
    """
    if not isinstance(text, str) or not _ENDPOINT.fullmatch(text):
        raise InvalidParameterValue(
            "AI Search endpoint name  must contain less than 50 characters, contain only lowercase "
            "alphanumeric characters, '_', '-' or '.', and start and end with an alphanumeric "
            "character."
        )
    return text


def is_endpoint_name(text: str) -> bool:
    """Whether an endpoint can have this name."""
    return _ENDPOINT.fullmatch(text) is not None


def is_volume_path(text: str) -> bool:
    """Whether a path is meant to lie in a volume; `volume_path` says whether it can."""
    return text.removeprefix("dbfs:").startswith("/Volumes/")


def volume_path(text: str) -> str:
    """Check a `/Volumes/catalog/schema/volume[/...]` path; `dbfs:` before it is dropped.

    Raises:
        InvalidParameterValue: another form, or a `..` part that would leave the volume.
    """
    path = text.removeprefix("dbfs:").rstrip("/")
    if not _VOLUME.fullmatch(path) or ".." in path.split("/") or "\0" in path:
        raise InvalidParameterValue(
            f"{text!r} is not a volume path. Expected /Volumes/<catalog>/<schema>/<volume>/... "
            "without '..'."
        )
    return path
