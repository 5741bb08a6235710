"""Sequences of writes that are cut short at every point; run in forked children.

Every step can be done again, and leads to a state that differs from the one before.
"""

from __future__ import annotations

import importlib
import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reliability.forks import Report
from reliability.points import Points
from reliability.world import (
    INDEX,
    TABLE,
    create_direct,
    create_synced,
    held_by,
    rows,
    state_of,
    table,
)

from engine import Workspace
from engine.errors import VitrineError

Step = Callable[[Workspace], object]

FOLLOWING = "main.default.following"  # a CONTINUOUS index

# Compaction in a thread would make the order of the points a matter of chance.
NO_THREADS = {"engine.service.indexes.maintenance._BACKGROUND_NUMBERS": -1}
_EVERY_WRITE_A_SEGMENT = {"engine.store.indexes.changes.TAIL_NUMBERS": 0}
_TWO_ROWS_HELD = {  # of four numbers each; and six in a last segment that is written again
    "engine.store.indexes.changes.HELD_NUMBERS": 8,
    "engine.store.indexes.changes.TAIL_NUMBERS": 24,
}
_FEW_ROWS_ENOUGH = {"engine.store.segments.segment._FACTORY_FROM": 1}
_DELETIONS_IN_FILES = {"engine.store.indexes.delete_bitmaps._LISTED_ROWS": 1}


@dataclass(frozen=True)
class Scene:
    """Steps from a prepared workspace on; `last` is the write after which no garbage is left."""

    prepare: Step
    steps: Sequence[Step]
    last: Step
    tuning: dict[str, Any] = field(default_factory=dict)


def upsert(generation: int, *keys: int) -> Step:
    return lambda workspace: workspace.upsert(INDEX, rows(generation, keys))


def delete(*keys: int) -> Step:
    return lambda workspace: workspace.delete_rows(INDEX, keys)


def write_source(held: dict[int, int]) -> Step:
    return lambda workspace: workspace.write_table(TABLE, table(held))


def sync(workspace: Workspace) -> object:
    return workspace.sync(INDEX)


def compact(workspace: Workspace) -> object:
    return workspace.compact_index(INDEX)


def all_of(*steps: Step) -> Step:
    def done(workspace: Workspace) -> None:
        for step in steps:
            step(workspace)

    return done


def dropped_if_there(workspace: Workspace) -> None:
    if workspace.index_exists(INDEX):
        workspace.delete_index(INDEX)


_SOME = {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}
_FULL = all_of(create_direct, upsert(1, *_SOME))

SCENES = {
    "rows one by one": Scene(
        _FULL,
        [upsert(2, 1), upsert(3, 1, 6), delete(2, 6), upsert(4, 7, 3), delete(5)],
        upsert(9, 9),
    ),
    "few rows become many": Scene(
        all_of(_FULL, upsert(2, 6)),
        [upsert(2, 7), upsert(3, 1, 8), delete(2, 8), upsert(4, 9), upsert(4, 10, 11)],
        all_of(upsert(9, 9), upsert(9, 12)),
        _TWO_ROWS_HELD,
    ),
    "every write a segment": Scene(
        _FULL,
        [upsert(2, 1, 2), delete(3, 4), upsert(3, 5, 2), delete(1)],
        upsert(9, 9),
        _EVERY_WRITE_A_SEGMENT | _DELETIONS_IN_FILES,
    ),
    "compaction": Scene(
        all_of(_FULL, upsert(2, 1, 2), upsert(3, 6), delete(3)),
        [compact, upsert(4, 7), compact],
        upsert(9, 9),
        _EVERY_WRITE_A_SEGMENT,
    ),
    "compaction last": Scene(
        all_of(_FULL, upsert(2, 1, 2), delete(3)),
        [compact],
        all_of(delete(5), compact),
        _EVERY_WRITE_A_SEGMENT,
    ),
    "an approximate index": Scene(
        lambda workspace: create_direct(workspace, faiss_factory="HNSW4"),
        [upsert(1, 1, 2), upsert(2, 3)],
        upsert(9, 9),
        _FEW_ROWS_ENOUGH | {"engine.store.indexes.changes.HELD_NUMBERS": 0},
    ),
    "a table synced": Scene(
        lambda workspace: create_synced(workspace, _SOME),
        [
            write_source({**_SOME, 2: 2, 6: 2}),
            sync,
            write_source({3: 3}),
            sync,
        ],
        all_of(write_source({8: 8}), sync),
        _EVERY_WRITE_A_SEGMENT,
    ),
    "create and delete": Scene(
        all_of(lambda workspace: workspace.write_table(TABLE, table(_SOME))),
        [
            all_of(dropped_if_there, lambda workspace: create_synced(workspace, {1: 1})),
            all_of(dropped_if_there),
            all_of(dropped_if_there, _FULL),
        ],
        all_of(dropped_if_there, lambda workspace: create_synced(workspace, {1: 7})),
    ),
}


def tune(scene: Scene) -> None:
    """Make small what is large in the engine, so that few rows reach it; in a child only."""
    tune_values({**NO_THREADS, **scene.tuning})


def tune_values(values: dict[str, Any]) -> None:
    for place, value in values.items():
        module, name = place.rsplit(".", 1)
        assert hasattr(importlib.import_module(module), name)
        setattr(importlib.import_module(module), name, value)


def record(report: Report, *, name: str, folder: str) -> None:
    """Prepare a scene's workspace."""
    scene = SCENES[name]
    tune(scene)
    scene.prepare(Workspace(folder))


def play(report: Report, *, name: str, folder: str, mode: str, at: int) -> None:
    """Take the steps of a scene until a point; report each state, and the points."""
    scene = SCENES[name]
    tune(scene)
    points = Points(mode, at).install()
    workspace = Workspace(folder)
    for number, step in enumerate(scene.steps):
        step(workspace)
        report({"done": number, "state": seen(workspace)} if not at else {"done": number})
    report({"points": points.names})


def play_against_errors(report: Report, *, name: str, folder: str, mode: str, at: int) -> None:
    """Take the steps; a step that is refused is taken again once the cause is gone."""
    scene = SCENES[name]
    tune(scene)
    points = Points(mode, at).install()
    workspace = Workspace(folder)
    for number, step in enumerate(scene.steps):
        try:
            step(workspace)
        except VitrineError as error:
            report({"refused": number, "state": seen(workspace), "message": str(error)})
            points.disarm()
            step(workspace)
    points.disarm()
    report({"end": seen(workspace)})
    scene.last(workspace)


def seen(workspace: Workspace) -> dict[str, Any]:
    """A state as JSON brings it: keys of dicts are text there."""
    return {
        what: held if isinstance(held, str) else sorted(map(list, held.items()))
        for what, held in state_of(workspace).items()
    }


# ---------------------------------------------------------------------- refusals of the system
def write_with_small_files(report: Report, *, folder: str, sizes: list[int]) -> None:
    """Write where no file may be larger than so many bytes, as Arrow and FAISS see it too."""
    tune_values(_FEW_ROWS_ENOUGH)
    workspace = Workspace(folder)
    before = seen(workspace)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in sizes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            upsert(2, *range(500))(workspace)
            report({"fits": size})
            break
        except VitrineError as error:
            report({"message": str(error)})
        assert seen(workspace) == before
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert workspace.check_index(INDEX) == []
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    upsert(3, *range(500))(workspace)


def use_few_files(report: Report, *, folder: str) -> None:
    """Do everything in a process that may open so many files more: none, one, two ..."""
    tune_values(_FEW_ROWS_ENOUGH)
    before = seen(Workspace(folder))
    Workspace(folder).query_index(  # loads what it needs
        INDEX, columns=["id"], query_text="row", query_type="FULL_TEXT", num_results=1
    )
    held_by(Workspace(folder), {"id >=": 0})  # and DuckDB
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    asks: dict[str, Step] = {
        "query": lambda w: held_by(w),
        "filtered": lambda w: held_by(w, {"id >=": 0}),
        "check": lambda w: w.check_index(INDEX),
        "restore": lambda w: w.restore_index(INDEX),
        "upsert": upsert(1, 0),
    }
    for more in range(12):
        for name, ask in asks.items():
            kept = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
            limit = max(kept) + 1 + more
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            try:
                ask(Workspace(folder))
            except VitrineError as error:
                report({"refused": name, "error": type(error).__name__, "message": str(error)})
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
                for handle in kept:
                    os.close(handle)
    assert seen(Workspace(folder)) == before
    assert Workspace(folder).check_index(INDEX) == []


def use_read_only(report: Report, *, folder: str) -> None:
    """Do everything in a workspace where nothing can be changed."""
    Points("read-only", 1).install()
    workspace = Workspace(folder)
    report({"state": seen(workspace), "checked": workspace.check_index(INDEX)})
    workspace.query_index(FOLLOWING, columns=["id"], query_vector=[0.0] * 4)
    writes: dict[str, Step] = {
        "upsert": upsert(9, 9),
        "delete": delete(1),
        "compact": compact,
        "restore": lambda w: w.restore_index(INDEX),
        "delete index": lambda w: w.delete_index(INDEX),
        "create index": lambda w: w.create_index(
            "main.default.other", source_table=TABLE, vector_column="v", primary_key="id"
        ),
        "write table": write_source({1: 2}),
        "create endpoint": lambda w: w.create_endpoint("another"),
        "delete endpoint": lambda w: w.delete_endpoint("empty"),
    }
    for name, write in writes.items():
        try:
            write(workspace)
        except VitrineError as error:
            report({"refused": name, "error": type(error).__name__, "message": str(error)})
    report({"state": seen(Workspace(folder))})


# ---------------------------------------------------------------------- syncs that are refused
def sync_refused(report: Report, *, folder: str, at: int) -> None:
    """Sync on a disk that is full from a point on, look at the index, and again with room."""
    scene = SCENES["a table synced"]
    tune(scene)
    workspace = Workspace(folder)
    scene.steps[0](workspace)
    points = Points("full", at).install()
    try:
        sync(workspace)
        report({"synced": points.count})
    except VitrineError as error:
        report({"refused": error.error_code, "message": error.message})
    for _ in ("full", "with room"):
        status = workspace.get_index(INDEX)["status"]
        report({"failed": status.get("failed_status"), "state": status["detailed_state"]})
        report({"held": seen(workspace)["index"]})
        points.disarm()


def sync_with_small_files(report: Report, *, folder: str, size: int) -> None:
    """Sync where no file may be larger than so many bytes, and end."""
    scene = SCENES["a table synced"]
    tune(scene)
    workspace = Workspace(folder)
    scene.steps[0](workspace)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        sync(workspace)
    except VitrineError as error:
        report({"refused": error.error_code, "message": error.message})
