"""A training from a request to the model's files: the order of its steps.

What takes long lies in the directory's `training`, and is found there by the next sitting: decoded
photos, features of texts, a checkpoint of each stage.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from engine.shop.training.material import corpus_of, material_of, read_given
from engine.shop.training.onnx_form.folder import Trained, write_model
from engine.shop.training.process import torch_set
from engine.shop.training.products.photos import decoded_photos
from engine.shop.training.progress.curve import draw_curve
from engine.shop.training.progress.held_out import HeldOut
from engine.shop.training.progress.log import Log
from engine.shop.training.report import TrainReport
from engine.shop.training.request import TrainRequest
from engine.shop.training.sitting import take_up
from engine.shop.training.stages.stages import Prepared, Stages
from engine.shop.training.towers.features import kept_features
from engine.shop.training.towers.pieces import Pieces
from engine.shop.training.towers.start import read_start

Bar = Callable[..., Any]  # makes a bar of progress: total, unit, desc


class TrainingRun:
    """One training: everything that can be refused is, before a photo is decoded."""

    def __init__(self, request: TrainRequest) -> None:
        """Read the table, words, queries and the model to start from, and find the photos.

        Raises:
            BadSourceFile, ModelUnavailable, CorruptFile: a file or a model that can't be read as asked.
            InvalidInputException, InvalidParameterValue: see `TrainRequest`.
            InvalidState: the directory holds another training.
        """
        request.check()
        self._request = request
        self._given = read_given(request)
        with torch_set(request.threads, request.seed):
            self._start = read_start(request)
        take_up(request, self._given.files)

    def run(self, bar: Bar) -> TrainReport:
        """Train, or go on, and write the model."""
        with torch_set(self._request.threads, self._request.seed) as threads:
            prepared = self._prepared(bar, threads)
            log = Log(self._request.work / "log.jsonl")
            stages = Stages(self._request, self._start, prepared, log)
            photo_model, photo_place = stages.photos(_advancing(bar, "photos"))
            text_model, text_place = stages.texts(photo_model, _advancing(bar, "texts"))
            scales = {name: float(text_model.scales(name)) for name in text_model.scales.logs}
            facts = write_model(
                Trained(
                    self._request.name or self._request.folder.resolve().name,
                    photo_model.image,
                    self._start.backbone,
                    self._start.size,
                    text_model.trunk,
                    text_model.head,
                    self._start.tokenizer,
                    {"image": photo_place, "text": text_place},
                    scales,
                ),
                self._request.folder,
            )
        curve = self._request.work / "learning_curve.png"
        draw_curve(log.lines(), curve)
        return self._report(prepared, facts, log, curve)

    def _prepared(self, bar: Bar, threads: int) -> Prepared:
        """Photos decoded, texts with their features."""
        given, start, work = self._given, self._start, self._request.work
        with bar(total=len(given.files), unit="photo", desc="decode") as shown:
            photos = decoded_photos(given.files, start.size, work, threads, shown.update)
        corpus = corpus_of(given, start.tokenizer.get_vocab(), self._request.seed)
        with bar(total=len(corpus.texts), unit="text", desc="teach") as shown:
            features = kept_features(
                start.teacher, start.tokenizer, corpus.texts, work / "features.npy", shown.update
            )
        material, places = material_of(given, corpus, photos)
        aside = [place for place in photos.usable() if place >= given.shown]
        rows = [given.products[place] for place in aside]
        held_out = HeldOut.of(rows, aside, photos, start.size, start.tokenizer, given.queries)
        pieces = Pieces(start.tokenizer, corpus.texts)
        return Prepared(material, photos, places, features, pieces, held_out)

    def _report(
        self, prepared: Prepared, facts: dict[str, Any], log: Log, curve: Any
    ) -> TrainReport:
        given, photos = self._given, prepared.photos
        return TrainReport(
            model=self._request.folder,
            facts=facts,
            products=len(given.table.rows),
            held_out=len(given.table.held_out),
            photos=len(prepared.places),
            attributes=given.table.attributes,
            columns=given.table.columns,
            judged=given.judged,
            phrases=len(given.phrases),
            texts=len(prepared.material.corpus.texts),
            log=log.file,
            curve=curve,
            failed={str(given.files[place]): why for place, why in sorted(photos.failed.items())},
            notes=given.notes,
        )


def _advancing(bar: Bar, stage: str) -> Callable[[], contextlib.AbstractContextManager[Any]]:
    """A bar of a stage, which is told how far it is, from 0 to 1."""

    @contextlib.contextmanager
    def advancing() -> Iterator[Callable[[float], None]]:
        with bar(total=1000, unit="‰", desc=f"train {stage}") as shown:

            def advance(progress: float) -> None:
                shown.update(int(1000 * progress) - shown.n)

            yield advance

    return advancing
