"""Run benchmark cases, each in a process of its own, and append their raw lines to a file.

    python benchmarks/run.py [--smoke] [--out FILE.jsonl] [--data DIR] [CASE ...]

DIR is a catalogue in the public fashion layout (`styles.csv`, `images/`); without it the bundled
sample is used. Measures nothing itself; prints what was measured as a table at the end. A case that
fails is told by name, with its error, and the others still run; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "cases"))

from case import OURS, Options, add_options, options_of
from tables import markdown, text

from engine.bench.records import floors, journal
from engine.bench.records.line import Floor, LeftOut, Line, Measured
from engine.optional import install_line, is_installed

HERE = Path(__file__).parent
NEEDS: dict[str, tuple[str, ...]] = {
    "clip": ("torch", "open_clip"),
    "browser": ("playwright",),
    "spark": ("pyspark", "pandas"),
}
CASES: dict[str, tuple[str, ...]] = {  # case -> extras that it needs
    "catalogue": (),
    "exactness": ("clip",),
    "memory": (),
    "search": (),
    "words": (),
    "http_cost": (),
    "http_load": (),
    "fault_cost": (),
    "fairness": (),
    "writes": (),
    "pages": (),
    "sql": (),
    "plan_costs": (),
    "start": (),
    "embedded_model": (),
    "shop_queries": (),
    "recommendations": (),
    "shop_http": (),
    "page": ("browser",),
    "gpu": ("clip",),
    "spark": ("spark",),
}
PACKAGES = ("pillow", "starlette", "uvicorn", "playwright")  # beside those of every run
FOLDER = Path("vitrine-bench")  # of raw lines, where --out names no file


def main() -> int:
    given = parsed()
    out = given.out or FOLDER / f"cases-{datetime.now():%Y%m%d-%H%M%S}.jsonl"
    small = floors.measured(rounds=1, read_bytes=2**22) if given.smoke else None
    command = shlex.join(["python", *sys.argv])
    recorder = journal.begin(out, command, packages=PACKAGES, floors=small)
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        options = options_of(given)
        if options.shop is None:  # one for all cases of this run
            given.shop = Path(folder) / "shop"
        for case in given.cases or CASES:
            started = time.perf_counter()
            error = run_case(case, options_of(given), recorder)
            took = f"{time.perf_counter() - started:.1f} s"
            note(f"{case}: {took}" if error is None else f"{case}: failed after {took}: {error}")
            if error is not None:
                failed.append(case)
    print(markdown(recorder.kept) if given.markdown else text(recorder.kept))
    note(f"raw lines: {out}")
    if failed:
        note(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("cases", nargs="*", default=[], metavar="CASE", help=", ".join(CASES))
    add("--out", type=Path, metavar="FILE.jsonl", help=f"append here; default: new in {FOLDER}/")
    add("--markdown", action="store_true", help="print the table as Markdown")
    add_options(parser)
    given = parser.parse_args()
    unknown = set(given.cases) - set(CASES)
    if unknown:
        parser.error(f"unknown case {', '.join(sorted(unknown))}; known: {', '.join(CASES)}")
    return given


def note(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def run_case(case: str, options: Options, recorder: journal.Recorder) -> str | None:
    """Record what a case says as it says it; what went wrong, if it failed."""
    for extra in CASES[case]:
        missing = [package for package in NEEDS[extra] if not is_installed(package)]
        if missing:
            reason = f"needs {', '.join(missing)}: {install_line(extra)}"
            recorder.add(LeftOut(case, OURS, reason))
            return None
    error = None
    process = started(case, options)
    for document in told(process):
        if document["kind"] == "failed":
            error = document["error"]
        else:
            recorder.add(measured_of(document))
    status = process.wait()
    if status and error is None:
        error = f"ended with status {status}"
    if error is not None:
        recorder.add(LeftOut(case, OURS, f"failed: {error}"))
    return error


def started(case: str, options: Options) -> subprocess.Popen[str]:
    arguments = ["--data", options.data, "--encoder", options.encoder, "--photos", options.photos]
    arguments += ["--shop", options.shop, *(["--smoke"] if options.smoke else [])]
    return subprocess.Popen(
        [sys.executable, str(HERE / "cases" / f"{case}.py"), *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def told(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """What a case prints, as soon as it does."""
    if process.stdout is not None:
        yield from map(json.loads, process.stdout)


def measured_of(document: dict[str, Any]) -> Measured:
    """What a case said in JSON."""
    if document.pop("kind") == "left_out":
        return LeftOut(**document)
    floor = document.pop("floor")
    values = tuple(document.pop("values"))
    return Line(floor=None if floor is None else Floor(**floor), values=values, **document)


if __name__ == "__main__":
    sys.exit(main())
