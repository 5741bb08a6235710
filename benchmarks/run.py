"""Run benchmark cases, each in its own process, and print their lines as one table.

    python benchmarks/run.py --data DIR [--encoder NAME] [--photos N] [--out FILE.md] [CASE ...]

DIR is a catalogue in the public fashion layout (`styles.csv`, `images/`); without it the bundled
sample is used. Measures nothing itself. Figures of one case are taken side by side in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
CASES = (
    "catalogue",
    "exactness",
    "memory",
    "search",
    "words",
    "http_cost",
    "http_load",
    "fault_cost",
    "fairness",
    "pages",
    "sql",
    "plan_costs",
    "start",
    "embedded_model",
    "shop_queries",
    "recommendations",
    "shop_http",
    "page",
    "gpu",
)
HEAD = ("case", "what", "measured", "target", "met")
PACKAGES = ("torch", "open_clip_torch", "faiss-cpu", "duckdb", "pyarrow", "numpy", "pillow")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", default=[], metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--data", type=Path, default=HERE.parent / "datasets" / "sample")
    parser.add_argument("--encoder", default="ViT-B-32-quickgelu/untrained")
    parser.add_argument("--photos", type=int, default=256, help="photos to encode in a case")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    given = parser.parse_args()
    unknown = set(given.cases) - set(CASES)
    if unknown:
        parser.error(f"unknown case {', '.join(sorted(unknown))}; known: {', '.join(CASES)}")
    options = [str(given.data), given.encoder, str(given.photos)]
    lines = [machine(), "", "| " + " | ".join(HEAD) + " |", "| --- | --- | --- | --- | --- |"]
    for case in given.cases or CASES:
        print(f"running {case} ...", file=sys.stderr)
        done = subprocess.run(
            [sys.executable, str(HERE / "cases" / f"{case}.py"), *options],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        for row in json.loads(done.stdout.splitlines()[-1]):
            met = {True: "yes", False: "**no**", None: ""}[row["met"]]
            cells = (case, row["what"], row["measured"], row["target"], met)
            lines.append("| " + " | ".join(cells) + " |")
    table = "\n".join(lines) + "\n"
    print(table)
    if given.out:
        given.out.write_text(table)


def machine() -> str:
    versions = ", ".join(version_of(name) for name in PACKAGES)
    return (
        f"{date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{platform.system()}; {versions}."
    )


def version_of(package: str) -> str:
    """A package and its version; the light install lacks some."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


if __name__ == "__main__":
    main()
