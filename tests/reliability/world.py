"""Rows that tell which write they are of, what an index holds, and what lies in its folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine import Workspace
from engine.errors import BadRequest, NotFound

INDEX = "main.default.items"
TABLE = "main.default.source"
SCHEMA = {"id": "long", "generation": "int", "label": "string", "v": "array<float>"}
COLUMNS = list(SCHEMA)
ALL = 1000  # more rows than any index here has, and one page

Held = dict[int, int]  # generation by key


def vector(key: int, generation: int) -> list[float]:
    return [float(key), float(generation), 1.0, -2.0]


def label(key: int, generation: int) -> str:
    return f"row {key} of generation {generation}"


def rows(generation: int, keys: Iterable[int]) -> list[dict[str, Any]]:
    """Rows of which every column says the same key and generation."""
    return [
        {
            "id": k,
            "generation": generation,
            "label": label(k, generation),
            "v": vector(k, generation),
        }
        for k in keys
    ]


def table(held: Held) -> pa.Table:
    """A source table with those rows."""
    made = [row for key, generation in held.items() for row in rows(generation, [key])]
    types = {"id": pa.int64(), "generation": pa.int32(), "label": pa.string()}
    columns = [pa.array([row[name] for row in made], kind) for name, kind in types.items()]
    vectors = pa.array([row["v"] for row in made], pa.list_(pa.float32()))
    return pa.table([*columns, vectors], names=COLUMNS)


def create_direct(workspace: Workspace, **options: Any) -> None:
    workspace.create_direct_access_index(
        INDEX,
        dimension=4,
        vector_column="v",
        schema=SCHEMA,
        primary_key="id",
        create_endpoint=True,
        **options,
    )


def create_synced(workspace: Workspace, held: Held) -> None:
    workspace.write_table(TABLE, table(held))
    workspace.create_index(
        INDEX, source_table=TABLE, vector_column="v", primary_key="id", create_endpoint=True
    )


def held_by(workspace: Workspace, filters: object = None, index: str = INDEX) -> Held:
    """Generation by key of all rows that a query returns; each row must be whole."""
    reply = workspace.query_index(
        index, columns=COLUMNS, query_vector=[0.0] * 4, num_results=ALL, filters=filters
    )
    found: Held = {}
    for key, generation, text, values, _ in reply["result"].get("data_array", []):
        key, generation = int(key), int(generation)
        assert text == label(key, generation)
        assert values == vector(key, generation)
        assert key not in found, f"key {key} twice"
        found[key] = generation
    return found


def state_of(workspace: Workspace) -> dict[str, Any]:
    """What a user can see: the rows of the index and of its source table."""
    seen: dict[str, Any] = {}
    try:
        seen["index"] = held_by(workspace)
    except NotFound:
        seen["index"] = "none"
    except BadRequest:
        seen["index"] = "not ready"
    try:
        source = workspace.read_table(TABLE)
        seen["table"] = dict(
            zip(source["id"].to_pylist(), source["generation"].to_pylist(), strict=True)
        )
    except NotFound:
        seen["table"] = "none"
    return seen


def garbage(root: Path) -> list[str]:
    """Files of indexes and tables that nothing refers to, relative to the workspace."""
    wanted = set()
    for index in root.glob("indexes/*"):
        wanted |= {index / "index.json", index / "index.json.copy"}
        manifests = sorted(index.glob("versions/*.json"), key=lambda file: int(file.stem))[-2:]
        for manifest in manifests:
            wanted.add(manifest)
            for entry in json.loads(manifest.read_bytes())["segments"]:
                wanted.add(manifest.parent / (entry["deleted_file"] or manifest.name))
                if "held" in entry:  # its rows lie in the manifest
                    continue
                segment = index / "segments" / entry["id"]
                named = json.loads((segment / "segment.json").read_bytes())["files"]
                wanted |= {segment / "segment.json", *(segment / name for name in named)}
    for manifest in root.glob("tables/*/*/*/table.json"):
        named = json.loads(manifest.read_bytes())["files"]
        wanted |= {manifest, *(manifest.parent / name for name in named)}
    there = {
        path
        for top in ("indexes", "tables")
        for path in (root / top).rglob("*")
        if path.is_file() or path.parent.name == "segments"
    }
    folders = {path.parent for path in wanted}
    return sorted(str(path.relative_to(root)) for path in there - wanted - folders)
