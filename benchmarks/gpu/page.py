"""The page of a GPU's figures, of the raw lines that `gpu/run.py` left. Measures nothing.

    python benchmarks/gpu/page.py [FILE.jsonl]

writes benchmarks/results/gpu.md; of a file with several runs, the last that has each part counts.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.bench.records import journal
from engine.bench.records.line import Line

RESULTS = Path(__file__).parents[1] / "results"
RAW = RESULTS / "2026-11-26-gpu" / "raw.jsonl"
SIZES = (1_000_000, 10_000_000)
BATCHES = (1, 16, 256, 1024)
OURS, PLAIN, NUMPY, DEVICE = "vitrine", "plain torch", "numpy on the processor", "the device"
MODELS = ("ViT-B-32", "ViT-L-14")
MADE = """\
Made by `python benchmarks/gpu/page.py` of [raw lines]({raw}), which
`python benchmarks/gpu/run.py --out FILE.jsonl` measures."""
SEARCHES = """\
Rows of 512 numbers; `SearchDevice.nearest` from queries in main memory to lists of rows there,
median wall time. Rows, order and scores were compared with the processor's float64 ranking in the
same run: equal. "Of the copy" is the bytes of all rows a second as a share of the copy's (more
than 1 where a filter spares reading), "of the products" the same of the arithmetic. Plain torch
is `(q @ V.T).topk(k)` in float16, not exact, for k = 100; numpy is exact float32 on the
processor. Bold: we lose."""


class Found:
    """The lines of one run, by who, what and settings."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = {
            (line.contestant, line.what, frozenset(line.settings.items())): line for line in lines
        }

    def get(self, contestant: str, what: str, **settings: Any) -> Line | None:
        return self._lines.get((contestant, what, frozenset(settings.items())))

    def one(self, contestant: str, what: str, **settings: Any) -> Line:
        return self._lines[contestant, what, frozenset(settings.items())]

    def of(self, what: str) -> list[Line]:
        return [line for (_, name, _), line in self._lines.items() if name == what]


def last_with(found: journal.Journal, what: str) -> Found:
    """The lines of the last run that has some of this quantity."""
    runs = [run for line, run in zip(found.lines, found.run_of) if line.what == what]
    if not runs:
        raise SystemExit(f"no line of {what!r} in the file")
    return Found(line for line, run in zip(found.lines, found.run_of) if run == runs[-1])


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def rate(line: Line) -> float:
    """Queries a second of a line of searches."""
    return 1000 * float(line.settings["queries"] or 0) / line.median


def beside(own: Line, other: Line | None) -> str:
    """How many times as fast as another; in bold where it loses."""
    if other is None:
        return "not run"
    ratio = rate(own) / rate(other)
    return f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}**"


def searches(found: Found, size: int) -> str:
    """The engine's searches in float16 of one size, beside a plain torch loop and numpy."""
    rows = []
    for k in (10, 100):
        for share in (None, 0.1, 0.9):
            for batch in BATCHES:
                how = {"rows": size, "queries": batch, "k": k, "filter": share}
                own = found.get(OURS, "search", **how, precision="float16")
                if own is None:
                    continue
                others = (
                    found.get(PLAIN, "search", **how, precision="float16"),
                    found.get(NUMPY, "search", **how, precision="float32"),
                )
                rows.append(
                    [
                        str(batch), str(k), "none" if share is None else str(share),
                        number(own.median), number(rate(own)),
                        f"{own.more['share_of_copy']:.2f}", f"{own.more['share_of_products']:.2f}",
                        *(beside(own, other) for other in others), str(own.more["not_told"]),
                    ]
                )  # fmt: skip
    head = ["queries", "k", "filter keeps", "ms", "queries/s", "of the copy", "of the products"]
    return table([*head, "x plain torch", "x numpy", "left to the processor"], rows)


def precisions(found: Found) -> str:
    rows = []
    for precision in ("float16", "bfloat16", "float32"):
        for batch in (1, 1024):
            how = {"rows": SIZES[0], "queries": batch, "k": 100, "filter": None}
            own = found.get(OURS, "search", **how, precision=precision)
            if own is not None:
                told = [number(each) for each in (own.median, rate(own), own.more["listed"])]
                rows.append([precision, str(batch), *told])
    return table(["first pass in", "queries", "ms", "queries/s", "rows listed for k = 100"], rows)


def model(found: Found, name: str) -> str:
    """One model: alone, and from files to vectors."""
    alone = found.one(OURS, "the model alone", model=name)
    one, two = (
        found.one(OURS, f"encode_pixels, {how}", model=name)
        for how in ("a batch at a time", "two batches at once")
    )
    texts = found.one(OURS, "texts encoded", model=name)
    rows = [
        ["model alone, photos on the device", number(alone.median),
         f"{alone.more['share_of_bfloat16']:.2f} of bfloat16's arithmetic"],
        ["`encode_pixels`, a batch at a time", number(one.median), ""],
        ["`encode_pixels`, two at once", number(two.median), ""],
        *from_files(found, name, alone.median),
        ["texts", number(texts.median), ""],
    ]  # fmt: skip
    head = [f"{name}, {number(alone.more['GFLOP_each'])} GFLOP a photo", "a second", ""]
    (same,) = [line for line in found.of("cosine with float32") if line.settings["model"] == name]
    last = f"Least cosine of the engine's vectors with float32's: {min(same.values):.5f}."
    return table(head, rows) + "\n\n" + last


def from_files(found: Found, name: str, alone: float) -> list[list[str]]:
    """Files to vectors, by those who decode; runs before there were processes name nobody."""
    rows = []
    for who in ({}, {"decoded_by": "threads"}, {"decoded_by": "processes"}):
        both = found.get(OURS, "files to vectors", model=name, **who)
        if both is not None:
            by = f", by {who['decoded_by']}" if who else ""
            waits = f"the GPU waits {100 * (1 - both.median / alone):.0f} % of the time"
            rows.append([f"files to vectors (640 x 480 JPEG){by}", number(both.median), waits])
    return rows


def decoding(found: Found) -> str:
    rows = []
    for line in found.of("decoding and fitting"):
        rows.append([str(line.settings["workers"]), number(line.median), ""])
    for line in found.of("decoding alone"):
        if line.contestant == OURS:
            what = f"{line.settings['workers']}, decoding alone"
            rows.append([what, number(line.median), "the rest on the device"])
    for line in found.of("fitting on the device"):
        equal = "equal to Pillow's"
        other = "**not equal to Pillow's: Pillow does it**"
        told = equal if line.more["equal"] else other
        rows.append(["fitting on the device", number(line.median), told])
    nvjpeg = found.get("nvJPEG", "decoding alone", workers=DEVICE)
    if nvjpeg is not None:
        off = f"not used: pixels are off by {nvjpeg.more['mean_off']:.1f} of 255 in the mean"
        rows.append(["nvJPEG, decoding alone", number(nvjpeg.median), off])
    return table(["decoding and fitting 640 x 480 JPEG", "photos a second", ""], rows)


def machine(search: Found, cores: int) -> str:
    copy = search.one(DEVICE, "copy")
    half, brain, whole = (
        search.one(DEVICE, "product of matrices", precision=precision).median
        for precision in ("float16", "bfloat16", "float32")
    )
    return (
        f"Machine: one {copy.more['device']}, {cores} cores, torch {copy.more['torch']}. Ceilings, "
        f"measured in the same run: a copy of {copy.median:,.0f} GB/s (read and written); matrix "
        f"products of {half:.0f} (float16), {brain:.0f} (bfloat16) and {whole:.0f} TFLOP/s (float32)."
    )


def page(file: Path) -> str:
    lines = journal.read([file])
    search, encoders = (last_with(lines, what) for what in ("search", "files to vectors"))
    raw = os.path.relpath(file.resolve(), RESULTS)
    parts = ["# What a GPU does", MADE.format(raw=raw)]
    parts += [machine(search, lines.runs[-1].machine.cores), "## Exact search", SEARCHES]
    for size in SIZES:
        if search.get(OURS, "upload", rows=size, precision="float16") is not None:
            parts += [f"### {size:,} rows, first pass in float16", searches(search, size)]
    parts += [
        f"### First passes of other precision, {SIZES[0]:,} rows", precisions(search),
        "## Encoders", *[model(encoders, name) for name in MODELS],
        "## Decoding", decoding(encoders),
    ]  # fmt: skip
    notes = RESULTS / "gpu_notes.txt"
    if notes.is_file():
        parts += ["## Notes", notes.read_text().strip()]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=RAW, metavar="FILE.jsonl")
    (RESULTS / "gpu.md").write_text(page(parser.parse_args().file))


if __name__ == "__main__":
    main()
