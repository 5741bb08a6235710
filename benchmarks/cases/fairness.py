"""Do writers to one index take turns, and what do they get done together?

Each writer upserts one row after the other for some seconds: four threads of a process, then four
processes. Beside them one writer alone, the same way. A share is 1 where all get the same number in.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from case import Options, Row, folder, run

from engine import Workspace

INDEX, WRITERS, SECONDS, DIMENSION = "main.bench.fair", 4, 6.0, 64


def fairness(options: Options) -> list[Row]:
    return [*measured("threads", by_threads), *measured("processes", by_processes)]


def measured(kind: str, write: Callable[[int], list[int]]) -> list[Row]:
    alone = write(1)[0]
    counts = write(WRITERS)
    share = min(counts) / (sum(counts) / WRITERS)
    together = sum(counts)
    return [
        Row(
            f"{WRITERS} {kind} upsert to one index: share of the slowest",
            f"{share:.2f} ({', '.join(map(str, sorted(counts)))})",
            "0.5",
            share >= 0.5,
        ),
        Row(
            f"their upserts together, beside those of one of these {kind} alone",
            f"{together / alone:.2f} ({together / SECONDS:.0f}/s, {alone / SECONDS:.0f}/s)",
        ),
    ]


def create(path: Path) -> Workspace:
    workspace = Workspace(path)
    workspace.create_direct_access_index(
        INDEX,
        dimension=DIMENSION,
        vector_column="v",
        schema={"id": "long", "v": "array<float>"},
        primary_key="id",
        create_endpoint=True,
    )
    return workspace


def write(workspace: Workspace, writer: int, end: float) -> int:
    """Upserts until the end."""
    count = 0
    while time.time() < end:
        row = {"id": 1000 * writer + count % 100, "v": [float(count % 9)] * DIMENSION}
        workspace.upsert(INDEX, [row])
        count += 1
    return count


def by_threads(writers: int) -> list[int]:
    with folder() as path:
        workspace, counts = create(path), [0] * writers
        end = time.time() + SECONDS

        def work(writer: int) -> None:
            counts[writer] = write(workspace, writer, end)

        threads = [threading.Thread(target=work, args=[writer]) for writer in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return counts


def by_processes(writers: int) -> list[int]:
    with folder() as path:
        create(path)
        command = [sys.executable, __file__, "--write", str(path)]
        children = [
            subprocess.Popen(
                [*command, str(writer)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for writer in range(writers)
        ]
        for child in children:
            assert child.stdout is not None and child.stdout.readline() == "ready\n"
        end = time.time() + SECONDS
        for child in children:
            assert child.stdin is not None
            child.stdin.write(f"{end}\n")
            child.stdin.flush()
        return [json.loads(child.communicate()[0]) for child in children]


def child(path: str, writer: str) -> None:
    workspace = Workspace(path)
    workspace.upsert(INDEX, [{"id": int(writer), "v": [0.0] * DIMENSION}])
    print("ready", flush=True)
    print(write(workspace, int(writer), float(sys.stdin.readline())), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        child(*sys.argv[2:])
    else:
        run(fairness)
