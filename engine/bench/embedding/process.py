"""The near end of a contestant's process: it is started, asked, and ended when it takes too long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.bench.records.machine import cores

WORKER = Path(__file__).parent / "worker.py"
COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "WANDB_MODE": "disabled",
    "DO_NOT_TRACK": "1",
}


class Failed(Exception):
    """What a contestant could not do, in its words."""


class Process:
    """One contestant, loaded. `ready_s` is how long loading took, `cores` how many it may use."""

    def __init__(
        self,
        contestant: Path,
        setup: dict[str, Any],
        folder: Path,
        *,
        threads: int | None = None,
        python: str = sys.executable,
        budget_s: float = 120.0,
    ) -> None:
        """Start it and wait until it is loaded.

        Args:
            setup: what the contestant is told, as JSON. folder: an empty one of its own.
            threads: cores that it and all that it starts may use; None for all.
            python: the interpreter. budget_s: how long each request may take.

        Raises:
            Failed: it can't be started or loaded; says why.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._budget_s, self._errors = budget_s, folder / "errors.txt"
        (folder / "setup.json").write_text(json.dumps(setup), encoding="utf-8")
        count = threads or cores()
        command = [python, str(WORKER), str(count), str(contestant), str(folder / "setup.json")]
        with self._errors.open("w") as errors:
            try:
                self._child = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    encoding="utf-8",
                    cwd=folder,
                    env={**os.environ, **QUIET, **dict.fromkeys(COUNTS, str(count))},
                )
            except OSError as error:
                raise Failed(f"{python} can't be started: {error.strerror}") from error
        try:
            said = self._answer()
        except Failed:
            self.close()
            raise
        self.ready_s, self.cores = float(said["ready"]), int(said["cores"])

    def ask(self, **asked: Any) -> dict[str, Any]:
        """One request and its answer.

        Raises:
            Failed: it can't, it took longer than its budget, or its process ended.
        """
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(asked) + "\n")
            self._child.stdin.flush()
        except OSError:
            raise Failed(self._ended()) from None
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        with self._limited() as is_late:
            line = self._child.stdout.readline()
        if is_late.is_set():
            raise Failed(f"took more than {self._budget_s:g} s, and was ended")
        if not line:
            raise Failed(self._ended())
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            raise Failed(said["error"])
        return said

    @contextmanager
    def _limited(self) -> Iterator[threading.Event]:
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            self._child.kill()

        timer = threading.Timer(self._budget_s, end)
        timer.start()
        try:
            yield is_late
        finally:
            timer.cancel()

    def _ended(self) -> str:
        """How its process ended, with the last that it said."""
        code = self._child.wait()
        said = self._errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"its process ended with {code}" + (f": {said[-1]:.300}" if said else "")

    def close(self) -> None:
        """End its process; it has nothing to lose."""
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        try:
            self._child.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
