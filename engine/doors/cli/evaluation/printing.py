"""What the command prints of an evaluation. Knows words and columns; not how to compute them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.doors.cli import printing
from engine.doors.cli.printing import note, print_table, say
from engine.errors import StorageFailed
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.shop.evaluation.evaluation import Evaluation

_JUDGED = (
    Column("n", form=","),
    Column("model", least=14, is_kept=True),
    Column("value", is_kept=True),
    Column("95 % interval", least=14),
)
_SHOWN = 3  # failures, and kinds of products that a query found


def print_evaluation(found: Evaluation, worst: int) -> None:
    """All tables of an evaluation; what was left out is a warning on standard error."""
    rows, varied = found.rows(), found.surroundings_rows()
    _print_notes(found, rows)
    for form in found.formats:
        say(
            f"{form.name}: {len(form.products):,} products with a photo in {form.folder}; "
            f"{form.without_photo:,} without"
        )
    say()
    _print_rows(found, rows, ["photos", "figure"])
    if varied:
        say("\nphotos in other surroundings")
        _print_rows(found, varied, ["photos", "surrounding", "figure"])
    if found.speeds:
        say("\nspeed here")
        _print_speeds(found)
    _print_worst(found.worst(worst))


def print_json(found: Evaluation, worst: int) -> None:
    """The same as JSON."""
    whole = found.to_dict(worst)
    _print_notes(found, whole["figures"])
    printing.print_json(whole)


def write_lines(found: Evaluation, file: Path) -> None:
    """What came of every query, as CSV; ids of found products are separated by blanks.

    Raises:
        StorageFailed: the file can't be written.
    """
    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["model", "photos", "figure", "query", "value", "found"])
            for line in found.lines():
                writer.writerow([*list(line.values())[:-1], " ".join(map(str, line["found"]))])
    except OSError as error:
        raise StorageFailed(
            f"{file} can't be written ({error.strerror}): make room, or name another file with --csv."
        ) from error


def _print_notes(found: Evaluation, rows: Sequence[dict[str, Any]]) -> None:
    for text in found.notes:
        note(text)
    for one in found.judgements:
        if one.failed:
            shown = "; ".join(f"{key}: {why}" for key, why in list(one.failed.items())[:_SHOWN])
            say(
                f"warning: {len(one.failed):,} photos of {one.photos} were left out for "
                f"{one.model} ({shown}{' ...' if len(one.failed) > _SHOWN else ''})",
                err=True,
            )
    for row in rows:
        unanswered = row.get("without_answer")
        if unanswered and row["model"] == found.models[0]:
            shown = "; ".join(unanswered[:_SHOWN])
            say(
                f"warning: no product of {row['photos']} is right for {len(unanswered):,} queries of "
                f"{row['title'].partition(',')[0]}, which are left out ({shown}"
                f"{' ...' if len(unanswered) > _SHOWN else ''})",
                err=True,
            )


def _print_rows(found: Evaluation, rows: Sequence[dict[str, Any]], first: list[str]) -> None:
    """A line for each figure and model; the difference stands in the last column."""
    compared = f"more than {found.models[0]}"
    columns = [*[Column(name) for name in first], *_JUDGED]
    if len(found.models) > 1:
        columns.append(Column(compared, least=25, is_kept=True))
    shown = [
        {
            **row,
            "figure": row["title"],
            "value": _number(row["value"]),
            "95 % interval": _interval(row["interval"]),
            compared: ""
            if row["gain"] is None
            else f"{row['gain']:+.3f} "
            f"({row['gain_interval'][0]:+.3f} to {row['gain_interval'][1]:+.3f})",
        }
        for row in rows
    ]
    print_table(shown, columns)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _interval(bounds: list[float] | None) -> str:
    return "" if bounds is None else f"{_number(bounds[0])} to {_number(bounds[1])}"


def _print_speeds(found: Evaluation) -> None:
    rows = [
        {
            "model": name,
            "ready": f"{speed.ready:.2f} s",
            "one text, p50": f"{speed.text * 1e3:.2f} ms",
            "one photo, p50": f"{speed.photo * 1e3:.2f} ms",
            "photos/s": f"{speed.photos:,.0f}",
            "texts/s": f"{speed.texts:,.0f}",
        }
        for name, speed in found.speeds.items()
    ]
    print_table(rows, list(rows[0]))


def _print_worst(worst: Sequence[dict[str, Any]]) -> None:
    """The queries that were answered worst, with the kinds of products that were found."""
    if worst:
        say("\nanswered worst")
    for row in worst:
        counts = Counter(row["found"])
        kinds = ", ".join(
            kind if count == 1 else f"{count} {kind}" for kind, count in counts.most_common(4)
        )
        more = f", {len(counts) - 4} other kinds" if len(counts) > 4 else ""
        say(
            f"{row['value']:.2f}  {row['query']!r} ({row['figure'].partition(':')[2]}, "
            f"{row['photos']}, {row['model']}): {kinds}{more}"
        )
