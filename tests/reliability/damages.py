"""Files of an index, damaged one at a time, and what a process then says; in forked children."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from reliability.forks import Report
from reliability.scenes import delete, tune_values, upsert
from reliability.world import INDEX, Held, create_direct, held_by

from engine import Workspace
from engine.errors import VitrineError

_FLIPS = 8  # bits of each file
_SETTINGS = {
    "engine.service.indexes.maintenance._BACKGROUND_NUMBERS": -1,
    "engine.store.indexes.changes.TAIL_NUMBERS": 0,
    "engine.store.indexes.delete_bitmaps._LISTED_ROWS": 1,
    "engine.store.segments.segment._FACTORY_FROM": 1,
    "engine.store.segments.segment._KEYWORDS_FROM": 1,
}


def prepare(report: Report, *, folder: str) -> None:
    """Two versions: the newer has one more segment, and more deleted rows in a file."""
    tune_values(_SETTINGS)
    workspace = Workspace(folder)
    create_direct(workspace, faiss_factory="HNSW4")
    upsert(1, *range(30))(workspace)
    delete(1, 2, 3)(workspace)
    report({"before": sorted(held_by(workspace).items())})
    upsert(2, *range(10, 40))(workspace)
    report({"now": sorted(held_by(workspace).items())})


def damages(data: bytes, seed: int) -> Iterator[tuple[str, bytes | None]]:
    """A file's content damaged in several ways; None for no file at all."""
    chance = random.Random(seed)
    yield "deleted", None
    yield "longer", data + b"\0"
    if not data:
        return
    yield "empty", b""
    for size in {1, len(data) // 2, len(data) - 1}:
        yield f"cut to {size} bytes", data[:size]
    yield "zeros", bytes(len(data))
    for bit in sorted({0, *(chance.randrange(8 * len(data)) for _ in range(_FLIPS))}):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit} flipped", bytes(flipped)


def damage_file(
    report: Report,
    *,
    folder: str,
    file: str,
    checked: bool,
    now: list[list[int]],
    before: list[list[int]],
) -> None:
    """Damage a file in every way, and ask, check and restore each time.

    Args:
        checked: files are compared with their checksums when they are opened, as small ones are.
        now, before: what the newest version and its predecessor hold.
    """
    tune_values(
        _SETTINGS if checked else {**_SETTINGS, "engine.store.segments.segment._CHECKED_BYTES": -1}
    )
    path = Path(folder) / file
    whole = {p: p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}
    for what, data in damages(whole[path], seed=len(file)):
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
        said = {"asked": what}
        said["query"] = _said(lambda: _named(held_by(Workspace(folder)), now, before))
        said["filtered"] = _said(
            lambda: _named(held_by(Workspace(folder), {"id >=": 0}), now, before)
        )
        said["worded"] = _said(lambda: _worded(Workspace(folder), now, before))
        said["check"] = _said(lambda: " ".join(Workspace(folder).check_index(INDEX)))
        said["restore"] = _said(lambda: str(Workspace(folder).restore_index(INDEX)))
        said["restored"] = _said(lambda: _named(held_by(Workspace(folder)), now, before))
        said["again"] = _said(lambda: str(upsert(9, 99)(Workspace(folder))))
        said["healed"] = _said(lambda: " ".join(Workspace(folder).check_index(INDEX)))
        report(said)
        _put_back(Path(folder), whole)


def _said(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except VitrineError as error:
        return f"{type(error).__name__}: {error.message}"
    except AssertionError as error:
        return f"WRONG {error}"


def _named(held: Held, now: list[list[int]], before: list[list[int]]) -> str:
    rows = sorted(map(list, held.items()))
    return {str(now): "now", str(before): "before"}.get(str(rows), f"WRONG {rows}")


def _worded(workspace: Workspace, now: list[list[int]], before: list[list[int]]) -> str:
    """What a full-text query finds by a word that every row holds."""
    reply = workspace.query_index(
        INDEX, columns=["id"], query_text="row", query_type="FULL_TEXT", num_results=200
    )
    keys = sorted(int(key) for key, _ in reply["result"].get("data_array", []))
    known = {str([k for k, _ in now]): "now", str([k for k, _ in before]): "before"}
    return known.get(str(keys), f"WRONG {keys}")


def _put_back(folder: Path, whole: dict[Path, bytes]) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path not in whole:
            path.unlink()
    for path, data in whole.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
