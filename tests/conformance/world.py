"""What all doors open: a workspace with an index of each kind, and the server over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from conformance import doors
from conformance.compare import Difference, compare
from support.encoder import CountingEncoder

from engine import Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer

Json = dict[str, Any]
ENDPOINT, LARGE = "standing", "standing-large"
VECTORS = "main.fashion_demo.standing_vectors"  # delta sync, its own vectors
TEXTS = "main.fashion_demo.standing_texts"  # delta sync, computed vectors
WORDS = "main.fashion_demo.standing_words"  # full text, on a storage-optimized endpoint
MANY = "main.fashion_demo.standing_many"  # direct access, more rows than a page
BROKEN = "main.fashion_demo.standing_broken"  # its table has lost a column
SOURCE = "main.fashion_demo.standing_products"
MODEL = "databricks-gte-large-en"
FAILING = "failing-encoder"
BAD_TEXT = "a text that no model reads"
CREDENTIALS = Credentials("dapi-of-the-tests", "client-of-the-tests", "secret-of-the-tests")
ROWS, DIMENSION, MANY_ROWS = 40, 8, 2345


def products() -> pa.Table:
    """Products with a column of every type, some of them null, and a unit vector each."""
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(ROWS, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = range(ROWS)
    started = datetime(2024, 1, 1, 6, 30, 15)
    words = ("red shirt", "blue jeans", "red shoes for men", "a black dress, red belt")
    return pa.table(
        {
            "id": pa.array([7 * i + 3 for i in rows], pa.int32()),
            "big": pa.array([None if i == 3 else 2**53 - i for i in rows], pa.int64()),
            "title": pa.array([None if i == 4 else f"{words[i % 4]} {i}" for i in rows]),
            "note": pa.array([("cotton", "denim jeans", "leather")[i % 3] for i in rows]),
            "price": pa.array([None if i % 9 == 8 else 5.25 * i for i in rows]),
            "ratio": pa.array([i / 3 for i in rows], pa.float32()),
            "in_stock": pa.array([None if i == 5 else i % 2 == 0 for i in rows]),
            "tags": pa.array([None if i == 6 else [f"t{i % 3}", "new"][: i % 3] for i in rows]),
            "sizes": pa.array([[i, i + 1] for i in rows], pa.list_(pa.int32())),
            "added_on": pa.array([date(2024, 1, 1) + timedelta(days=i) for i in rows]),
            "seen_at": pa.array(
                [None if i == 7 else started + timedelta(hours=i) for i in rows],
                pa.timestamp("us", tz="UTC"),
            ),
            "v": pa.array(vectors.astype(np.float32).tolist(), pa.list_(pa.float32())),
        }
    )


def vector_of(row: int) -> list[float]:
    return [float(number) for number in products()["v"][row].as_py()]


def fill(workspace: Workspace) -> None:
    """The standing endpoints and indexes."""
    workspace.create_endpoint(ENDPOINT)
    workspace.create_endpoint(LARGE, "STORAGE_OPTIMIZED")
    workspace.write_table(SOURCE, products())
    workspace.serving.use(FAILING, _failing())
    shared = {"source_table": SOURCE, "primary_key": "id"}
    workspace.create_index(
        VECTORS, endpoint=ENDPOINT, vector_column="v", dimension=DIMENSION, **shared
    )
    workspace.write_table(f"{SOURCE}_few", products().slice(0, 8).drop_columns(["v"]))
    few = {**shared, "source_table": f"{SOURCE}_few"}
    broken = f"{SOURCE}_broken"
    workspace.write_table(broken, products().slice(0, 8))
    workspace.create_index(
        BROKEN, endpoint=ENDPOINT, vector_column="v", source_table=broken, primary_key="id"
    )
    workspace.write_table(broken, products().slice(0, 8).drop_columns(["note"]))
    titles = {"source_column": "note", "endpoint": ENDPOINT, **few}
    workspace.create_index(TEXTS, model_endpoint=MODEL, **titles)
    workspace.create_index(f"{TEXTS}_failing", model_endpoint=FAILING, **titles)
    workspace.create_index(WORDS, endpoint=LARGE, index_subtype="FULL_TEXT", **few)
    workspace.create_direct_access_index(
        MANY,
        endpoint=ENDPOINT,
        primary_key="id",
        dimension=2,
        vector_column="v",
        schema={"id": "long", "v": "array<float>"},
    )
    workspace.upsert(MANY, [{"id": i, "v": [1.0, i / MANY_ROWS]} for i in range(MANY_ROWS)])


def _failing() -> CountingEncoder:
    encoder = CountingEncoder("failing")
    encoder.refused.add(BAD_TEXT)
    return encoder


@dataclass
class Recorder:
    """A door whose verbs are noted down with their answers."""

    door: Any
    notes: list[tuple[str, Any]] = field(default_factory=list)

    def __getattr__(self, verb: str) -> Any:
        def call(*given: Any, **by_name: Any) -> Any:
            answer = getattr(self.door, verb)(*given, **by_name)
            self.notes.append((verb, answer))
            return answer

        return call


@dataclass(frozen=True)
class Names:
    """Names that one test has for itself."""

    prefix: str

    @property
    def endpoint(self) -> str:
        return f"{self.prefix}-endpoint"

    def index(self, name: str = "index") -> str:
        return f"main.fashion_demo.{self.prefix}_{name}"


def without(prefix: str, value: Any) -> Any:
    """An answer in which the names of a test are those of any other."""
    if isinstance(value, str):
        return value.replace(prefix, "PREFIX")
    if isinstance(value, list):
        return [without(prefix, item) for item in value]
    if isinstance(value, dict):
        return {key: without(prefix, item) for key, item in value.items()}
    if isinstance(value, doors.Error):
        return doors.Error(value.status, value.code, without(prefix, value.message))
    return value


class World:
    """The workspace, its server, its doors, and what was answered through them."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace(folder)
        fill(self.workspace)
        self.url = ""
        self._doors: dict[str, Any] = {}
        self._answers: dict[tuple[str, str], list[tuple[str, Any]]] = {}

    @contextmanager
    def serving(self) -> Iterator[World]:
        with BackgroundServer(self.workspace, CREDENTIALS) as server, ExitStack() as stack:
            self.url = server.url
            stack.callback(doors.close_sessions)
            yield self
            for door in self._doors.values():
                door.close()

    def door(self, name: str) -> Any:
        """A door by its name, opened once."""
        if name not in self._doors:
            self._doors[name] = doors.MAKERS[name](name, self.workspace, self.url, CREDENTIALS)
        return self._doors[name]

    def answers(self, door: str, title: str, body: Any) -> list[tuple[str, Any]]:
        """What a body's verbs were answered through a door; run once in a session."""
        if (door, title) not in self._answers:
            recorder = Recorder(self.door(door))
            # Of one length, so that a limit of length can't tell doors apart.
            place = f"{list(doors.MAKERS).index(door):02}"
            names = Names(f"d{place}{title[:24].replace('_', '')}")
            body(recorder, names)
            self._answers[door, title] = without(
                names.prefix, [list(note) for note in recorder.notes]
            )
        return self._answers[door, title]

    def compare(self, door: str, title: str, body: Any) -> set[Difference]:
        """Run a body through a door and in-process, and compare the answers one by one."""
        mine, its = self.answers("local", title, body), self.answers(door, title, body)
        assert [verb for verb, _ in mine] == [verb for verb, _ in its]
        met: set[Difference] = set()
        for (verb, local), (_, other) in zip(mine, its):
            if verb == "error_of":
                assert local == other
            else:
                met |= compare(door, verb, local, other)
        return met
