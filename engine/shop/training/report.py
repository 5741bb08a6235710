"""What a training did. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.shop.evaluation.evaluation import Evaluation


@dataclass(frozen=True)
class TrainReport:
    """A trained model, and what it was made of.

    Attributes:
        model: its directory, for `--encoder`. facts: what its model.json says.
        products, held_out: that training showed, and that it never saw.
        photos: that it was trained on. failed: why others could not be, by their file.
        attributes: fields whose values describe products. columns: as the evaluation takes them.
        judged: folders with photos of products held out, by name.
        phrases: with those of the catalogue itself. texts: of the whole corpus.
        notes: what must be known of what was given.
        log, curve: files.
        evaluation: by the products held out; None where none was.
    """

    model: Path
    facts: Mapping[str, Any]
    products: int
    held_out: int
    photos: int
    attributes: tuple[str, ...]
    columns: Mapping[str, str]
    judged: Mapping[str, Path]
    phrases: int
    texts: int
    log: Path
    curve: Path
    failed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    evaluation: Evaluation | None = None
