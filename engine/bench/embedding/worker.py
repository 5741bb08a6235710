"""A contestant's process: requests in as JSON lines, answers out. Knows no contestant and no engine.

Run by its path, by any interpreter: a peer may live in an environment that the engine is not in, so
that only the standard library and numpy are used here. What a library prints goes to standard error.

    worker.py CORES CONTESTANT.py SETUP.json
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def main() -> None:
    """Answer until the input ends."""
    here = str(Path(__file__).parent)
    sys.path[:] = [place for place in sys.path if place != here]  # its names are no packages
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    cores, contestant, setup = sys.argv[1:]
    hold_to(int(cores))
    started = time.perf_counter()

    def say(document: dict[str, Any]) -> None:
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    try:
        loaded = _load(Path(contestant), json.loads(Path(setup).read_text(encoding="utf-8")))
        say({"ready": time.perf_counter() - started, "cores": cores_here()})
    except BaseException as error:
        say({"error": _told(error)})
        return
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            say(_answer(loaded, asked))
        except Exception as error:
            say({"error": _told(error)})


def hold_to(cores: int) -> None:
    """Let this process and all that it starts use so many cores, where the system can say so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def cores_here() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _load(file: Path, setup: dict[str, Any]) -> Any:
    spec = importlib.util.spec_from_file_location(f"contestant_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where libraries that start processes look for its classes
    spec.loader.exec_module(module)
    return module.Contestant(setup)


def _answer(loaded: Any, asked: dict[str, Any]) -> dict[str, Any]:
    do = asked["do"]
    if do == "facts":
        return {"facts": loaded.facts()}
    kind = asked["kind"]
    inputs = SimpleNamespace(**json.loads(Path(asked["inputs"]).read_text(encoding="utf-8")))
    if do == "vectors":
        import numpy as np

        np.save(asked["file"], np.asarray(loaded.vectors(kind, inputs), dtype=np.float32))
        return {}
    if do == "stages":
        return {"stages": loaded.stages(kind, inputs)}
    loaded.prepare(kind, inputs)
    return _timed(lambda: loaded.run(kind, inputs))


def _timed(work: Callable[[], object]) -> dict[str, Any]:
    """Wall seconds, and processor seconds of this process and of those that it started and ended."""
    spent, started = _processor(), time.perf_counter_ns()
    work()
    seconds = (time.perf_counter_ns() - started) / 1e9
    return {"seconds": seconds, "processor": _processor() - spent, "memory_mb": memory_mb()}


def _processor() -> float:
    """Seconds of this process and of its ended children; finer than the clock of `os.times`."""
    with contextlib.suppress(ImportError):
        import resource

        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in used)
    return time.process_time()


def memory_mb() -> float | None:
    """The most that this process has held so far; None where the system doesn't say.

    On Linux `ru_maxrss` counts what the process held that started this one; /proc has its own.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    with contextlib.suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 2**10)
    return None


def _told(error: BaseException) -> str:
    text = " ".join(str(getattr(error, "message", error)).split())
    return f"{type(error).__name__}: {text:.500}"


if __name__ == "__main__":
    main()
