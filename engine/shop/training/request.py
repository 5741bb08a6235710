"""What a training is asked for. Knows its fields; neither torch nor files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import InvalidInputException, InvalidParameterValue
from engine.shop.evaluation.request import EvaluationRequest, Photos

_SIZES = (32, 512)
_SEEDS = 2**31


@dataclass(frozen=True)
class TrainRequest:
    """Train a model on the products of a file and their photos, and judge it by those held out.

    Attributes:
        table: CSV or Parquet file of products, in the public fashion layout, in that of a workspace's
            `products`, or any other with `columns`.
        photos: folder of `{id}.jpg` (or .jpeg, .png, .webp); several, or a dict of them by name.
        out: directory of the model, for `--encoder`; what training needs meanwhile lies in `training`
            below it. A training that was interrupted goes on.
        minutes: of training, not counting what is read and computed before; or
        passes: over the photos.
        columns: field (id, name, articleType, baseColour, ...) -> the file's column for it; "" for a
            field that it doesn't have.
        attributes: fields or columns whose values describe products; None to find them.
        words: files of phrases that customers use, or folders of them; JSON lines as those of
            `datasets/shopping_words`.
        queries: files of query sets, or folders of them. Training shows none of their texts.
        start: "embedded", "teacher", or the directory of a model that training made.
        teacher: a sentence-transformers directory, for start="teacher"; None for that of the extra
            [text]. `layers` of it are kept.
        backbone: of timm, with fresh weights; None for the photo tower of the model to start from.
        size: of photos in pixels; None for that of the model to start from, or 112.
        name: what tables record as `embedding_model`; None for the name of `out`.
        hold_out: one product in so many is kept from training, by a hash of its id.
        encoding: of a CSV file; None for UTF-8, or what a byte order mark says.
        batch: photos in a step. rate: peak of the learning rate.
        threads: of the processor; None for all of its cores.
        bfloat16: compute in 16 bits where training bears it; faster on some processors.
        seed: another one draws other batches.
        checkpoint_minutes: how often the state is written.
    """

    table: str | Path
    photos: Photos
    out: str | Path
    minutes: float | None = None
    passes: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    attributes: Sequence[str] | None = None
    words: Sequence[str | Path] = ()
    queries: Sequence[str | Path] = ()
    start: str = "embedded"
    teacher: str | Path | None = None
    layers: int = 3
    backbone: str | None = None
    size: int | None = None
    name: str | None = None
    hold_out: int = 10
    encoding: str | None = None
    batch: int = 128
    rate: float = 6e-4
    threads: int | None = None
    bfloat16: bool = False
    seed: int = 0
    checkpoint_minutes: float = 4.0

    def check(self) -> None:
        """
        Raises:
            InvalidInputException: not either of minutes and passes, a teacher that no start takes.
            InvalidParameterValue: a number that can't be.
        """
        if (self.minutes is None) == (self.passes is None):
            raise InvalidInputException("expected either minutes or passes, to know when to end.")
        if self.teacher is not None and self.start != "teacher":
            raise InvalidInputException('only start="teacher" takes a teacher.')
        least = {
            "minutes": 0,
            "passes": 0,
            "rate": 0,
            "layers": 1,
            "hold_out": 2,
            "batch": 2,
            "threads": 1,
        }
        for name, bound in least.items():
            number = getattr(self, name)
            if number is not None and not (number >= bound and 0 < number < math.inf):
                expected = f"at least {bound}" if bound else "more than 0, and an end"
                raise InvalidParameterValue(f"{name} is {number}; expected {expected}.")
        if not 0 <= self.checkpoint_minutes < math.inf:
            raise InvalidParameterValue(
                f"checkpoint_minutes is {self.checkpoint_minutes}; expected 0 (after each step) or more."
            )
        if not 0 <= self.seed < _SEEDS:
            raise InvalidParameterValue(
                f"seed is {self.seed}; expected a whole number from 0 to {_SEEDS - 1:,}."
            )
        low, high = _SIZES
        if self.size is not None and (self.size % 16 or not low <= self.size <= high):
            raise InvalidParameterValue(
                f"size is {self.size}; expected a multiple of 16 from {low} to {high}."
            )
        self.evaluation(("embedded",)).check()

    @property
    def folder(self) -> Path:
        """The directory of the model."""
        return Path(self.out).expanduser()

    @property
    def work(self) -> Path:
        """What training needs meanwhile."""
        return self.folder / "training"

    @property
    def compared(self) -> str:
        """The model that the trained one is compared with."""
        if self.start == "teacher":
            return "embedded"
        folder = Path(self.start).expanduser()
        return f"local-dir:{folder}" if folder.is_dir() else self.start

    def evaluation(
        self,
        models: Sequence[str],
        columns: Mapping[str, str] | None = None,
        folders: Mapping[str, Path] | None = None,
    ) -> EvaluationRequest:
        """How models are judged: by the products held out, with the photos of these folders."""
        return EvaluationRequest(
            models=models,
            table=self.table,
            photos=self.photos if folders is None else folders,
            columns=self.columns if columns is None else columns,
            queries=self.queries,
            hold_out=self.hold_out,
            encoding=self.encoding,
        )
