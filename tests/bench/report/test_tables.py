"""Figures of lines, and tables of figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.journals import every_case, read, written

from engine.bench.records.line import LeftOut, Line, many, one
from engine.bench.report.figures import figure, latest
from engine.bench.report.numbers import setting, shown
from engine.bench.report.plots.labels import spread
from engine.bench.report.sections import Section, sections
from engine.bench.report.shapes.choosing import MOST, shapes
from engine.bench.report.shapes.shape import Bars, Curves, Shares
from engine.bench.report.tables import tables


def section(case: str, folder: Path) -> Section:
    return next(o for o in sections(read(every_case(folder / "raw.jsonl"))) if o.case == case)


def test_numbers_have_three_digits() -> None:
    given = {0.01234: "0.0123", 1.2351: "1.24", 12.36: "12.4", 123.5: "124", 44446: "44,446", 0: "0",
             -1.5: "-1.50", 0.9996: "1.00"}  # fmt: skip
    assert {value: shown(value) for value in given} == given
    assert [setting(v) for v in (44446, 10, True, None, 0.5, "x")] == [
        "44,446",
        "10",
        "yes",
        "none",
        "0.5",
        "x",
    ]


def test_the_middle_is_the_median_and_of_shares_the_mean() -> None:
    times = figure(Line("a", "b", "latency", "ms", (1.0, 2.0, 9.0)))
    shares = figure(Line("a", "b", "recall", "share", (0.0, 1.0, 1.0, 1.0), better="higher"))
    assert (times.middle, times.statistic, shares.middle, shares.statistic) == (
        2,
        "median",
        0.75,
        "mean",
    )
    assert times.interval is None and times.p95 is None
    said = Line("a", "b", "r", "ms", (1.0, 2.0, 9.0), more={"statistic": "mean"})
    assert figure(said).middle == 4


def test_intervals_and_tails_need_values_enough() -> None:
    found = figure(Line("a", "b", "latency", "ms", many(range(1, 101))))
    assert found.interval is not None and found.interval[0] < 50.5 < found.interval[1]
    assert (found.p95, found.p99) == (pytest.approx(95.05), pytest.approx(99.01))
    assert figure(Line("a", "b", "size", "MB", many(range(1, 101)))).p95 is None
    kept = Line("a", "b", "latency", "ms", (1.0,), more={"p99": 7.5, "interval": [0.5, 2]})
    assert figure(kept).p99 == 7.5 and figure(kept).interval == (0.5, 2.0)


def test_of_a_line_measured_again_the_last_counts(tmp_path: Path) -> None:
    file = written(
        tmp_path / "raw.jsonl", [Line("a", "b", "t", "s", one(1)), Line("a", "c", "t", "s", one(5))]
    )
    written(file, [Line("a", "b", "t", "s", one(2))])
    assert [(line.contestant, line.median) for line, _ in latest(read(file))] == [
        ("b", 2),
        ("c", 5),
    ]


def test_a_contestants_own_settings_split_no_table(tmp_path: Path) -> None:
    """`ef` is the peers' alone: ours stands beside them."""
    first, second, build = section("ann", tmp_path).tables
    assert [dict(one.common) for one in (first, second, build)] == [
        {"rows": 44_446, "k": 1},
        {"rows": 44_446, "k": 10},
        {"rows": 44_446},
    ]
    assert [column.what for column in first.columns] == ["recall@1", "latency", "throughput"]
    rows = [(row.contestant, row.own) for row in first.rows]
    assert ("vitrine", "") in rows and ("hnswlib", "ef 64") in rows and len(rows) == 5
    best = {column.what: [row.contestant for row in first.rows if row.best[place]]
            for place, column in enumerate(first.columns)}  # fmt: skip
    assert best["latency"] == ["hnswlib"] and "vitrine" in best["recall@1"]


def test_losing_and_left_out_ones_are_there(tmp_path: Path) -> None:
    found = section("engines", tmp_path)
    assert [row.contestant for row in found.tables[0].rows] == ["DuckDB", "vitrine"]
    assert found.left_out == (LeftOut("engines", "milvus-lite", "its server ended with status 1"),)
    assert [run.command for run in found.runs] == ["vitrine bench engines"]


def test_a_case_of_which_all_was_left_out_is_shown(tmp_path: Path) -> None:
    file = written(tmp_path / "raw.jsonl", [LeftOut("gpu", "all", "no device")])
    assert [one.case for one in sections(read(file))] == ["gpu"]


def test_ann_has_recall_against_speed_and_only_what_none_beats_is_joined(tmp_path: Path) -> None:
    found, _ = shapes(section("ann", tmp_path).figures)
    assert [one.title for one in found] == [
        f"recall@{k} and {speed}: k = {k}" for k in (1, 10) for speed in ("latency", "throughput")
    ]
    latency = found[0]
    assert isinstance(latency, Curves)
    ours = latency.series[0]
    assert (ours.name, len(ours.points)) == ("vitrine", 1) and "down is better" in latency.y.label
    for one_ in latency.series:
        speeds = [one_.points[at][1] for at in one_.line]
        assert speeds == sorted(speeds)


def test_a_dominated_setting_is_a_point_and_on_no_line() -> None:
    lines = []
    for ef, recall, ms in ((1, 0.8, 1.0), (2, 0.9, 3.0), (3, 0.95, 2.0)):
        settings = {"k": 10, "setting": f"ef={ef}"}
        lines += [
            Line("ann", "x", "recall@10", "share", one(recall), settings, "higher"),
            Line("ann", "x", "latency", "ms", one(ms), settings),
        ]
    ((plot,), _) = shapes([figure(line) for line in lines])
    assert isinstance(plot, Curves)
    (series,) = plot.series
    assert [series.points[at] for at in series.line] == [(0.8, 1.0), (0.95, 2.0)]


def test_each_kind_of_case_has_its_plots(tmp_path: Path) -> None:
    kinds = {case: {type(o) for o in shapes(section(case, tmp_path).figures)[0]}
             for case in ("serving", "retrieval", "embedding", "engines")}  # fmt: skip
    assert kinds == {
        "serving": {Curves},
        "retrieval": {Bars},
        "embedding": {Shares},
        "engines": {Bars},
    }
    curves = shapes(section("serving", tmp_path).figures)[0][0]
    assert isinstance(curves, Curves)
    assert [o.name for o in curves.series] == ["vitrine, 1 worker", "vitrine, 4 workers", "chroma"]


def test_filters_are_curves_over_what_they_keep_and_weights_of_words_over_themselves() -> None:
    lines = []
    for share in (0.01, 0.5):
        for who in ("ours", "theirs"):
            settings = {"selectivity": share, "kept": int(share * 1000), "cache": "cold"}
            lines += [
                Line("filtered", who, "latency", "ms", one(share), settings),
                Line("filtered", who, "recall", "share", one(1), settings, "higher"),
            ]
    found, _ = shapes([figure(line) for line in lines])
    assert found[0].title == "latency by share of rows that the filter keeps"
    assert [o.title for o in found[1:]] == [
        f"recall and latency: selectivity = {share:g}, kept = {share * 1000:g}"
        for share in (0.01, 0.5)
    ]
    weighed = [
        Line("r", "m", "nDCG@10", "share", one(0.5), {"text_weight": weight} | more, "higher")
        for weight in (0, 0.5, 1)
        for more in ({}, {"group": "colour"})
    ]
    ((curve,), _) = shapes([figure(line) for line in weighed])
    assert isinstance(curve, Curves) and len(curve.series[0].points) == 3


def test_a_setting_that_hardly_anyone_has_is_its_contestants_own() -> None:
    lines = [Line("a", who, "t", "s", one(1), {"k": 1}) for who in "bcd"]
    lines.append(Line("a", "e", "t", "s", one(1), {"k": 1, "workers": 4}))
    lines.append(Line("a", "f", "t", "s", one(1), {"k": 1, "setting": "ef=64"}))
    (table,) = tables([figure(line) for line in lines])
    told = {row.contestant: row.own for row in table.rows}
    assert told == {"b": "", "c": "", "d": "", "e": "workers 4", "f": "ef=64"}
    assert table.common == (("k", 1),)


def test_too_many_plots_are_counted() -> None:
    figures = [
        figure(Line("a", who, f"q{n}", "s", one(1))) for n in range(MOST + 3) for who in "ab"
    ]
    found, more = shapes(figures)
    assert (len(found), more) == (MOST, 3)


def test_names_stand_apart_and_as_near_as_can_be() -> None:
    assert spread([0.5, 0.9], 0.1, 0, 1) == [0.5, 0.9]
    assert spread([0.5, 0.5, 0.5], 0.1, 0, 1) == pytest.approx([0.5, 0.6, 0.7])
    assert spread([1.0, 1.0], 0.1, 0, 1) == pytest.approx([0.9, 1.0])
    assert spread([0.3] * 21, 0.1, 0, 1) == pytest.approx([n / 20 for n in range(21)])
    assert spread([], 0.1, 0, 1) == [] and spread([7], 0.1, 0, 1) == [1]
