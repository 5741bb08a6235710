"""Spark's daemon of Python workers (`spark.python.daemon.module`), which writes down what they load.

Each process that it forks adds a line to a file of its own for each encoder; and one of them is killed
where a file `kill` lies beside, when it has rows before it.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
from pathlib import Path
from typing import Any

from engine.encode import arrow_rows

LOADS = Path(os.environ["VITRINE_LOADS"])


def counted(name: str | None = None, device: str | None = None) -> Any:
    with (LOADS / f"{os.getppid()}-{os.getpid()}").open("a") as file:
        file.write(f"{name}\n")
    return load(name, device)


def killed_once(*given: Any) -> Any:
    with contextlib.suppress(FileNotFoundError):
        (LOADS.parent / "kill").unlink()  # of all processes one does this
        os.kill(os.getpid(), signal.SIGKILL)
    return embed(*given)


load, arrow_rows.load_encoder = arrow_rows.load_encoder, counted
embed, arrow_rows.embed_batches = arrow_rows.embed_batches, killed_once

if __name__ == "__main__":
    runpy.run_module("pyspark.daemon", run_name="__main__")
