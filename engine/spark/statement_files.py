"""Files that statements name: `read_files(...)`, and the path of a view that is made USING a format."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from pyspark.sql import functions

from engine.core.names import is_volume_path
from engine.errors import BadStatement
from engine.service.sql.text_calls import arguments_of, with_calls
from engine.spark.kinds import OnWorkspace

_USING = re.compile(r"\bVIEW\b.*?\bUSING\b.*?\bOPTIONS\b", re.I | re.S)
_PATH = re.compile(r"(\bpath\s*=?\s*)(['\"])((?:dbfs:)?/Volumes/[^'\"]*)\2", re.I)
_LASTING = re.compile(r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\b", re.I)
_METADATA = re.compile(r"\b_metadata\b", re.I)
_FORMATS = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet",
            ".txt": "text", ".orc": "orc"}  # fmt: skip


def with_paths_on_disk(session: OnWorkspace, text: str) -> str:
    """`CREATE ... VIEW ... USING csv OPTIONS (path '/Volumes/...')` with the file's own path."""
    if not _USING.search(text):
        return text
    volumes = session.workspace.volumes
    return _PATH.sub(
        lambda found: f"{found[1]}{found[2]}{volumes.place(found[3]).file}{found[2]}", text
    )


def with_files_read(session: Any, text: str) -> str:
    """A statement in which a temporary view of the files stands for each `read_files(...)`.

    A view that lasts keeps the call itself, which the workspace's own SQL carries out, as it does where
    a statement asks for `_metadata`, which no view has.

    Raises:
        BadStatement: arguments that are none of files.
    """
    if _LASTING.match(text) or asks_for_metadata(text):
        return text
    return with_calls(text, "read_files", lambda said: _view_of(session, said))


def asks_for_metadata(text: str) -> bool:
    """Whether a statement asks for the `_metadata` of files that it reads."""
    return _METADATA.search(text) is not None and "read_files" in text.lower()


def _view_of(session: Any, said: str) -> str:
    placed, named = arguments_of(said)
    options = {name.lower(): value for name, value in named.items()}
    path = placed[0] if placed else options.pop("path", None)
    if not isinstance(path, str) or len(placed) > 1:
        raise BadStatement(
            f"read_files({said:.80}): expected a path, and options by name, `name => value`."
        )
    kind = str(
        options.pop("format", "") or _FORMATS.get(PurePosixPath(path).suffix.lower(), "")
    ).lower()
    if not kind:
        raise BadStatement(
            f"read_files({said:.80}): say which files these are, such as format => 'csv'."
        )
    schema, infers = options.pop("schema", None), options.pop("infercolumntypes", True)
    deep = {"recursiveFileLookup": True} if _is_deep(session, path) else {}
    reader = session.read.format(kind).options(**{"inferSchema": infers, **deep, **options})
    if schema is not None:
        reader = reader.schema(str(schema))
    frame = reader.load(path)
    if schema is None and kind in ("csv", "json"):
        frame = frame.withColumn("_rescued_data", functions.lit(None).cast("string"))
    name = f"vitrine_files_{uuid4().hex}"
    frame.createOrReplaceTempView(name)
    return name


def _is_deep(session: Any, path: str) -> bool:
    """Whether files of folders within are read too: always, but where Spark finds columns in their
    names, `key=value`, or where a pattern says which."""
    if not is_volume_path(path) or any(one in path for one in "*?[{"):
        return False
    folder = session.workspace.volumes.place(path).file
    return folder.is_dir() and not any("=" in one.name for one in folder.iterdir() if one.is_dir())
