"""Raw lines of `run.py` as a page of Markdown: what ran where, and a table with targets. Never measures.

python benchmarks/report.py FILE.jsonl... > PAGE.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tables import markdown

from engine.bench.records import journal
from engine.bench.records.journal import Journal, Run
from engine.errors import InvalidParameterValue


def page(found: Journal) -> str:
    """Each run with its own table, in the order of the files."""
    return "\n".join(line for run in found.runs for line in section(run, found))


def section(run: Run, found: Journal) -> Iterator[str]:
    lines = [line for line, own in zip(found.lines, found.run_of) if own == run.id]
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    commit = "" if run.commit is None else f", commit {run.commit[:12]}"
    machine = run.machine
    yield f"`{run.command}`"
    yield (
        f"({run.started[:10]}{commit}; {machine.processor}, {machine.cores} cores, "
        f"Python {machine.python}; {versions})"
    )
    yield ""
    yield markdown(lines)
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl")
    try:
        print(page(journal.read(parser.parse_args().files)), end="")
    except (OSError, InvalidParameterValue) as error:
        sys.exit(f"report.py: {error}")


if __name__ == "__main__":
    main()
