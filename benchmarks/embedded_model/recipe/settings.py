"""What is asked of one run of the recipe, and what each ablation leaves out.

The defaults are those that made vitrine-clip-2; numbers that no run changes stand where they are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Settings:
    """Numbers of a run.

    Attributes:
        batch: photos in a step. size: of photos, in pixels.
        drawn: products of each of the three drawn catalogues.
        all_photos: False for those of the last folder alone, and none that are drawn.
        teacher: whether the text tower starts from layers of the teacher and learns from its features.
        lists: whether queries are put together from the word lists, beside the catalogue's own words.
        warm: whether the run starts from an earlier model's photo tower.
        seed: of the run's random numbers.
    """

    batch: int = 1024
    size: int = 128
    drawn: int = 640
    all_photos: bool = True
    teacher: bool = True
    lists: bool = True
    warm: bool = True
    seed: int = 1


ABLATIONS: dict[str, dict[str, Any]] = {
    "large-photos": {"all_photos": False},
    "no-teacher": {"teacher": False},
    "no-lists": {"lists": False},
    "from-scratch": {"warm": False},
    "96-pixels": {"size": 96},
}


@dataclass(frozen=True)
class Request:
    """What a run reads and writes.

    Attributes:
        table: products in the public fashion layout. photos: folders of `{id}.jpg`.
        out: directory of the model. work: decoded photos and drawn catalogues, for other runs too.
        words, queries: folders of JSON lines. teacher: a sentence-transformers directory.
        start: directory of the model whose photo tower is trained on.
        seconds: of training, not counting what comes before; or
        steps: of it, for a run that can be repeated.
        device: of torch. threads: of the processor; None for all of its cores.
        compiles: whether the photo tower is compiled first.
    """

    table: Path
    photos: tuple[Path, ...]
    out: Path
    work: Path
    words: Path
    queries: Path
    teacher: Path
    start: Path
    seconds: float | None
    steps: int | None
    device: str
    threads: int | None
    compiles: bool
