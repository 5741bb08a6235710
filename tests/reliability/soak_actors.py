"""What runs side by side in the soak, a process each, killed and started again at any moment.

An actor goes on until the file `stop` exists. What was acknowledged as durable it writes into a
ledger, one line a time, so that a kill loses no line; an assertion that fails ends it with status 1.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image
from reliability.loops import KEYS, block
from reliability.world import INDEX, TABLE, held_by, rows, table
from support.threads import in_threads

from engine import VectorSearchClient, Workspace
from engine.errors import BadRequest, BadSourceFile, NotFound, ResourceConflict
from engine.settings import DEFAULT_ENDPOINT

WRITERS, THREADS = 2, 2  # processes, and threads in each
HTTP_BLOCK = WRITERS * THREADS  # of rows that are written over HTTP
FULL_DISK_BLOCK = HTTP_BLOCK + 1
BLOCKS = FULL_DISK_BLOCK + 1
SYNCED = "main.default.synced"

SHOP_PRODUCTS = 24


class Soak:
    """The folder of one soak: its workspace, the ledgers, the sign to stop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledgers = folder / "ledgers"

    @property
    def workspace(self) -> Workspace:
        """A workspace object of its own, as another program would open it."""
        return Workspace(self.folder / "workspace")

    def rounds(self) -> Iterator[int]:
        number = 0
        while not (self.folder / "stop").exists():
            number += 1
            yield number

    def write(self, ledger: str, text: object) -> None:
        """Add a line: whole, also where this process is killed in the next moment."""
        handle = os.open(self.ledgers / ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, f"{text}\n".encode())
        finally:
            os.close(handle)

    def lines(self, ledger: str) -> list[str]:
        file = self.ledgers / ledger
        return file.read_text().split("\n")[:-1] if file.exists() else []

    def acknowledged(self, writer: int) -> int:
        """The last generation of a block whose write was acknowledged."""
        return int(([*self.lines(f"block-{writer}")] or ["1"])[-1])


# ---------------------------------------------------------------------- rows written directly
def write(soak: Soak, number: int) -> None:
    """Replace the rows of blocks again and again, with deletions and compactions between."""
    workspace = soak.workspace
    in_threads(
        *(
            lambda writer=number * THREADS + thread: _write_block(soak, workspace, writer)
            for thread in range(THREADS)
        )
    )


def _write_block(soak: Soak, workspace: Workspace, writer: int) -> None:
    keys = list(block(writer))
    held = held_by(workspace)
    generation = held[keys[0]]  # acknowledged, or written by one that was killed before it said so
    assert generation - soak.acknowledged(writer) in (0, 1), (writer, generation)
    for number in soak.rounds():
        workspace.upsert(INDEX, rows(generation + 1, keys))
        generation += 1
        soak.write(f"block-{writer}", generation)
        if number % 7 == 0:
            workspace.upsert(INDEX, rows(generation, [keys[-1] + 1]))
            workspace.delete_rows(INDEX, [keys[-1] + 1])
        if number % 50 == 0:
            workspace.compact_index(INDEX)


def read(soak: Soak, number: int) -> None:
    """Query all the time: what was acknowledged is there, whole, and never goes back."""
    del number
    shared = soak.workspace
    in_threads(*(lambda: read_blocks(soak, shared, held_by) for _ in range(THREADS)))


def read_blocks(soak: Soak, shared: Workspace, ask: Callable[..., dict[int, int]]) -> None:
    newest, workspace = [0] * BLOCKS, shared
    for number in soak.rounds():
        floors = [soak.acknowledged(writer) for writer in range(BLOCKS)]
        held = ask(workspace, {"id <": 10_000} if number % 3 == 0 else None)
        check_blocks(held, floors, newest)
        if number % 100 == 0:
            soak.write("answers", 100)
            workspace = soak.workspace


def check_blocks(held: dict[int, int], floors: list[int], newest: list[int]) -> None:
    """Each block is whole, of one generation, and neither lost nor older than it was."""
    for writer in range(BLOCKS):
        generations = {held.get(key) for key in block(writer)}
        assert len(generations) == 1, f"block {writer} is of the generations {generations}"
        generation = held[block(writer)[0]]
        assert generation >= floors[writer], f"block {writer}: {floors[writer]} was lost"
        assert generation >= newest[writer], f"block {writer}: back from {newest[writer]}"
        newest[writer] = generation


# ---------------------------------------------------------------------- a table and its index
def replace_table(soak: Soak, number: int) -> None:
    """Replace the source table again and again, each time with one generation."""
    del number
    workspace = soak.workspace
    generation = max(workspace.read_table(TABLE)["generation"].to_pylist())
    for _ in soak.rounds():
        generation += 1
        workspace.write_table(TABLE, table(dict.fromkeys(KEYS, generation)))
        soak.write("table", generation)


def sync(soak: Soak, number: int) -> None:
    """Sync all the time; another one doing so, or a table replaced meanwhile, is refused by name."""
    del number
    workspace, newest = soak.workspace, 0
    for _ in soak.rounds():
        floor = int((soak.lines("table") or ["1"])[-1])
        try:
            workspace.sync(SYNCED)
        except (BadRequest, BadSourceFile) as error:
            soak.write("refused-syncs", type(error).__name__)
            floor = 0
        held = held_by(workspace, index=SYNCED)
        assert set(held) == set(KEYS), held
        assert len(set(held.values())) == 1, held
        assert held[0] >= max(newest, floor), (held, newest, floor)
        newest = held[0]
        soak.write("syncs", newest)


# ---------------------------------------------------------------------- indexes that come and go
def create_and_delete(soak: Soak, number: int) -> None:
    """Indexes of one name made and deleted by several, written through handles that grow old."""
    workspace, name = soak.workspace, "main.default.short_lived"
    client = VectorSearchClient(disable_notice=True, workspace=workspace)
    handle = None
    for place in soak.rounds():
        try:
            if (place + number) % 4 == 0:
                workspace.delete_index(name)
            elif (place + number) % 4 == 1:
                _create(workspace, name)
            elif handle is None or place % 10 == 0:
                handle = client.get_index(index_name=name)
            else:
                handle.upsert(rows(place, KEYS))
                held = held_by(workspace, index=name)
                assert not held or set(held) == set(KEYS), held
            soak.write("lives", place)
        except (NotFound, BadRequest, ResourceConflict) as error:  # another one was quicker
            soak.write("lives-refused", f"{type(error).__name__}: {error.message}")
        names = [entry["name"] for entry in workspace.list_indexes(DEFAULT_ENDPOINT)]
        assert {INDEX, SYNCED} <= set(names), names
        assert {DEFAULT_ENDPOINT} <= {entry["name"] for entry in workspace.list_endpoints()}


def _create(workspace: Workspace, name: str) -> None:
    workspace.create_direct_access_index(
        name,
        dimension=4,
        vector_column="v",
        schema={"id": "long", "generation": "int", "label": "string", "v": "array<float>"},
        primary_key="id",
        endpoint=DEFAULT_ENDPOINT,
    )


# ---------------------------------------------------------------------- a shop with odd photos
def build_shop(soak: Soak, number: int) -> None:
    """Build a catalogue whose photos change all the time, some of them none at all."""
    del number
    chance = random.Random(os.getpid())
    images = soak.folder / "shop" / "images"
    for _ in soak.rounds():
        for key in range(1, SHOP_PRODUCTS + 1):
            if chance.random() < 0.3:
                _change_photo(images / f"{key}.jpg", chance)
        report = soak.workspace.build(soak.folder / "shop" / "styles.csv", images, encoder="hashed")
        assert report.imported.products == SHOP_PRODUCTS
        photos = report.embedded.failures
        bad = photos.get("image_read", 0) + photos.get("image_decode", 0)
        assert report.embedded.images + bad == report.embedded.texts == SHOP_PRODUCTS, report
        found = soak.workspace.search("dress", index="vs_image_search", k=SHOP_PRODUCTS)
        assert len(found) == report.embedded.images, (len(found), report)
        soak.write("builds", f"{len(found)} with a photo, {bad} without")


def _change_photo(file: Path, chance: random.Random) -> None:
    kind = chance.choice(["photo", "photo", "thin", "cut", "empty", "text"])
    new = file.with_suffix(".new")
    if kind in ("photo", "thin", "cut"):
        size = (1, 400) if kind == "thin" else (chance.randrange(8, 60), chance.randrange(8, 60))
        Image.new("RGB", size, (chance.randrange(256), 80, 120)).save(new, "JPEG")
    if kind == "cut":
        new.write_bytes(new.read_bytes()[:200])
    if kind in ("empty", "text"):
        new.write_bytes(b"" if kind == "empty" else b"no photo at all")
    new.replace(file)
