"""Processes that decode photos in the pipeline: what they live beside, and when they end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.decoding import STARTER, assert_all_free, photo, ugly, up
from support.devices import devices

from engine import load_encoder
from engine.encode.models.clip import OpenClipEncoder
from engine.encode.photos.workers import decoding as decoding_module
from engine.encode.photos.workers.blocks import Blocks
from engine.encode.photos.workers.decoding import close_idle
from engine.encode.pipeline import embed_batch, embed_batches

HERE = devices()
pytestmark = pytest.mark.skipif(
    not hasattr(os, "memfd_create"),
    reason="threads decode where memory has no files without a name",
)
SIZES = [(60, 50), (50, 60), (61, 47)]


class OnDevice(OpenClipEncoder):
    """The processor as the stand-in of a device."""

    fits_on_device = True
    in_flight = 2
    photo_processes = 2


@pytest.fixture
def encoder(tiny_encoder_name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Its processes are up; they end with the test."""
    monkeypatch.setattr(decoding_module._crews, "_is_begun", False)
    made = OnDevice(tiny_encoder_name, "cpu")
    made.decoding._pays_from = 0  # type: ignore[union-attr]
    crew = up(made.decoding)  # type: ignore[arg-type]
    yield made
    assert_all_free(crew)
    close_idle()
    assert decoding_module._crews._crew is None, "a line was left open"


def batches(count: int, size: int = 40) -> list[pa.RecordBatch]:
    found = []
    for number in range(count):
        files: list[Any] = [
            photo(number * size + n, SIZES[n % 3], "JPEG" if n % 2 else "PNG") for n in range(size)
        ]
        files[3:5] = [b"broken", None]
        files[7:7] = ugly()[number * 5 : number * 5 + 5]
        keys = pa.array(range(len(files)))
        found.append(pa.record_batch([keys, pa.array(files, pa.binary())], names=["key", "image"]))
    return found


def test_the_pipeline_gives_the_same_by_processes_as_by_threads(
    encoder: Any, tiny_encoder_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = batches(9)
    by_threads = OnDevice(tiny_encoder_name, "cpu")
    by_threads.photo_processes = 0
    expected = list(embed_batches(some, by_threads))

    def refused(*_: Any) -> None:
        raise AssertionError("threads prepared a batch")

    monkeypatch.setattr("engine.encode.pipeline._prepare_images", refused)
    found = list(embed_batches(iter(some), encoder))
    for one, other in zip(found, expected, strict=True):
        assert one["reason"].equals(other["reason"])
        assert one["embedding"].equals(other["embedding"])
    assert sum(each["reason"].null_count for each in found) > 300


def test_a_batch_comes_out_before_the_next_is_there(encoder: Any) -> None:
    taken = threading.Event()
    encoder.in_flight = 1

    def one_by_one() -> Iterator[pa.RecordBatch]:
        for each in batches(3, 8):
            yield each
            assert taken.wait(60)
            taken.clear()

    count = 0
    for _ in embed_batches(one_by_one(), encoder):
        count += 1
        taken.set()
    assert count == 3


def test_a_taker_that_stops_leaves_no_thread_and_no_memory_in_use(encoder: Any) -> None:
    running = embed_batches(batches(3) * 30, encoder)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith(("prepare", "encode"))]


def test_takers_that_take_turns_wait_for_none(
    encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_idle()
    monkeypatch.setattr(decoding_module, "Blocks", lambda pinning: Blocks(8, pinning))
    up(encoder.decoding)
    some = batches(4)
    expected = [embed_batch(each, encoder)["embedding"] for each in some]
    turns = zip(*(embed_batches(some, encoder) for _ in range(3)))
    for want, outs in zip(expected, turns, strict=True):
        for out in outs:
            np.testing.assert_allclose(
                np.stack(out["embedding"].drop_null().to_pylist()),
                np.stack(want.drop_null().to_pylist()),
                atol=1e-6,
            )


def test_an_interruption_ends_the_run_and_not_the_processes(encoder: Any) -> None:
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(embed_batches(batches(3) * 100, encoder))
    timer.join()
    assert up(encoder.decoding).is_ready
    out = list(embed_batches(batches(2), encoder))
    assert [len(each) for each in out] == [len(each) for each in batches(2)]


def test_a_model_on_the_processor_has_threads_only(tiny_encoder_name: str) -> None:
    assert load_encoder(tiny_encoder_name, "cpu").decoding is None
    assert load_encoder("hashed").decoding is None


# ---------------------------------------------------------------------- whole programs
PROGRAM = """
import os, sys, time
sys.path.insert(0, {support!r})
print("begun", flush=True)  # a program without a guard: the processes must not run it again
from support.decoding import RULE, Threads, always, photo, up
from engine.encode.photos.workers.decoding import Decoding

def run():
    made = Decoding(RULE, always, processes=2, pays_from=0)
    crew = up(made)
    line = Threads().line(made)
    outcomes = line.begin([photo(1)] * 20 + [b"broken"]).outcomes()
    assert [type(one).__name__ for one in outcomes[-2:]] == ["ndarray", "str"], outcomes
    line.close()
    return crew.processes
"""


def start(end: str, *, own_group: bool = False) -> subprocess.Popen[str]:
    program = PROGRAM.format(support=str(Path(__file__).parents[1])) + end
    kept = {name: value for name, value in os.environ.items() if name != STARTER}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=kept,
        start_new_session=own_group,
    )


def are_gone(processes: list[int], seconds: float = 20) -> bool:
    def is_there(process: int) -> bool:
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
            return state != "Z"
        return False

    until = time.monotonic() + seconds
    while any(map(is_there, processes)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def told(program: subprocess.Popen[str]) -> list[int]:
    """The numbers of processes that a program prints after its first line."""
    assert program.stdout is not None
    assert program.stdout.readline() == "begun\n"
    found = [int(each) for each in program.stdout.readline().split()]
    if not found:
        program.kill()
        pytest.fail(f"the program has no processes: {program.communicate()[1]}")
    return found


def test_a_program_without_a_guard_is_run_once_and_ends_its_processes() -> None:
    program = start("print(*run(), flush=True)\n")
    processes = told(program)
    out, err = program.communicate(timeout=60)
    assert (program.returncode, out, err) == (0, "", "")
    assert len(processes) == 2
    assert are_gone(processes)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_processes_end_with_a_program_that_is_ended(how: int) -> None:
    program = start("print(*run(), flush=True)\ntime.sleep(60)\n", own_group=True)
    processes = told(program)
    assert not are_gone(processes, 0)
    os.killpg(program.pid, how)
    _, err = program.communicate(timeout=60)
    assert err.count("Traceback") == (how == signal.SIGINT)  # only the program's own
    assert are_gone(processes)


def test_a_fork_has_processes_of_its_own_and_keeps_none_alive() -> None:
    end = """
import warnings
warnings.simplefilter("ignore")  # of a fork beside threads
first = run()
reading, writing = os.pipe()
if not os.fork():
    os.write(writing, " ".join(map(str, run())).encode())
    os.close(1), os.close(2)
    time.sleep(60)
second = list(map(int, os.read(reading, 100).split()))
assert not set(first) & set(second), (first, second)
assert run() == first
print(*first, *second, flush=True)
os.kill(os.getpid(), 9)
"""
    program = start(end, own_group=True)
    processes = told(program)
    program.wait(timeout=60)
    assert are_gone(processes[:2])  # though the fork is there
    assert not are_gone(processes[2:], 0)
    os.killpg(program.pid, signal.SIGKILL)
    assert are_gone(processes)
    program.communicate(timeout=60)


def test_a_daemonic_process_has_processes_too() -> None:
    end = """
import multiprocessing
def work():
    print(*run(), flush=True)
one = multiprocessing.get_context("fork").Process(target=work, daemon=True)
one.start()
one.join()
sys.exit(one.exitcode)
"""
    program = start(end)
    processes = told(program)
    _, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, "")
    assert len(processes) == 2
    assert are_gone(processes)


# ---------------------------------------------------------------------- a GPU
def test_a_gpu_copies_from_the_memory_that_processes_write(tiny_encoder_name: str) -> None:
    if "cuda" not in HERE:
        return  # where there is none, nothing can be said of it
    made: Any = load_encoder(tiny_encoder_name, "cuda")
    by_threads: Any = OpenClipEncoder(tiny_encoder_name, "cuda")
    made.photo_processes, by_threads.photo_processes = 2, 0
    made.decoding._pays_from = 0
    some = batches(9, 80)
    expected = list(embed_batches(some, by_threads))
    crew = up(made.decoding)
    for _ in range(2):
        found = list(embed_batches(some, made))
        for one, other in zip(found, expected, strict=True):
            assert one["reason"].equals(other["reason"])
            first, second = (np.stack(e["embedding"].drop_null().to_pylist()) for e in (one, other))
            assert (first * second).sum(axis=1).min() > 0.9999
    blocks = crew.blocks.take(1, {}, lambda: False)
    assert blocks is not None
    assert blocks[0].is_pinned
    del blocks
    assert_all_free(crew)
    close_idle()


def test_a_gpus_pixels_from_shared_memory_are_pillows(tiny_encoder_name: str) -> None:
    if "cuda" not in HERE:
        return  # where there is none, nothing can be said of it
    made: Any = load_encoder(tiny_encoder_name, "cuda")
    made.photo_processes = 2
    made.decoding._pays_from = 0
    crew = up(made.decoding)
    files: list[Any] = [photo(n, (320, 240), "JPEG") for n in range(100)]
    line = made.decoding.line(lambda data: None, lambda: False)
    for _ in range(3):
        outcomes = line.begin(files).outcomes()
    pixels = made._fitting(outcomes).cpu().numpy()
    np.testing.assert_array_equal(pixels, np.stack([made.preprocess.as_bytes(f) for f in files]))
    assert sum(not isinstance(one, np.ndarray) for one in outcomes) == 100
    line.close()
    del outcomes
    assert_all_free(crew)
    close_idle()
