"""What many tests need: a tiny CLIP in open_clip's form, a small catalogue, a workspace."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from support.catalogue import Catalogue, write_catalogue
from support.needs import SKIP_NOTHING, needs
from support.shop import (  # noqa: F401
    client,
    create_index,
    index,
    make_products,
    nearest,
    products,
)

from engine import Workspace

# How long an example takes says something of the machine and what else it does, not of what is tested.
hypothesis.settings.register_profile(
    "machines of any speed",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("machines of any speed")

# Spark's Java starts many times, and each lives for seconds: code that its second compiler makes, slowly
# and well, comes too late. Processes that tests start take this along.
for spark_s in ("SPARK_SUBMIT_OPTS", "SPARK_LAUNCHER_OPTS"):
    os.environ.setdefault(spark_s, "-XX:TieredStopAtLevel=1")

MOST_PROCESSES = 4
MEMORY_OF_ONE = 3 << 30  # bytes, with torch, and with a browser or a Java machine beside it
TINY_CONFIG = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {
            "image_size": 32,
            "layers": 2,
            "width": 64,
            "head_width": 32,
            "patch_size": 8,
        },
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 64,
            "heads": 2,
            "layers": 2,
        },
    },
    "preprocess_cfg": {
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
    },
}


def processes() -> int:
    """How many run the tests: two more than there are cores, or one where memory is short.

    Tests wait for servers, browsers and the disk: with one more, two cores had nothing to do a fourth of
    the time.
    """
    cores = os.cpu_count() or 1
    if cores == 1:
        return 1
    memory = MOST_PROCESSES * MEMORY_OF_ONE
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):  # not everywhere
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(cores + 2, max(memory // MEMORY_OF_ONE, cores + 1), MOST_PROCESSES)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads its options
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The files of a whole folder are shared out to processes: `-n 0` is the way to run it in one."""
    options = config.option
    if not hasattr(options, "numprocesses") or hasattr(config, "workerinput"):
        return  # pytest-xdist isn't here, or this is one of its processes
    alone = options.usepdb or options.keyword or options.capture == "no" or options.dist != "no"
    if options.numprocesses is None and not alone and any(map(os.path.isdir, config.args)):
        options.numprocesses = processes()
        options.dist = "loadfile" if options.numprocesses > 1 else "no"
        options.loadscopereorder = False  # see pytest_collection_modifyitems
        # Threads that wait for their next piece of work leave the processor to the other processes.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is made while tests are collected stays: looking through it for garbage finds none.

    Later neither, for tests that ask for the collector: it would take a second, each time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files of few tests come first: these are the long ones, and at the end others would wait for them.

    So do those of many that take long all the same, and are marked so.
    pytest-xdist's own order is the other way round, and it hands out three files of one test together.
    """
    if hasattr(config, "workerinput"):
        tests = Counter(item.path for item in items if item.get_closest_marker("long") is None)
        items.sort(key=lambda item: tests[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be skipped, a skipped test is a failed one."""
    report = yield
    if SKIP_NOTHING and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"It was skipped: {report.longrepr}"
    return report


def running_children() -> set[int]:
    """The processes that this one started and that it has not seen end; empty but on Linux."""
    found: set[int] = set()
    if sys.platform != "linux" or not any_child():
        return found
    for thread in os.listdir("/proc/self/task"):
        try:
            with Path(f"/proc/self/task/{thread}/children").open("rb", buffering=0) as children:
                found.update(map(int, children.read().split()))
        except OSError:  # the thread ended, or this kernel doesn't tell
            continue
    return found


def any_child() -> bool:
    """Whether there is one, which the system says sooner than which: twice for each of many tests."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def command_of(pid: int) -> bytes:
    """How a process was started; nothing where it has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture(autouse=True)
def no_child_outlives_its_test() -> Iterator[None]:
    """Those of wider fixtures were there before."""
    before = running_children()
    yield
    left = {pid: command_of(pid) for pid in running_children() - before}
    # multiprocessing starts one for the whole process, and ends it with the process.
    assert not [one for one in left.values() if b"multiprocessing.resource_tracker" not in one]


@pytest.fixture(scope="session")
def tiny_clip_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a small random CLIP, as open_clip's `local-dir:` loads it."""
    needs("clip")
    import open_clip
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("tiny-clip")
    (folder / "open_clip_config.json").write_text(json.dumps(TINY_CONFIG))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = open_clip.CLIP(**_model_arguments())
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


def _model_arguments() -> dict[str, object]:
    from open_clip.model import CLIPTextCfg, CLIPVisionCfg

    config = TINY_CONFIG["model_cfg"]
    return {
        "embed_dim": config["embed_dim"],
        "vision_cfg": CLIPVisionCfg(**config["vision_cfg"]),
        "text_cfg": CLIPTextCfg(**config["text_cfg"]),
    }


@pytest.fixture(scope="session")
def tiny_encoder_name(tiny_clip_dir: Path) -> str:
    return f"local-dir:{tiny_clip_dir}"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Forty good products."""
    return write_catalogue(tmp_path / "catalogue", 40)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A fresh workspace on the CPU."""
    yield Workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_name: str) -> Workspace:
    """A workspace with forty products, embedded and indexed by the tiny CLIP; tests only read it."""
    folder = tmp_path_factory.mktemp("built")
    source = write_catalogue(folder / "catalogue", 40)
    made = Workspace(folder / "workspace")
    made.build(source.styles, source.images, encoder=tiny_encoder_name)
    return made
