"""Made-up journals with lines of every case, as benchmarks leave them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from engine.bench.records import journal
from engine.bench.records.floors import Floors
from engine.bench.records.journal import Recorder, Run
from engine.bench.records.line import Floor, LeftOut, Line, Measured, many, one
from engine.bench.records.machine import Machine

FLOORS = Floors(10.0, 8.0, 50.0, 5.0)
HERE = Machine("Quick 3000", 2, 24.0, "Linux", "3.11.7")
PEERS = {"vitrine": (0.5, 1.0), "hnswlib": (0.2, 0.93), "<b>usearch</b>": (0.4, 0.95)}


def a_run(name: str, command: str) -> Run:
    """A run on a made-up machine."""
    return Run(
        name, command, HERE, FLOORS, {"numpy": "2.0"}, "abcdef123456789+", 7, "2026-11-26T10:00:00"
    )


def written(file: Path, lines: Sequence[Measured], command: str = "vitrine bench") -> Path:
    """A file with one run more."""
    kept = Recorder(file, a_run(f"run{len(file.read_text()) if file.exists() else 0}", command))
    for line in lines:
        kept.add(line)
    return file


def every_case(file: Path) -> Path:
    """A file with a run of each case."""
    for case, lines in (("ann", ann()), ("serving", serving()), ("retrieval", retrieval()),
                        ("embedding", embedding()), ("engines", engines()),
                        ("scale", scale())):  # fmt: skip
        written(file, list(lines), f"vitrine bench {case}")
    return file


def times(middle: float, count: int = 120, seed: int = 0) -> tuple[float, ...]:
    """Latencies with a long tail."""
    return many((middle * np.random.default_rng(seed).lognormal(0, 0.2, count)).tolist())


def ann() -> Iterator[Measured]:
    """Recall and speed by `ef`, which only the peers have; one is not installed."""
    for k in (1, 10):
        for who, (ms, recall) in PEERS.items():
            for place, ef in enumerate([None] if who == "vitrine" else [16, 64]):
                settings = {"rows": 44_446, "k": k} | ({} if ef is None else {"ef": ef})
                found = many([min(1.0, recall + 0.04 * place)] * 30)
                slow = ms * (1 + place)
                floor = Floor("reading", 0.25)
                yield Line("ann", who, f"recall@{k}", "share", found, settings, "higher")
                yield Line("ann", who, "latency", "ms", times(slow), settings, floor=floor)
                rates = many([1000 / slow] * 7)
                yield Line("ann", who, "throughput", "queries/s", rates, settings, "higher")
    yield Line("ann", "vitrine", "build", "s", one(2.0), {"rows": 44_446})
    yield Line("ann", "hnswlib", "build", "s", one(7.5), {"rows": 44_446})
    yield LeftOut("ann", "chroma", "chromadb is not <installed>", {"rows": 44_446})


def serving() -> Iterator[Measured]:
    """Latency and throughput by clients, ours with several workers."""
    for who, workers in (("vitrine", 1), ("vitrine", 4), ("chroma", None)):
        for clients in (1, 8, 32):
            settings = {"clients": clients} | ({} if workers is None else {"workers": workers})
            yield Line("serving", who, "latency", "ms", times(1 + clients / 4), settings)
            rate = many([300.0 * (workers or 1)] * 5)
            yield Line("serving", who, "throughput", "queries/s", rate, settings, "higher")


def retrieval() -> Iterator[Measured]:
    """Two models over two tasks, with the difference of both."""
    rng = np.random.default_rng(0)
    for task in ("text to image", "image to image"):
        for who, least in (("embedded", 0.4), ("a directory with a very long name/model", 0.6)):
            values = many(rng.uniform(least, 1, 40).tolist())
            more = {"statistic": "mean"}
            yield Line(
                "retrieval", who, "nDCG@10", "share", values, {"task": task}, "higher", None, more
            )
        more = {"interval": [0.1, 0.3], "p": 0.01, "beyond_noise": True}
        both = "embedded - a directory with a very long name/model"
        yield Line(
            "retrieval",
            both,
            "difference in nDCG@10",
            "share",
            one(-0.2),
            {"task": task},
            "neither",
            None,
            more,
        )


def embedding() -> Iterator[Measured]:
    """Shares of stages, and rates."""
    for stage, share in {"decode": 0.3, "fit": 0.2, "model": 0.5}.items():
        yield Line(
            "embedding",
            "embedded",
            "share",
            "share",
            one(share),
            {"stage": stage, "batch": 64},
            "neither",
        )
    yield Line(
        "embedding", "embedded", "photos", "images/s", many([300.0] * 7), {"batch": 64}, "higher"
    )


def engines() -> Iterator[Measured]:
    """One figure each; all that is left of one is why."""
    for who, seconds in (("vitrine", 2.0), ("DuckDB", 1.0)):
        yield Line("engines", who, "build", "s", one(seconds), {"rows": 50})
    yield LeftOut("engines", "milvus-lite", "its server ended with status 1")


def read(file: Path) -> journal.Journal:
    """What a file says."""
    return journal.read([file])


def scale() -> Iterator[Measured]:
    """Costs at three sizes, one that stays and two that grow, with their slopes."""
    for what, unit, b, grows in (
        ("upsert", "ms", 0.0, "constant"),
        ("latency", "ms", 0.5, "root (or logarithm)"),
        ("build", "s", 1.0, "linear"),
    ):
        for rows in (1_000, 10_000, 100_000):
            values = many([rows**b * 0.01 * part for part in (0.9, 1.0, 1.1)])
            yield Line("scale", "vitrine", what, unit, values, {"rows": rows, "k": 20})
        more = {
            "grows": grows,
            "why": "as each row is read" if b else "",
            "interval": [b - 0.1, b + 0.1],
        }
        settings = {"of": what, "from": 1_000, "to": 100_000}
        yield Line(
            "scale", "vitrine", "slope", "log cost / log rows", one(b + 0.01), settings, more=more
        )
