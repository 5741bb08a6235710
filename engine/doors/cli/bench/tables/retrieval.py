"""The tables of `vitrine bench retrieval`: figures, groups, and who differs from whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from engine.bench.retrieval.task import groups_of
from engine.doors.cli.printing import note, print_table, say
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.bench.retrieval.measures import Measure
    from engine.bench.retrieval.results import Difference, Scores, TaskResult

_GROUPS = 12  # rows of a table of groups at most; raw lines have them all


def print_result(result: TaskResult) -> None:
    """Figures of one task: a row for each contestant, then its groups, then every pair."""
    task = result.task
    documents = len(task.collection.documents)
    among = f" over {documents:,} documents" if documents else ""
    say(f"\n{task.title}, {task.collection.name}: {len(task.queries):,} queries{among}")
    for what, value in task.collection.more.items():
        say(f"{what}: {value}")
    print_table([_figures(result, one) for one in result.scores], _figure_columns(result))
    _print_groups(result)
    if result.differences:
        _print_differences(result)
    for scores in result.scores:
        for text in scores.answer.notes:
            note(f"{task.title}: {scores.contestant}: {text}")


def print_overview(results: Sequence[TaskResult]) -> None:
    """The leading measure of every task, a column for each contestant; nothing for a single task."""
    if len(results) < 2:
        return
    rows = []
    for result in results:
        row = {"task": result.task.title, "measure": str(result.measures[0])}
        for one in result.scores:
            row[one.contestant] = f"{one.values[result.measures[0]].mean():.3f}"
        rows.append(row)
    names = dict.fromkeys(one.contestant for result in results for one in result.scores)
    say("\nall tasks")
    columns = [Column("task", is_kept=True), Column("measure"), *map(Column, names)]
    print_table([{**dict.fromkeys(names, ""), **row} for row in rows], columns)
    limits = {result.task.collection.limits for result in results} - {""}
    for text in sorted(limits):
        note(text)


def _figure_columns(result: TaskResult) -> list[Column]:
    first, *others = result.measures
    return [
        Column("contestant", least=12, is_kept=True),
        Column(str(first), is_kept=True),
        Column("95 % interval", is_kept=True),
        *(Column(str(one)) for one in others),
    ]


def _figures(result: TaskResult, scores: Scores) -> dict[str, Any]:
    row: dict[str, Any] = {"contestant": scores.contestant}
    for place, measure in enumerate(result.measures):
        row[str(measure)] = f"{scores.values[measure].mean():.3f}"
        if place == 0:
            low, high = scores.intervals[measure]
            row["95 % interval"] = f"{low:.3f} to {high:.3f}"
    return row


def _print_groups(result: TaskResult) -> None:
    """The first measure's mean in each group of queries, the largest groups first."""
    groups = groups_of(list(result.task.queries.values()))
    if len(groups) < 2:
        return
    names = [one.contestant for one in result.scores]
    first = result.measures[0]
    largest = sorted(groups, key=lambda group: (-len(groups[group]), group))
    rows = []
    for group in largest[:_GROUPS]:
        row = {f"{first} by group": group, "n": f"{len(groups[group]):,}"}
        for one in result.scores:
            row[one.contestant] = f"{one.values[first][groups[group]].mean():.3f}"
        rows.append(row)
    print_table(rows, [Column(f"{first} by group", is_kept=True), Column("n"), *map(Column, names)])
    if len(largest) > _GROUPS:
        note(f"{len(largest) - _GROUPS:,} smaller groups are in the raw lines only")


def _print_differences(result: TaskResult) -> None:
    """Every pair by the first measure, with the measures by which the verdict is another one."""
    first, *others = result.measures
    by_pair = _by_pair(result)
    rows = []
    for found in by_pair:
        one = found[first]
        row: dict[str, Any] = {
            "pair": f"{one.first} - {one.second}",
            str(first): f"{one.mean:+.3f}",
            "95 % interval": f"{one.interval[0]:+.3f} to {one.interval[1]:+.3f}",
            "p": f"{one.p:.4f}",
            "verdict": one.verdict,
        }
        strange = [str(each) for each in others if found[each].verdict != one.verdict]
        row["verdict differs by"] = ", ".join(strange)
        rows.append(row)
    columns = [
        Column("pair", least=16, is_kept=True),
        Column(str(first), is_kept=True),
        Column("95 % interval"),
        Column("p"),
        Column("verdict", least=26, is_kept=True),
    ]
    if any(row["verdict differs by"] for row in rows):
        columns.append(Column("verdict differs by"))
    print_table(rows, columns)


def _by_pair(result: TaskResult) -> Iterator[dict[Measure, Difference]]:
    found: dict[tuple[str, str], dict[Measure, Difference]] = {}
    for one in result.differences:
        found.setdefault((one.first, one.second), {})[one.measure] = one
    yield from found.values()
