"""What an embedding did: counted while it runs, reported at its end. Knows counts; not contents."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EmbedReport:
    """What one `embed` did.

    Attributes:
        products: rows of the products table.
        images, texts: rows of the two embedding tables.
        encoded_images, encoded_texts: vectors that had to be computed; the others were cached or
            shared between products with equal content.
        failures: rows of `embedding_failures` by stage: image_read, image_decode, text.
        skipped: products left out by `limit_photos`.
        note: what must be known of the encoder, such as untrained weights, and of a cache that was
            found damaged.
        dimension: of the model's vectors.
        waited: the share of the encoding's time (0 to 1) in which the model had nothing to do: photos
            were read and decoded, or vectors stored.
    """

    products: int
    images: int
    texts: int
    encoded_images: int
    encoded_texts: int
    failures: dict[str, int]
    skipped: int
    seconds: float
    encoder: str
    note: str | None
    dimension: int
    waited: float = 0.0


@dataclass
class Tally:
    """Counts of a run that is not over yet, by the names of `EmbedReport`.

    Attributes:
        failures: rows that failed, each with its key, stage and reason, since they were last taken.
    """

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Any, str, str]] = field(default_factory=list)
    _by_stage: Counter[str] = field(default_factory=Counter)
    _started: float = field(default_factory=time.monotonic)

    def fail(self, key: object, stage: str, reason: str) -> None:
        self._by_stage[stage] += 1
        self.failures.append((key, stage, reason))

    def take_failures(self) -> list[tuple[Any, str, str]]:
        """The failures since the last call, which are written to their table next."""
        taken, self.failures = self.failures, []
        return taken

    def report(self, encoder: str, note: str | None, dimension: int, waited: float) -> EmbedReport:
        counts = self.counts
        return EmbedReport(
            products=counts["products"],
            images=counts["images"],
            texts=counts["texts"],
            encoded_images=counts["encoded_images"],
            encoded_texts=counts["encoded_texts"],
            failures=dict(sorted(self._by_stage.items())),
            skipped=counts["skipped"],
            seconds=time.monotonic() - self._started,
            encoder=encoder,
            note=note,
            dimension=dimension,
            waited=waited,
        )
