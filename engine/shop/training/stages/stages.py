"""The two stages of a training, one after the other: what each is given, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from engine.shop.training.products.photos import Photos
from engine.shop.training.progress.held_out import HeldOut, photo_vectors
from engine.shop.training.progress.log import Log
from engine.shop.training.request import TrainRequest
from engine.shop.training.stages.loop import Loop, LoopSettings
from engine.shop.training.stages.photo_stage import PhotoModel, PhotoStage
from engine.shop.training.stages.schedule import Budget
from engine.shop.training.stages.step import SCALES, Material, Sizes
from engine.shop.training.stages.text_stage import TextModel, TextStage
from engine.shop.training.texts.corpus import Numbers
from engine.shop.training.towers.features import Features
from engine.shop.training.towers.image import ImageTower
from engine.shop.training.towers.norms import recalibrate
from engine.shop.training.towers.pieces import Pieces
from engine.shop.training.towers.start import Start, small_size, temperature_logs
from engine.shop.training.towers.text import Head

Advancing = Callable[[], AbstractContextManager[Callable[[float], None]]]
Place = dict[str, int]  # how many steps and samples a stage took

_SHARE = {"photos": 0.65, "texts": 0.35}  # of the minutes
_CALIBRATED = 256  # photos that batch norms are calibrated with
_DROP_PATH = 0.03
_TEXT_RATE = 2 / 3  # of the photos' rate


@dataclass(frozen=True)
class Prepared:
    """What both stages draw from.

    Attributes:
        places: of the material's photos among the decoded ones.
        features, pieces: of the corpus's texts.
    """

    material: Material
    photos: Photos
    places: Numbers
    features: Features
    pieces: Pieces
    held_out: HeldOut


class Stages:
    """Runs the stages of one training."""

    def __init__(self, request: TrainRequest, start: Start, prepared: Prepared, log: Log) -> None:
        self._request, self._start, self._prepared, self._log = request, start, prepared, log

    def photos(self, advancing: Advancing) -> tuple[PhotoModel, Place]:
        """Train the photo tower and a head for the teacher's features."""
        request, start, prepared = self._request, self._start, self._prepared
        stage = PhotoStage(
            self._photo_model(),
            prepared.material,
            prepared.photos,
            prepared.places,
            prepared.features,
            (small_size(start.size), start.size),
            Sizes(batch=request.batch),
            request.seed,
            request.bfloat16,
        )
        loop = Loop(stage, self._settings("photos", request.batch, request.rate), self._log)

        def judge() -> dict[str, float]:
            model = loop.average.model
            images = prepared.held_out.vectors(model.image) if prepared.held_out.rows else _NONE
            return prepared.held_out.figures(images, start.teacher, model.head)

        with advancing() as advance:
            loop.run(advance, judge)
        return loop.average.model, {"steps": loop.step, "samples": loop.samples}

    def texts(self, trained: PhotoModel, advancing: Advancing) -> tuple[TextModel, Place]:
        """Train the text tower and its head beside the photos' vectors."""
        request, start, prepared = self._request, self._start, self._prepared
        model = TextModel(start.student, Head(start.student.shape.width))
        model.head.load_state_dict(trained.head.state_dict())
        model.scales.load_state_dict(trained.scales.state_dict())
        batch = max(2, request.batch // 2)
        stage = TextStage(
            model,
            prepared.material,
            self._vectors(trained.image),
            prepared.pieces,
            prepared.features,
            batch,
            request.seed + 1,
            start.is_distilled,
            request.bfloat16,
        )
        loop = Loop(stage, self._settings("texts", batch, request.rate * _TEXT_RATE), self._log)
        images = prepared.held_out.vectors(trained.image) if prepared.held_out.rows else _NONE

        def judge() -> dict[str, float]:
            own = loop.average.model
            return prepared.held_out.figures(images, own.trunk, own.head)

        with advancing() as advance:
            loop.run(advance, judge)
        return loop.average.model, {"steps": loop.step, "texts": loop.samples}

    def _photo_model(self) -> PhotoModel:
        start, prepared = self._start, self._prepared
        labels = prepared.material.labels.classes
        classes = {field: len(values) for field, values in labels.items() if len(values) > 1}
        classes["brand"] = int(prepared.material.codes()["brand"].max()) + 1
        heads = {field: count for field, count in classes.items() if count > 1}
        image = ImageTower(start.backbone, heads, _DROP_PATH)
        if start.trunk is not None and start.projection is not None:
            image.trunk.load_state_dict(start.trunk)
            with torch.no_grad():
                image.projection.weight.copy_(start.projection)
            places = prepared.places[:: max(1, len(prepared.places) // _CALIBRATED)]
            recalibrate(image.trunk, prepared.photos.normalised(places, start.size))
        model = PhotoModel(image, start.head or Head(start.teacher.shape.width))
        logs = temperature_logs(start.temperatures, SCALES)
        with torch.no_grad():
            for name, value in logs.items():
                model.scales.logs[name].copy_(value)
        return model

    def _vectors(self, tower: ImageTower) -> torch.Tensor:
        """Of the photos that training shows."""
        photos, places = self._prepared.photos, self._prepared.places
        # Rounded as the shipped form's are, and the same in every sitting.
        return photo_vectors(tower, photos, places, self._start.size).half().float()

    def _settings(self, stage: str, batch: int, rate: float) -> LoopSettings:
        request = self._request
        if request.passes is not None:
            steps = max(1, round(request.passes * len(self._prepared.places) / batch))
            budget = Budget(steps=steps)
        else:
            assert request.minutes is not None
            budget = Budget(seconds=60 * request.minutes * _SHARE[stage])
        checkpoint = request.work / f"{stage}.pt"
        return LoopSettings(budget, rate, checkpoint, 60 * request.checkpoint_minutes)


_NONE: Any = np.empty((0, 1), dtype=np.float32)
