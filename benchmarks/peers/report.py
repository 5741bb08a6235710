"""How do the figures read? Raw results in, Markdown out; measures nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from adapters import REFERENCE
from cells import NEW
from targets import ROWS, TARGETS, Results, Target, first_and_again
from writes import AFTER

MISSING = "-"
COMPANY = (
    "faiss, hnswlib, usearch and numpy know only vectors. They get rows as Python tuples, filters by "
    "DuckDB that are remembered once seen, and exact answers from the rows' own vectors where a "
    "filter keeps few: under 10% and 20,000 rows (numpy: 25%)."
)
WRITE_KINDS = {"new": "upsert new ms", "existing": "upsert existing ms", "delete": "delete ms"}


def report(head: dict, results: Results) -> str:
    """The whole text. `head`: machine, rows, filters with their rows, cells, number of queries."""
    parts = [
        f"# Peers of vitrine, {head['rows']:,} x 512 float32",
        head["machine"],
        versions(results),
        *queries_part(head, results),
        *others_part(results),
        *writes_part(results),
        *targets_part(head, results),
        "What each row is:",
        "\n".join(f"- `{name}`: {facts['about']}" for name, facts in known(results)),
        COMPANY,
    ]
    return "\n\n".join(parts) + "\n"


def known(results: Results) -> list[tuple[str, dict]]:
    return [(name, facts) for name, facts in results.items() if "about" in facts]


def versions(results: Results) -> str:
    found = {n: v for _, facts in known(results) for n, v in facts["versions"].items()}
    return "Versions: " + ", ".join(f"{name} {v}" for name, v in sorted(found.items())) + "."


def queries_part(head: dict, results: Results) -> list[str]:
    cells = [name for name in head["cells"] if name != NEW]
    filters = "; ".join(
        f"{name} {rows:,} rows ({rows / head['rows']:.3%}) `{text}`"
        for name, (text, rows) in head["filters"].items()
    )
    rows = []
    for name, facts in known(results):
        done = facts.get("cells", {})
        texts = [cell_text(done.get(cell), head["queries"]) for cell in cells]
        batch = facts.get("batch", {})
        rows.append([name, *texts, *new_texts(done), batch_text(batch), failed(facts)])
    columns = ["who", *cells, "new filter, first", "first - again", "batch q/s", ""]
    return [
        f"Filters: {filters}.",
        "One query, top 20 with 12 columns as Python dicts; p50 ms (p99; n= where fewer than "
        f"{head['queries']} queries were asked). Filters F1 to F4 were seen before; of a new "
        "filter: p50 of its first query, and how much more that takes than the same filter asked "
        "again. r = recall@10 where below 0.995. Contestants took turns, each in its own process.",
        table(columns, rows),
    ]


def cell_text(cell: dict | None, wanted: int) -> str:
    if not cell:
        return MISSING
    ms = cell["ms"]
    few = f"; n={len(ms)}" if len(ms) < wanted else ""
    return f"{np.median(ms):.2f} ({np.percentile(ms, 99):.2f}{few}){recall(cell)}"


def new_texts(cells: dict) -> tuple[str, str]:
    if NEW not in cells:
        return MISSING, MISSING
    first, again = first_and_again(cells[NEW])
    if not len(first):
        return MISSING, MISSING
    return f"{np.median(first):.2f}{recall(cells[NEW])}", f"{np.median(first - again):+.2f}"


def batch_text(batch: dict) -> str:
    return f"{np.median(batch['qps']):,.0f}{recall(batch)}" if batch.get("qps") else MISSING


def recall(facts: dict) -> str:
    return f" r{facts['recall']:.3f}" if facts.get("recall", 1) < 0.995 else ""


def failed(facts: dict) -> str:
    return "failed" if "failed" in facts else ""


def others_part(results: Results) -> list[str]:
    rows = []
    for name, facts in known(results):
        if name == REFERENCE:
            continue
        memory = facts.get("memory", {})
        rows.append(
            [
                name,
                number(facts.get("build_s"), "{:.1f}"),
                number(facts.get("disk_mb"), "{:,.0f}"),
                number(median(facts.get("start_s")), "{:.2f}"),
                memory_text(memory.get("after cells")),
                memory_text(memory.get("after batches")),
            ]
        )
    columns = ["who", "build s", "disk MB", "fresh process to first answer s"]
    columns += ["memory after cells", "memory after batches"]
    return [
        "First answer: from starting Python, imports included, median of 5, files in the page "
        "cache. Memory: growth above the imports over the raw vectors' bytes (own + mapped files).",
        table(columns, rows),
    ]


def memory_text(grown: dict | None) -> str:
    if grown is None:
        return MISSING
    total = grown["anon"] + grown["file"]
    return f"{total:.2f} ({grown['anon']:.2f} + {grown['file']:.2f})"


def writes_part(results: Results) -> list[str]:
    rows = []
    for name, facts in known(results):
        writes = facts.get("writes")
        if not writes:
            continue
        after = facts.get("cells", {}).get(AFTER)
        texts = [write_text(writes.get(kind)) for kind in WRITE_KINDS]
        rows.append([name, *texts, number(median(after and after["ms"]), "{:.2f}")])
    if not rows:
        return []
    columns = ["who", *WRITE_KINDS.values(), "p50 none after writes ms"]
    return [
        "One row a write, durable in the library's own terms when the call returns; median of 50 "
        "(share of writes that a query then sees, where not all).",
        table(columns, rows),
    ]


def write_text(write: dict | None) -> str:
    if write is None:
        return MISSING
    seen = write.get("seen", 1.0)
    return f"{np.median(write['ms']):.2f}" + (f" (seen {seen:.0%})" if seen < 1 else "")


def targets_part(head: dict, results: Results) -> list[str]:
    rows = [
        [target.what, *measured_text(target, results)]
        for target in TARGETS
        if value_of(target, results) is not None
    ]
    if not rows:
        return []
    stated = "" if head["rows"] == ROWS else f" (they are stated for {ROWS:,} rows)"
    return [
        f"Targets of vitrine{stated}:",
        table(["what", "measured", "target", "met"], rows),
    ]


def value_of(target: Target, results: Results) -> float | None:
    """The target's figure; None where a part of it was not measured."""
    try:
        return target.figure(results)
    except KeyError:
        return None


def measured_text(target: Target, results: Results) -> tuple[str, str, str]:
    value = value_of(target, results)
    digits = "{:,.0f}" if target.limit >= 100 else "{:.3f}"
    bound = "at least" if target.at_least else "at most"
    limit = f"{bound} {target.limit:g} {target.unit}".strip()
    text = f"{digits.format(value)} {target.unit}".strip()
    return text, limit, "yes" if target.met(value) else "**no**"


def median(values: Sequence[float] | None) -> float | None:
    return float(np.median(values)) if values else None


def number(value: float | None, form: str) -> str:
    return MISSING if value is None else form.format(value)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
