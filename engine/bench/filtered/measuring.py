"""Each kind of filter: the cheapest setting that reaches the recall, then cold and cached queries."""

from __future__ import annotations

import numpy as np

from engine.bench.contest.contest import Answers, Contest
from engine.bench.contest.filters import text
from engine.bench.contest.truth import mask
from engine.bench.contest.tuning import Tuned, described, next_dearer, reached, tuned
from engine.bench.filtered.filters import FilterMaker, Kind, Questions
from engine.bench.filtered.request import FilteredRequest
from engine.bench.records.floors import Floors
from engine.bench.records.line import LeftOut, Line, Record, Setting, many, one

CASE = "filtered"
FILTERS = "the filters"  # no contestant: what they are
COLD, CACHED = "cold", "cached"


def measure(request: FilteredRequest, floors: Floors, record: Record) -> None:
    """Fill the stores, then ask one kind of filter after the other; lines are recorded at once."""
    contest = Contest(
        CASE,
        request.data.catalogue,
        request.stores,
        record,
        budget_s=request.budget_s,
        reuse=request.reuse,
    )
    run = _Run(request, contest, floors, record)
    try:
        contest.build(request.entrants)
        contest.open()
        run.without_filters()
        for kind in request.kinds:
            run.kind(kind)
    finally:
        contest.close()


class _Run:
    """One run of the case: the request, the contest, and where lines go."""

    def __init__(
        self, request: FilteredRequest, contest: Contest, floors: Floors, record: Record
    ) -> None:
        self._request, self._contest, self._record = request, contest, record
        self._floors, self._maker = floors, FilterMaker(request.data, request.seed)

    def without_filters(self) -> None:
        """Who has no filters is not asked, and told."""
        for name, worker in list(self._contest.workers.items()):
            if not worker.facts.takes_filters:
                self._record(LeftOut(CASE, name, "it has no filters"))
                self._contest.dismiss(name)

    def kind(self, kind: Kind) -> None:
        """One kind of filter, everyone in turns; new filters for those who are measured again."""
        questions = self._maker.questions(kind, self._request.k)
        self._passing(kind, questions)
        chosen = self._chosen(questions)
        while chosen:
            with self._contest.only(chosen):
                cold = self._contest.answer(questions.cold)
                cached = self._contest.answer(questions.cached)
            answers = {
                name: {COLD: found, CACHED: seen_before(found, cached[name])}
                for name, found in cold.items()
                if name in cached and name in chosen
            }
            chosen = self._told(kind, chosen, answers)
            if chosen:
                questions = self._maker.questions(kind, self._request.k)

    def _told(
        self, kind: Kind, chosen: dict[str, Tuned], answers: dict[str, dict[str, Answers]]
    ) -> dict[str, Tuned]:
        """Tell what was measured; who falls short at a setting that seemed enough gets the next one."""
        again: dict[str, Tuned] = {}
        for name, found in answers.items():
            setting = chosen[name]
            recall = np.concatenate([one.recall for one in found.values()])
            enough = setting.reached and reached(recall, self._request.recall)
            dearer = next_dearer(self._contest.facts[name].settings, setting.setting)
            if enough or dearer is None:
                self._tell(name, kind, found, setting, enough)
            else:
                self._contest.tune(name, dearer)
                again[name] = Tuned(dearer, float(recall.mean()), True)
        return again

    def _chosen(self, questions: Questions) -> dict[str, Tuned]:
        """Everyone's setting; who has only one is judged by what it answers."""
        settings = {name: one.facts.settings for name, one in self._contest.workers.items()}
        with self._contest.only({name for name, found in settings.items() if len(found) > 1}):
            chosen = tuned(self._contest, questions.tuning, self._request.recall)
        only = {
            name: Tuned(found[0], 1.0, True) for name, found in settings.items() if len(found) == 1
        }
        return {**chosen, **only}

    def _settings(self, kind: Kind) -> dict[str, Setting]:
        data = self._request.data
        return {
            "rows": data.rows,
            "dimension": data.catalogue.schema.dimension,
            "k": self._request.k,
            "columns": len(data.catalogue.schema.names),
            "selectivity": kind.selectivity,
            "correlation": kind.correlation,
            "kept": kind.kept(data.rows),
        }

    def _passing(self, kind: Kind, questions: Questions) -> None:
        """Of the rows nearest to a query without a filter, the share that its filter keeps."""
        data, asked = self._request.data, questions.cold
        shares = [
            mask(data.catalogue, filters or {})[data.nearest[number]].mean()
            for number, filters in zip(asked.queries, asked.filters)
        ]
        what = f"nearest {data.nearest.shape[1]} that pass"
        settings = self._settings(kind)
        self._record(Line(CASE, FILTERS, what, "share", many(shares), settings, "neither"))

    def _tell(
        self, name: str, kind: Kind, answers: dict[str, Answers], setting: Tuned, reaches: bool
    ) -> None:
        recall = np.concatenate([found.recall for found in answers.values()])
        facts = self._contest.facts[name]
        more = {
            "setting": described(setting.setting),
            "reaches": reaches,
            "recall": float(recall.mean()),
            "about": facts.about,
            "versions": facts.versions,
        }
        settings = self._settings(kind)
        floor = self._floors.reading(
            kind.kept(self._request.data.rows), self._request.data.catalogue.schema.dimension
        )
        for cache, found in answers.items():
            where = {**settings, "cache": cache}
            self._record(
                Line(CASE, name, "latency", "ms", many(found.ms), where, "lower", floor, more)
            )
            values = many(found.recall.tolist())
            self._record(Line(CASE, name, "recall", "share", values, where, "higher", more=more))
        self._record(
            Line(CASE, name, "reaches", "yes", one(reaches), settings, "higher", more=more)
        )


def seen_before(cold: Answers, again: Answers) -> Answers:
    """Those of the second answers whose filters were answered before: time may have been up."""
    seen = {text(one) for one in cold.filters}
    kept = [place for place, one in enumerate(again.filters) if text(one) in seen]
    return Answers(
        [again.ms[place] for place in kept],
        [again.asked[place] for place in kept],
        [again.filters[place] for place in kept],
        [again.keys[place] for place in kept],
        again.recall[kept],
    )
