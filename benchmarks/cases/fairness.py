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
from collections.abc import Callable, Iterator
from pathlib import Path

from case import Options, Question, at_least, folder, run

from engine import Workspace
from engine.bench.records.line import Measured

ASK = Question("fairness")
INDEX, DIMENSION = "main.bench.fair", 64
WRITERS, SECONDS, FEW_WRITERS, FEW_SECONDS = 4, 6.0, 2, 0.3


def fairness(options: Options) -> Iterator[Measured]:
    size = options.few((WRITERS, SECONDS), (FEW_WRITERS, FEW_SECONDS))
    yield from measured("threads", by_threads, *size)
    yield from measured("processes", by_processes, *size)


def measured(
    kind: str, write: Callable[[int, float], list[int]], several: int, span: float
) -> Iterator[Measured]:
    (alone,), counts = write(1, span), write(several, span)
    each = sum(counts) / several
    how = {"kind": kind, "writers": several, "seconds": span}
    yield ASK.line(
        "least share of a writer",
        "times",
        min(counts) / each if each else 0.0,
        better="higher",
        target=at_least(0.5),
        more={"upserts": counts},
        **how,
    )
    for writers, count in ((several, sum(counts)), (1, alone)):
        rate = count / span
        how = {"kind": kind, "writers": writers, "seconds": span}
        yield ASK.line("upserts of all", "upserts/s", rate, better="higher", **how)


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


def by_threads(writers: int, span: float) -> list[int]:
    with folder() as path:
        workspace, counts = create(path), [0] * writers
        end = time.time() + span

        def work(writer: int) -> None:
            counts[writer] = write(workspace, writer, end)

        threads = [threading.Thread(target=work, args=[writer]) for writer in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return counts


def by_processes(writers: int, span: float) -> list[int]:
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
            if child.stdout is None or child.stdout.readline() != "ready\n":
                raise RuntimeError("a writer ended before it wrote")
        end = time.time() + span
        return [json.loads(counted) for counted in ended(children, end)]


def ended(children: list[subprocess.Popen[str]], end: float) -> list[str]:
    """Tell all until when they write, then take their counts."""
    for child in children:
        if child.stdin is not None:
            child.stdin.write(f"{end}\n")
            child.stdin.flush()
    return [child.communicate()[0] for child in children]


def child(path: str, writer: str) -> None:
    workspace = Workspace(path)
    workspace.upsert(INDEX, [{"id": int(writer), "v": [0.0] * DIMENSION}])
    print("ready", flush=True)
    print(write(workspace, int(writer), float(sys.stdin.readline())), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        child(*sys.argv[2:])
    else:
        run(fairness)
