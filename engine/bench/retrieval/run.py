"""Retrieval, step by step: tasks, contestants, runs, figures. Knows the order; not the rules."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.bench.collections.collection import Collection, Query
from engine.bench.records.line import LeftOut, Record
from engine.bench.retrieval.answers import Answer, encoded, from_file, unjudged
from engine.bench.retrieval.encoding import CollectionEncoder
from engine.bench.retrieval.measures import DEFAULTS, MOST, Measure, check_library
from engine.bench.retrieval.results import CASE, TaskResult, result_of, settings_of
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.trec import RunFile, read_qrels, token, write_qrels, write_run
from engine.errors import BadSourceFile, InvalidInputException, InvalidParameterValue
from engine.shop.embedding.vectors import Progress


@dataclass(frozen=True)
class RetrievalRun:
    """Contestants over tasks.

    Attributes:
        encoders: each is made when its turn comes, by name. runs: others' systems, by name.
        depth: how many documents of each query are kept, and written.
        folder: where runs and judgements are written as TREC's files; None for nowhere.
        said: what must be known before a figure is read, as sentences.
    """

    tasks: Sequence[Task]
    encoders: Sequence[CollectionEncoder] = ()
    runs: Mapping[str, RunFile] = field(default_factory=dict)
    measures: Sequence[Measure] = DEFAULTS
    depth: int = MOST
    folder: Path | None = None
    seed: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def _deepest(self) -> int:
        return max(one.cutoff for one in self.measures)

    def check(self) -> None:
        """Refuse what no ranking can make right; notes in `said` what is left aside.

        Raises:
            MissingExtra: ir-measures is not installed.
            InvalidInputException: nobody to score, or two of one name.
            InvalidParameterValue: a depth less than a measure needs.
            BadSourceFile: a run that answers no query of any task.
            OSError: the folder can't be written.
        """
        check_library()
        names = [*(one.name for one in self.encoders), *self.runs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if not names or twice is not None:
            raise InvalidInputException(
                f"{twice!r} is given twice; name a run by NAME=FILE."
                if names
                else "nobody to score: name an encoder, or a run."
            )
        if not self._deepest <= self.depth <= MOST:
            raise InvalidParameterValue(
                f"depth is {self.depth}; expected from {self._deepest}, the deepest cut-off, to {MOST}."
            )
        if self.folder is not None:
            self._check_files(self.folder, names)
        for task in self.tasks:
            self._note_without_right(task)
        for name, file in self.runs.items():
            self._check_queries(name, file)

    def _check_files(self, folder: Path, names: Sequence[str]) -> None:
        """Each contestant's run has a file of its own, in a folder that can be written."""
        called = [file_name(name).casefold() for name in names]
        for name, file in zip(names, called):
            if called.count(file) > 1:
                raise InvalidInputException(
                    f"{name!r} and another would be written to one file; name a run by NAME=FILE."
                )
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass

    def _note_without_right(self, task: Task) -> None:
        """trec_eval counts a query that nothing is right for as 0; here it isn't counted."""
        lacking = len({one.id for one in task.collection.queries}) - len(task.queries)
        if task.queries and lacking and not task.collection.documents:
            self.said.append(
                f"{task.title}: {lacking:,} judged queries have nothing right and don't count; "
                "trec_eval counts 0 for each"
            )

    def _check_queries(self, name: str, file: RunFile) -> None:
        strange = list(unjudged(file, self.tasks))
        if not strange:
            return
        (query, line), count = strange[0], len(strange)
        if count == len(file.scores):
            like = next((token(one) for task in self.tasks for one in task.queries), "none at all")
            raise BadSourceFile(
                f"query {query!r:.80} is not asked here, nor is any other of this file. Queries are "
                f"called as {like!r}; --runs DIR writes all of them.",
                file=str(file.file),
                line=line,
                value=query,
            )
        self.said.append(
            f"{name}: {count:,} of its queries are not judged and don't count, as for trec_eval; the "
            f"first is {query!r} ({file.file}, line {line})"
        )

    def results(self, record: Record, progress: Progress) -> Iterator[TaskResult]:
        """Each task's result as soon as all contestants have answered it.

        A task without a query that could be answered, and an encoder that can't take part, are left
        out with the reason.
        """
        for task in self.tasks:
            if not task.queries:
                why = "nothing is right for any of its queries here"
                record(LeftOut(CASE, "all", why, settings_of(task)))
                continue
            answers = list(self._answers(task, record, progress))
            if self.folder is not None:
                self._write(task, answers)
            if answers:
                result = result_of(task, answers, self.measures, self.seed)
                for line in result.lines():
                    record(line)
                yield result

    def _answers(self, task: Task, record: Record, progress: Progress) -> Iterator[Answer]:
        depth = self._deepest if self.folder is None else self.depth  # no more than is looked at
        for encoder in self.encoders:
            try:
                yield encoded(encoder, task, depth, progress)
            except InvalidParameterValue as error:
                record(LeftOut(CASE, encoder.name, error.message, settings_of(task)))
        for name, file in self.runs.items():
            answer = from_file(name, file, task)
            if answer is not None:
                yield answer

    def _write(self, task: Task, answers: Sequence[Answer]) -> None:
        assert self.folder is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        write_qrels(self.folder / f"{file_name(task.slug)}.qrels", task.right)
        for answer in answers:
            name = f"{file_name(task.slug)}.{file_name(answer.contestant)}.run"
            write_run(self.folder / name, sorted(answer.run.items()), answer.contestant)


def task_of_qrels(file: Path) -> Task:
    """Judgements alone, for runs of systems that are not here.

    Raises:
        BadSourceFile: as `read_qrels`; nothing is right for any query.
    """
    grades = read_qrels(file)
    queries = [Query(one) for one in grades]
    task = Task(file.name.partition(".")[0], Collection(file.name, (), queries, grades))
    if not task.queries:
        raise BadSourceFile("no document has a grade above 0", file=str(file))
    return task


def file_name(text: str) -> str:
    """A text as part of a file's name."""
    return "".join(one if one.isalnum() or one in "._-" else "_" for one in text)
