"""A soak: writers, readers, a server, syncs, builds and damage side by side, killed at random.

    PYTHONPATH=tests python -m reliability.soak --minutes 30

Ends with status 0 and a line of counts where nothing was lost, stopped or answered wrongly: every
acknowledged write was seen by every later query, indexes that nobody damaged noticed nothing, and a
damaged one was named, restored, or deleted and made anew. What each actor checks: `soak_actors`,
`soak_doors`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from reliability.damages import damages
from reliability.loops import KEYS, block
from reliability.soak_actors import BLOCKS, SHOP_PRODUCTS, SYNCED, WRITERS, Soak
from reliability.soak_doors import ACTORS, FOLLOWED, MANAGED, PAGED
from reliability.soak_doors import prepare as prepare_doors
from reliability.world import INDEX, TABLE, create_direct, held_by, rows, table
from support.catalogue import write_catalogue

from engine import Workspace
from engine.errors import NotFound, VitrineError
from engine.settings import DEFAULT_ENDPOINT

TESTS = Path(__file__).parents[1]
VICTIM = "main.default.victim"
SPARE = "main.default.spare"  # a table that is damaged
VICTIMS = "victims"  # the endpoint of the index that is damaged
LONGEST = 240  # seconds that a machine under load may take until each actor has done something
COUNTS = {"write": WRITERS, "read": 2, "create_and_delete": 2, "sync": 2}  # others: one


class Conductor:
    """Starts the actors, kills them, damages what is there to be damaged, and counts."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.soak, self.chance = Soak(folder), random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.running: dict[tuple[str, int], subprocess.Popen[bytes]] = {}
        self.problems: list[str] = []
        self.generation = 1

    # ------------------------------------------------------------------ before and after
    def prepare(self) -> None:
        self.soak.ledgers.mkdir(parents=True)
        workspace = self.soak.workspace
        create_direct(workspace)
        for writer in range(BLOCKS):
            workspace.upsert(INDEX, rows(1, block(writer)))
        workspace.write_table(TABLE, table(dict.fromkeys(KEYS, 1)))
        workspace.create_index(SYNCED, source_table=TABLE, vector_column="v", primary_key="id")
        self.endpoint_id = workspace.create_endpoint(VICTIMS)["id"]
        self.make_victim(workspace)
        prepare_doors(workspace)
        workspace.write_table(SPARE, table({1: 1}))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            (self.soak.folder / "port").write_text(str(probe.getsockname()[1]))
        write_catalogue(self.soak.folder / "shop", SHOP_PRODUCTS)

    def make_victim(self, workspace: Workspace) -> None:
        create = {"dimension": 4, "vector_column": "v", "primary_key": "id", "endpoint": VICTIMS}
        schema = {"id": "long", "generation": "int", "label": "string", "v": "array<float>"}
        workspace.create_direct_access_index(VICTIM, schema=schema, **create)
        for generation in (1, 2):
            workspace.upsert(VICTIM, rows(generation, KEYS))

    def verify(self) -> None:
        """After all actors ended: what was acknowledged is there, and every index is whole."""
        workspace = self.soak.workspace
        held = held_by(workspace)
        for writer in range(BLOCKS):
            known = self.soak.acknowledged(writer)
            found = {held.get(key) for key in block(writer)}
            if found not in ({known}, {known + 1}):
                self.problems.append(f"block {writer}: acknowledged {known}, found {found}")
        with contextlib.suppress(NotFound):
            workspace.delete_index("main.default.short_lived")
        workspace.sync(SYNCED)
        newest = int((self.soak.lines("table") or ["1"])[-1])
        if set(held_by(workspace, index=SYNCED).values()) not in ({newest}, {newest + 1}):
            self.problems.append("the synced index is not what its table is")
        for entry in [*workspace.list_indexes(DEFAULT_ENDPOINT), *workspace.list_indexes(VICTIMS)]:
            for sentence in workspace.check_index(entry["name"]):
                self.problems.append(f"{entry['name']}: {sentence}")

    # ------------------------------------------------------------------ actors
    def start(self, name: str, number: int) -> None:
        if name == "serve":
            arguments = ["-m", "reliability.soak", "--serve", str(self.soak.folder)]
        else:
            arguments = ["-m", "reliability.soak_doors", name, str(self.soak.folder), str(number)]
        log = (self.soak.folder / "log").open("ab")
        # This folder of tests, which is on pytest's path, and not on that of a child.
        path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.running[name, number] = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        log.close()

    def start_all(self) -> None:
        for name in [*ACTORS, "serve"]:
            for number in range(COUNTS.get(name, 1)):
                self.start(name, number)

    def check(self) -> None:
        """An actor that ended by itself has found something."""
        for (name, number), process in self.running.items():
            if process.poll() is not None:
                self.problems.append(f"{name} {number} ended with {process.returncode}")

    def kill_one(self) -> None:
        name, number = self.chance.choice(list(self.running))
        process = self.running[name, number]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.counts["kills"] += 1
        self.start(name, number)

    def stop(self) -> None:
        (self.soak.folder / "stop").touch()
        for (name, number), process in self.running.items():
            if name == "serve":
                process.terminate()
            try:
                status = process.wait(LONGEST)
            except subprocess.TimeoutExpired:
                process.kill()
                self.problems.append(f"{name} {number} did not stop")
                continue
            if status != 0:
                self.problems.append(f"{name} {number} ended with {status}")

    # ------------------------------------------------------------------ damage
    def damage(self) -> None:
        """Damage a file of one index; the others don't notice, and it is made whole again."""
        workspace = self.soak.workspace
        root = workspace.path
        file = self.chance.choice(
            [f for f in sorted((root / "indexes" / VICTIM).rglob("*")) if f.is_file()]
        )
        if self.chance.random() < 0.2:
            file = root / "endpoints" / f"{VICTIMS}.json"
        what, data = self.chance.choice(list(damages(file.read_bytes(), self.chance.random())))
        what_was_done = f"{file.relative_to(root)} {what}"
        file.unlink() if data is None else file.write_bytes(data)
        self.counts["damaged files"] += 1
        try:
            self.others_notice_nothing(self.soak.workspace)
            self.ask_victim(self.soak.workspace)
            self.make_whole(self.soak.workspace)
        except Exception as error:
            self.problems.append(f"{what_was_done}: {type(error).__name__}: {error}")

    def damage_table(self) -> None:
        """Damage a table's description: it is named, others are listed, and it can be made anew."""
        workspace = self.soak.workspace
        [file] = workspace.path.glob("tables/*/*/spare/table.json")
        what, data = self.chance.choice(list(damages(file.read_bytes(), self.chance.random())))
        file.unlink() if data is None else file.write_bytes(data)
        self.counts["damaged tables"] += 1
        try:
            assert TABLE in self.soak.workspace.list_tables()
            try:
                assert self.soak.workspace.read_table(SPARE) == table({1: 1})
            except VitrineError as error:
                assert SPARE in error.message or str(file) in error.message, error.message
            self.soak.workspace.write_table(SPARE, table({1: 1}))
            assert self.soak.workspace.read_table(SPARE) == table({1: 1})
        except Exception as error:
            self.problems.append(f"table.json {what}: {type(error).__name__}: {error}")

    def damage_cache(self) -> None:
        """Flip bits of the embedding cache under whoever uses it: builds go on."""
        file = self.soak.workspace.path / "cache" / "embeddings.sqlite"
        with contextlib.suppress(FileNotFoundError), file.open("r+b") as opened:
            size = file.stat().st_size
            for _ in range(self.chance.choice([1, 10, 100]) if size else 0):
                opened.seek(self.chance.randrange(size))
                byte = opened.read(1)
                opened.seek(-1, 1)
                opened.write(bytes([byte[0] ^ 1 << self.chance.randrange(8)]) if byte else b"")
            self.counts["damaged caches"] += 1

    def others_notice_nothing(self, workspace: Workspace) -> None:
        names = {entry["name"] for entry in workspace.list_indexes(DEFAULT_ENDPOINT)}
        assert {INDEX, SYNCED, FOLLOWED, MANAGED, PAGED} <= names, names
        assert DEFAULT_ENDPOINT in {entry["name"] for entry in workspace.list_endpoints()}
        assert workspace.get_index(INDEX)["status"]["ready"] is True
        held_by(workspace)

    def ask_victim(self, workspace: Workspace) -> None:
        try:
            held = held_by(workspace, index=VICTIM)
        except VitrineError as error:
            self.counts["named"] += 1
            assert VICTIM in error.message or VICTIMS in error.message, error.message
            return
        self.counts["answered all the same"] += 1
        assert held in (dict.fromkeys(KEYS, 1), dict.fromkeys(KEYS, 2)), held

    def make_whole(self, workspace: Workspace) -> None:
        try:
            workspace.restore_index(VICTIM)
            held = held_by(workspace, index=VICTIM)
            assert held in (dict.fromkeys(KEYS, 1), dict.fromkeys(KEYS, 2)), held
            if workspace.get_endpoint(VICTIMS)["endpoint_status"]["state"] != "ONLINE":
                assert workspace.create_endpoint(VICTIMS)["id"] == self.endpoint_id
                self.counts["endpoints created again"] += 1
            workspace.upsert(VICTIM, rows(1, KEYS))
            workspace.upsert(VICTIM, rows(2, KEYS))
            assert workspace.check_index(VICTIM) == []
            self.counts["restored"] += 1
        except VitrineError:
            workspace.delete_index(VICTIM)
            with contextlib.suppress(NotFound):
                workspace.delete_endpoint(VICTIMS)
            self.endpoint_id = workspace.create_endpoint(VICTIMS)["id"]
            self.make_victim(workspace)
            self.counts["deleted and made anew"] += 1

    def run(self, seconds: float) -> None:
        self.prepare()
        self.start_all()
        end, last = time.monotonic() + seconds, time.monotonic() + seconds + LONGEST
        happenings = [
            *[self.kill_one, self.damage] * 3,
            self.damage_table,
            self.damage_cache,
        ]
        while not self.problems and (time.monotonic() < end or not self.all_did_something()):
            if time.monotonic() > last:
                self.problems.append(f"not every actor did something: {self.summary()}")
            time.sleep(self.chance.uniform(0.2, 2.0))
            self.check()
            self.chance.choice(happenings)()
        self.stop()
        if not self.problems:
            self.verify()

    def summary(self) -> str:
        did = {**self.sums(), **self.counts}
        return ", ".join(f"{number} {name}" for name, number in did.items())

    def all_did_something(self) -> bool:
        written = all(self.soak.acknowledged(writer) > 1 for writer in range(BLOCKS))
        return written and all(self.sums().values())

    def sums(self) -> dict[str, int]:
        return {
            "generations written": sum(self.soak.acknowledged(w) for w in range(BLOCKS)),
            "tables replaced": len(self.soak.lines("table")),
            "checked answers": 100 * len(self.soak.lines("answers")),
            "syncs": len(self.soak.lines("syncs")),
            "steps of short-lived indexes": len(self.soak.lines("lives")),
            "builds": len(self.soak.lines("builds")),
            "answers of several pages": len(self.soak.lines("paged")),
            "states followed": len(self.soak.lines("followed")),
            "syncs of texts": len(self.soak.lines("managed")),
            "writes refused by a full disk": len(self.soak.lines("refused")),
        }


def serve(folder: Path) -> None:
    """The server of a soak, on one port for its whole time."""
    from engine.doors.cli.command import main

    main(
        [
            "serve",
            "-w",
            str(folder / "workspace"),
            "--no-auth",
            "--quiet",
            "--port",
            (folder / "port").read_text(),
        ]
    )


def soak(seconds: float, seed: int) -> tuple[list[str], str]:
    """Run one in a temporary folder; returns what went wrong, and the counts."""
    folder = Path(tempfile.mkdtemp(prefix="vitrine-soak-"))
    conductor = Conductor(folder, seed)
    try:
        conductor.run(seconds)
        log = (folder / "log").read_text(errors="replace")
        return [
            *conductor.problems,
            *([log[-6000:]] if conductor.problems else []),
        ], conductor.summary()
    finally:
        for process in conductor.running.values():
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    problems, summary = soak(60 * options.minutes, options.seed)
    print(f"seed {options.seed}, {options.minutes:g} minutes: {summary}")
    for problem in problems:
        print(f"PROBLEM {problem}")
    raise SystemExit(bool(problems))


if __name__ == "__main__":
    main()
