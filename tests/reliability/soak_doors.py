"""More of what runs side by side in the soak: over HTTP, on a full disk, after sources that go away."""

from __future__ import annotations

import http.client
import itertools
import json
import resource
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reliability.loops import KEYS, block
from reliability.soak_actors import (
    FULL_DISK_BLOCK,
    HTTP_BLOCK,
    Soak,
    build_shop,
    create_and_delete,
    read,
    read_blocks,
    replace_table,
    sync,
    write,
)
from reliability.world import ALL, COLUMNS, INDEX, held_by, label, rows, table, vector

from engine import Workspace
from engine.errors import BadRequest, StorageFailed

STREAM, FOLLOWED = "main.default.stream", "main.default.followed"
TEXTS, MANAGED, MODEL = "main.default.texts", "main.default.managed", "soak-model"
PAGED, PAGED_ROWS = "main.default.paged", 2400  # three pages


def prepare(workspace: Workspace) -> None:
    """The indexes of these actors."""
    workspace.write_table(STREAM, table(dict.fromkeys(KEYS, 1)))
    workspace.create_index(
        FOLLOWED,
        source_table=STREAM,
        vector_column="v",
        primary_key="id",
        pipeline_type="CONTINUOUS",
    )
    workspace.create_serving_endpoint(MODEL, "hashed")
    workspace.write_table(TEXTS, table(dict.fromkeys(KEYS, 1)).drop_columns(["v"]))
    workspace.create_index(
        MANAGED, source_table=TEXTS, source_column="label", model_endpoint=MODEL, primary_key="id"
    )
    workspace.create_direct_access_index(
        PAGED,
        dimension=4,
        vector_column="v",
        schema={"id": "long", "v": "array<float>"},
        primary_key="id",
    )
    workspace.upsert(PAGED, [{"id": k, "v": [float(k), 1.0, 1.0, 1.0]} for k in range(PAGED_ROWS)])


# ---------------------------------------------------------------------- over HTTP
def asked(soak: Soak, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the server answers; where it is gone it is asked again, once it is back.

    Raises:
        SystemExit: stopped while there was no server.
    """
    for _ in soak.rounds():
        connection = http.client.HTTPConnection(
            "127.0.0.1", int((soak.folder / "port").read_text()), timeout=120
        )
        try:
            url = f"/api/2.0/vector-search/indexes/{path}"
            connection.request("POST", url, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            reply: dict[str, Any] = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            threading.Event().wait(0.2)
            continue
        finally:
            connection.close()
        assert answer.status == 200, (answer.status, reply)
        return reply
    raise SystemExit(0)


def read_http(soak: Soak, number: int) -> None:
    """What `read` does, over HTTP."""
    del number

    def ask(workspace: Workspace, filters: object) -> dict[int, int]:
        del workspace
        body: dict[str, Any] = {"columns": COLUMNS, "query_vector": [0.0] * 4, "num_results": ALL}
        if filters:
            body["filters_json"] = json.dumps(filters)
        held = {}
        for key, generation, text, values, _ in asked(soak, f"{INDEX}/query", body)["result"][
            "data_array"
        ]:
            assert text == label(int(key), int(generation)), text
            assert values == vector(int(key), int(generation)), values
            held[int(key)] = int(generation)
        return held

    read_blocks(soak, soak.workspace, ask)


def write_http(soak: Soak, number: int) -> None:
    """Replace the rows of a block over HTTP; what a server that was killed did not answer, again."""
    del number
    generation = held_by(soak.workspace)[block(HTTP_BLOCK)[0]]
    assert generation - soak.acknowledged(HTTP_BLOCK) in (0, 1), generation
    for _ in soak.rounds():
        inputs = json.dumps(rows(generation + 1, block(HTTP_BLOCK)))
        reply = asked(soak, f"{INDEX}/upsert-data", {"inputs_json": inputs})
        assert reply["status"] == "SUCCESS", reply
        generation += 1
        soak.write(f"block-{HTTP_BLOCK}", generation)


def page_http(soak: Soak, number: int) -> None:
    """All pages of a long answer, whichever server has given the token of the next one."""
    del number
    for place in soak.rounds():
        body = {"columns": ["id"], "query_vector": [0.0] * 4, "num_results": PAGED_ROWS}
        page, found = asked(soak, f"{PAGED}/query", body), []
        while True:
            found += [int(row[0]) for row in page["result"]["data_array"]]
            token = page.get("next_page_token")
            if not token:
                break
            page = asked(soak, f"{PAGED}/query-next-page", {"page_token": token})
        assert found == list(range(PAGED_ROWS)), (len(found), found[:5])
        soak.write("paged", place)


# ---------------------------------------------------------------------- a full disk
def fill_disk(soak: Soak, number: int) -> None:
    """Writes of which some are refused, as a full disk does: those are not there, all others are."""
    del number
    workspace = soak.workspace
    generation = held_by(workspace)[block(FULL_DISK_BLOCK)[0]]
    assert generation - soak.acknowledged(FULL_DISK_BLOCK) in (0, 1), generation
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    sizes = itertools.cycle((0, 300, 1_000, 3_000, 10_000, hard))
    for _ in soak.rounds():
        resource.setrlimit(resource.RLIMIT_FSIZE, (next(sizes), hard))
        try:
            workspace.upsert(INDEX, rows(generation + 1, block(FULL_DISK_BLOCK)))
            generation += 1
            is_done = True
        except StorageFailed as error:
            assert "Make room" in error.message, error.message
            is_done = False
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        soak.write(*((f"block-{FULL_DISK_BLOCK}", generation) if is_done else ("refused", 1)))
        held = {held_by(workspace).get(key) for key in block(FULL_DISK_BLOCK)}
        assert held == {generation}, (held, generation, is_done)


# ---------------------------------------------------------------------- sources and models
def follow(soak: Soak, number: int) -> None:
    """A CONTINUOUS index has what its table has at each query; while that is gone, what it had."""
    del number
    workspace = soak.workspace
    [generation] = set(held_by(workspace, index=FOLLOWED).values())
    for place in soak.rounds():
        generation += 1
        workspace.write_table(STREAM, table(dict.fromkeys(KEYS, generation)))
        held = held_by(workspace, index=FOLLOWED)
        assert held == dict.fromkeys(KEYS, generation), (held, generation)
        if place % 3 == 0:
            workspace.drop_table(STREAM)
            held = held_by(soak.workspace, index=FOLLOWED)
            assert held == dict.fromkeys(KEYS, generation), (held, generation)
            assert workspace.get_index(FOLLOWED)["status"]["ready"] is True
        soak.write("followed", generation)


def sync_texts(soak: Soak, number: int) -> None:
    """A managed index, whose vectors a model makes of texts that change."""
    del number
    workspace = soak.workspace
    generation = max(workspace.read_table(TEXTS)["generation"].to_pylist())
    for _ in soak.rounds():
        generation += 1
        wanted = dict.fromkeys(KEYS, generation)
        workspace.write_table(TEXTS, table(wanted).drop_columns(["v"]))
        try:
            workspace.sync(MANAGED)
        except BadRequest:  # one of a killed process, which the system has not ended yet
            continue
        reply = workspace.query_index(
            MANAGED, columns=["id", "generation"], query_text=label(3, generation), num_results=ALL
        )
        found = [(int(key), int(held)) for key, held, _ in reply["result"]["data_array"]]
        assert dict(found) == wanted and found[0][0] == 3, (found, generation)
        soak.write("managed", generation)


ACTORS: dict[str, Callable[[Soak, int], None]] = {
    "write": write,
    "read": read,
    "read_http": read_http,
    "write_http": write_http,
    "page_http": page_http,
    "fill_disk": fill_disk,
    "replace_table": replace_table,
    "sync": sync,
    "follow": follow,
    "sync_texts": sync_texts,
    "create_and_delete": create_and_delete,
    "build_shop": build_shop,
}


def main() -> None:
    name, folder, number = sys.argv[1:]
    try:
        ACTORS[name](Soak(Path(folder)), int(number))
    except Exception:
        print(f"{name} {number}: {traceback.format_exc()}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
