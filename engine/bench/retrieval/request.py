"""What a comparison is asked for, and what is prepared before a picture is encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.bench.collections.opening import kinds, open_collection
from engine.bench.collections.part import Part
from engine.bench.retrieval.encoding import CollectionEncoder, KnownVectors
from engine.bench.retrieval.goods.asked import GoodsAsked
from engine.bench.retrieval.goods.workspace import own_encoder
from engine.bench.retrieval.measures import DEFAULTS, MOST, Measure, check_library
from engine.bench.retrieval.run import RetrievalRun, task_of_qrels
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.tasks.asked import Asked
from engine.bench.retrieval.tasks.catalogue import TASKS, tasks_of_collection, tasks_of_goods
from engine.bench.retrieval.trec import read_run
from engine.core.ranking.fusion import check_text_weight
from engine.core.schema import suggestion
from engine.encode.cache.embeddings import EmbeddingCache
from engine.errors import InvalidInputException, InvalidParameterValue
from engine.workspace import Workspace


@dataclass(frozen=True)
class RetrievalRequest:
    """Compare encoders and others' runs over a catalogue or a collection.

    Attributes:
        encoders: names as `load_encoder` takes them; none for the catalogue's own.
        goods: which catalogue. collection: a standard set instead, `[KIND:]PATH`. part: of it.
        tasks: names of those over a catalogue; none for all.
        weights, queries: see `Asked`; no weights for the usual ones, None for all queries.
        runs: TREC files by name. qrels: judgements that runs are scored by, and nothing else is.
        depth: documents kept of each query. folder: where runs and judgements are written.
    """

    encoders: Sequence[str] = ()
    goods: GoodsAsked = field(default_factory=GoodsAsked)
    collection: str | None = None
    part: Part = field(default_factory=Part)
    tasks: Sequence[str] = ()
    measures: Sequence[Measure] = DEFAULTS
    weights: Sequence[float] = ()
    queries: int | None = Asked.queries
    runs: Mapping[str, Path] = field(default_factory=dict)
    qrels: Path | None = None
    depth: int = MOST
    folder: Path | None = None
    seed: int = 0

    def prepared(
        self, workspace: Workspace, has_catalogue: bool, cache: EmbeddingCache
    ) -> RetrievalRun:
        """Everything read and checked, nothing encoded.

        Args:
            workspace: whose models are asked. has_catalogue: it was named for its products.
            cache: of vectors by content.

        Raises:
            MissingExtra: ir-measures, or what a model needs, is not installed.
            ModelUnavailable: a model can't be loaded here.
            BadSourceFile, NotFound: a file that isn't there, or can't be read as asked.
            InvalidInputException, InvalidParameterValue: what is asked for can't be.
        """
        check_library()
        self._check_what_is_asked()
        runs = {name: read_run(file) for name, file in self.runs.items()}
        if self.qrels is not None:
            tasks, encoders = [self._judged_alone(self.qrels)], []
        else:
            tasks, known = self._tasks(workspace if has_catalogue else None)
            encoders = [
                CollectionEncoder(name, workspace.encoder(name), cache, known)
                for name in self._names(workspace, has_catalogue)
            ]
        for each in encoders:
            _ = each.encoder.fingerprint  # weights that aren't here are found missing by it
        run = RetrievalRun(tasks, encoders, runs, self.measures, self.depth, self.folder, self.seed)
        run.check()
        run.said.extend(one.encoder.note for one in encoders if one.encoder.note)
        return run

    def _check_what_is_asked(self) -> None:
        """What says which part of a set, or of a catalogue, is refused where neither is asked."""
        if self.collection is None and self.part != Part():
            raise InvalidInputException(
                "split, direction, fold and category are of a collection; name one, or leave them out."
            )
        if (self.collection is not None or self.qrels is not None) and self.goods != GoodsAsked():
            raise InvalidInputException(
                "tables, photos, columns, queries and limits are of a catalogue, and none is asked: "
                f"{'a collection' if self.qrels is None else 'qrels'} brings all there is."
            )

    def _names(self, workspace: Workspace, has_catalogue: bool) -> list[str]:
        if self.encoders:
            return list(self.encoders)
        return [own_encoder(workspace) if has_catalogue else workspace.settings.encoder]

    def _judged_alone(self, qrels: Path) -> Task:
        if self.encoders or self.collection is not None:
            raise InvalidInputException(
                "qrels judge runs alone: of what an encoder would search, the file holds only names. "
                "To score it beside them, write the encoder's run with --runs DIR and give it as --run."
            )
        if not self.runs:
            raise InvalidInputException("qrels are given and no run; name one: --run FILE.")
        return task_of_qrels(qrels)

    def _tasks(self, workspace: Workspace | None) -> tuple[list[Task], KnownVectors | None]:
        weights = tuple(check_text_weight(one) for one in self.weights) or Asked.weights
        asked = Asked(weights, self.queries, {})
        if self.collection is not None:
            if self.tasks:
                raise InvalidInputException("a collection is one task; tasks are of catalogues.")
            kind, path = kind_and_path(self.collection)
            return tasks_of_collection(open_collection(path, kind, self.part), asked), None
        for name in self.tasks:
            if name not in TASKS:
                raise InvalidParameterValue(
                    f"task {name!r} is unknown.{suggestion(name, list(TASKS))} There are: "
                    f"{', '.join(TASKS)}."
                )
        goods = self.goods.goods(workspace)
        asked = Asked(weights, self.queries, self.goods.query_sets())
        return tasks_of_goods(
            goods, list(dict.fromkeys(self.tasks)) or list(TASKS), asked
        ), goods.known


def kind_and_path(text: str) -> tuple[str | None, Path]:
    """`KIND:PATH` as its parts; a text that begins with no known kind is a path."""
    kind, colon, path = text.partition(":")
    if colon and kind in kinds():
        return kind, Path(path).expanduser()
    return None, Path(text).expanduser()
