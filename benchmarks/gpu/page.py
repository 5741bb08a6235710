"""The page of a GPU's figures, from the two files that `cases/gpu.py` left in a folder.

    python benchmarks/gpu/page.py [DIR]        (benchmarks/results without one)

copies gpu-search.json and gpu-encoders.json beside the page and writes results/gpu.md.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
FILES = ("gpu-search.json", "gpu-encoders.json")
Figures = dict[str, dict[str, Any]]
SIZES = ("1,000,000", "10,000,000")
BATCHES = (1, 16, 256, 1024)
MADE = """\
Made by `python benchmarks/gpu/page.py` from [gpu-search.json](gpu-search.json) and
[gpu-encoders.json](gpu-encoders.json), which `python benchmarks/cases/gpu.py --out DIR` measured, with
`--parts search` and with `--parts encoders`."""
SEARCHES = """\
Rows of 512 numbers; `SearchDevice.nearest` from queries in main memory to lists of rows there,
median wall time. Rows, order and scores were compared with the processor's float64 ranking in the
same run: equal. "Of the copy" is the bytes of all rows a second as a share of the copy's (more
than 1 where a filter spares reading), "of the products" the same of the arithmetic. Plain torch
is `(q @ V.T).topk(k)` in float16, not exact, for k = 100; numpy is exact float32 on the
processor. Bold: we lose."""


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def beside(own: float, other: dict[str, Any] | None) -> str:
    """How many times as fast as another; in bold where it loses."""
    if other is None:
        return "not run"
    ratio = own / other["queries_per_s"]
    return f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}**"


def searches(found: Figures, size: str) -> str:
    """The engine's searches in float16 of one size, beside a plain torch loop and numpy."""
    rows = []
    for k in (10, 100):
        for share in ("None", "0.1", "0.9"):
            for batch in BATCHES:
                ending = f"{batch} queries, k {k}, filter {share}"
                own = found.get(f"ours, {size} rows, float16, {ending}")
                if own is None:
                    continue
                plain = found.get(
                    f"plain torch, {size} rows, {batch} queries, k 100, filter {share}"
                )
                numpy = found.get(f"numpy on the processor, {size} rows, {batch} queries, k 100")
                rate = own["queries_per_s"]
                rows.append(
                    [
                        str(batch), str(k), share.replace("None", "none"), number(own["ms"]),
                        number(rate), f"{own['share_of_copy']:.2f}",
                        f"{own['share_of_products']:.2f}",
                        beside(rate, plain if k == 100 else None),
                        beside(rate, numpy if k == 100 and share == "None" else None),
                        str(own["not_told"]),
                    ]
                )  # fmt: skip
    head = ["queries", "k", "filter keeps", "ms", "queries/s", "of the copy", "of the products"]
    return table([*head, "x plain torch", "x numpy", "left to the processor"], rows)


def precisions(found: Figures) -> str:
    rows = []
    for precision in ("float16", "bfloat16", "float32"):
        for batch in (1, 1024):
            own = found.get(
                f"ours, {SIZES[0]} rows, {precision}, {batch} queries, k 100, filter None"
            )
            if own is not None:
                told = [number(own["ms"]), number(own["queries_per_s"]), number(own["listed"])]
                rows.append([precision, str(batch), *told])
    return table(["first pass in", "queries", "ms", "queries/s", "rows listed for k = 100"], rows)


def model(found: Figures, name: str) -> str:
    """One model: alone, and from files to vectors."""
    alone, both = found[f"{name}: model alone"], found[f"{name}: files to vectors"]
    same, texts = found[f"{name}: bfloat16 beside float32"], found[f"{name}: texts"]
    rows = [
        ["model alone, photos on the device", number(alone["on_device_per_s"]),
         f"{alone['share_of_bfloat16']:.2f} of bfloat16's arithmetic"],
        ["`encode_pixels`, a batch at a time", number(alone["one_by_one_per_s"]), ""],
        ["`encode_pixels`, two at once", number(alone["two_in_flight_per_s"]), ""],
        ["files to vectors (640 x 480 JPEG)", number(both["per_s"]),
         f"the GPU waits {100 * both['gpu_waits']:.0f} % of the time"],
        ["texts", number(texts["per_s"]), ""],
    ]  # fmt: skip
    head = [f"{name}, {number(alone['GFLOP_each'])} GFLOP a photo", "a second", ""]
    last = f"Least cosine of the engine's vectors with float32's: {same['least_cosine']:.5f}."
    return table(head, rows) + "\n\n" + last


def decoding(found: Figures) -> str:
    own, other = found["decoding alone"], found.get("JPEG on the device")
    rows = [
        ["one thread", number(own["one_thread_per_s"]), ""],
        [f"{own['cores']} threads", number(own["threads_per_s"]), ""],
        [f"{own['cores']} processes", number(own["processes_per_s"]), ""],
    ]
    if (only := own.get("decoded_only_per_s")) is not None:
        equal = (
            "equal to Pillow's"
            if own["fitted_equal"]
            else "**not equal to Pillow's: Pillow does it**"
        )
        rows.append(
            [f"{own['cores']} threads, decoding alone", number(only), "the rest on the device"]
        )
        rows.append(["fitting on the device", number(own["fitted_on_device_per_s"]), equal])
    if other is not None:
        off = f"not used: pixels are off by {other['mean_off']:.1f} of 255 in the mean"
        rows.append(["nvJPEG, decoding alone", number(other["per_s"]), off])
    return table(["decoding and fitting 640 x 480 JPEG", "photos a second", ""], rows)


def page(search: Figures, encoders: Figures) -> str:
    top = search["ceilings"]
    parts = [
        "# What a GPU does", MADE,
        f"Machine: one {top['device']}, 16 cores, torch {top['torch']}. Ceilings, measured in the same "
        f"run: a copy of {top['copy_GB_per_s']:,.0f} GB/s (read and written); matrix products of "
        f"{top['float16_TFLOP_per_s']:.0f} (float16), {top['bfloat16_TFLOP_per_s']:.0f} (bfloat16) "
        f"and {top['float32_TFLOP_per_s']:.0f} TFLOP/s (float32).",
        "## Exact search", SEARCHES,
    ]  # fmt: skip
    for size in SIZES:
        if f"upload, {size} rows, float16" in search:
            parts += [f"### {size} rows, first pass in float16", searches(search, size)]
    parts += [
        "### First passes of other precision, 1,000,000 rows", precisions(search),
        "## Encoders", *[model(encoders, name) for name in ("ViT-B-32", "ViT-L-14")],
        "## Decoding", decoding(encoders),
    ]  # fmt: skip
    notes = RESULTS / "gpu_notes.txt"
    if notes.is_file():
        parts += ["## Notes", notes.read_text().strip()]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    if source.resolve() != RESULTS.resolve():
        for name in FILES:
            shutil.copy(source / name, RESULTS / name)
    search, encoders = (json.loads((RESULTS / name).read_text()) for name in FILES)
    (RESULTS / "gpu.md").write_text(page(search, encoders))


if __name__ == "__main__":
    main()
