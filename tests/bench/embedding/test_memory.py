"""What a contestant's process holds is its own, not what the process held that started it."""

from __future__ import annotations

import subprocess
import sys

CHILD = "from engine.bench.embedding.worker import memory_mb; print(memory_mb())"
PARENT = f"""
import subprocess, sys
held = bytearray(600 * 2**20)
held[:: 4096] = b"x" * len(held[:: 4096])
print(subprocess.check_output([sys.executable, "-c", {CHILD!r}], text=True))
"""


def test_the_most_that_a_process_held_is_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARENT], capture_output=True, text=True, check=True
    )
    assert 5 < float(done.stdout) < 300
