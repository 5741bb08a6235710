"""Children that may be killed: one process imports the engine once and forks for each job.

It opens no file of a workspace and starts no thread before it forks, so a child is as a fresh
process, only sooner. Jobs and messages are lines of JSON; a child's message names its job.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from support.children import command_of
from support.launch import end_with_parent

Report = Callable[[Mapping[str, Any]], None]


@dataclass
class Ended:
    """What became of a job: its messages in order, and how its process ended."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    status: int | None = None  # 0, an exit status, or minus the signal

    def values(self, name: str) -> list[Any]:
        return [message[name] for message in self.messages if name in message]

    def check(self) -> Ended:
        assert self.status == 0, (self.status, self.values("error"))
        return self


class Forks:
    """The parent's side."""

    def __init__(self) -> None:
        self._heard: list[dict[str, Any]] = []
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        path = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
        self._server = subprocess.Popen(
            command_of([sys.executable, "-m", "reliability.forks"]),
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **one, "PYTHONPATH": os.pathsep.join(path)},
        )

    def close(self) -> None:
        assert self._server.stdin and self._server.stdout
        os.killpg(self._server.pid, signal.SIGKILL)  # with what runs after a failure
        self._server.wait()
        self._server.stdin.close()
        self._server.stdout.close()

    def start(self, *jobs: Mapping[str, Any]) -> list[int]:
        """Start jobs side by side; returns their process ids."""
        assert self._server.stdin
        self._server.stdin.write(json.dumps(jobs) + "\n")
        self._server.stdin.flush()
        self._heard = []
        pids: list[int] = self._next()["pids"]
        return pids

    def hears(self, name: str) -> None:
        """Wait until a job says something of this name."""
        while not self._heard or name not in self._heard[-1]:
            self._heard.append(self._next())

    def ends(self, count: int = 1) -> list[Ended]:
        """Wait until all that were started ended."""
        ended = [Ended() for _ in range(count)]
        while any(one.status is None for one in ended):
            message = self._heard.pop(0) if self._heard else self._next()
            one = ended[message.pop("job")]
            one.messages.append(message)
            one.status = message.get("status")
        return ended

    def run(self, function: str, **arguments: Any) -> Ended:
        """Run `module:function` with a report function and the arguments."""
        self.start({"function": function, "arguments": arguments})
        return self.ends()[0]

    def _next(self) -> dict[str, Any]:
        assert self._server.stdout
        line = self._server.stdout.readline()
        assert line, "the server of forks ended"
        message: dict[str, Any] = json.loads(line)
        return message


# ---------------------------------------------------------------------- the server's side
def _send(message: Mapping[str, Any]) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


def _child(number: int, job: Mapping[str, Any]) -> None:
    status = 1
    try:
        module, name = job["function"].split(":")
        run = getattr(importlib.import_module(module), name)
        run(lambda message: _send({"job": number, **message}), **job["arguments"])
        status = 0
    except BaseException:
        _send({"job": number, "error": traceback.format_exc()[-3000:]})
    finally:
        os._exit(status)


def _serve(jobs: Sequence[Mapping[str, Any]]) -> None:
    numbers: dict[int, int] = {}
    gate, opened = os.pipe()
    for number, job in enumerate(jobs):
        pid = os.fork()
        if pid == 0:
            end_with_parent()
            os.close(opened)
            os.read(gate, 1)  # until the parent closes it, so that the ids are sent first
            _child(number, job)
        numbers[pid] = number
    _send({"pids": list(numbers)})
    os.close(opened)
    os.close(gate)
    while numbers:
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        _send({"job": numbers.pop(pid), "status": code})


def main() -> None:
    for module in ("engine.workspace", "reliability.scenes", "reliability.loops"):
        importlib.import_module(module)
    pa.scalar(1)  # imports pandas, where it is installed, for a second
    gc.freeze()
    for line in sys.stdin:
        _serve(json.loads(line))
    os._exit(0)  # nothing to tidy up, and frozen objects would be reported as leaks


if __name__ == "__main__":
    main()
