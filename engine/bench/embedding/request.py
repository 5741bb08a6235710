"""What a benchmark of embedding is asked to measure. Knows arguments; runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.bench.records.machine import cores
from engine.errors import InvalidParameterValue

UNTRAINED = "ViT-B-32-quickgelu/untrained"
MADE_CLIP, MADE_SENTENCES = "made:transformers", "made:sentences"
MODELS = ("embedded", UNTRAINED, MADE_CLIP, MADE_SENTENCES)
KINDS = ("images", "texts")


@dataclass(frozen=True)
class EmbeddingBench:
    """One run: every model, batch and number of threads, each with all contestants that know the model.

    Attributes:
        models: names as `load_encoder` takes them, or `made:transformers` and `made:sentences`: a
            CLIP and a text model of random weights, in directories of those libraries' form.
        photos: a folder of photos, or None for the bundled sample's. texts: None for its names.
        batches: inputs that a model gets at once; None for each contestant's own.
        threads: cores that a contestant and all that it starts may use; None for all.
        device: `cpu`, `cuda` or `cuda:N`.
        contestants: names of those beside vitrine; empty for all.
        rounds: how often each takes its turn. count, text_count: photos and texts in a round.
        budget_s: seconds for one request of a contestant.
        clip_retrieval_python: the interpreter of an environment that clip-retrieval is installed in.
        is_small: made models are tiny.
    """

    models: Sequence[str] = MODELS
    photos: Path | None = None
    texts: Sequence[str] | None = None
    batches: Sequence[int | None] = (32,)
    threads: Sequence[int | None] = (None,)
    device: str = "cpu"
    contestants: Sequence[str] = ()
    rounds: int = 5
    count: int = 64
    text_count: int = 256
    budget_s: float = 120.0
    clip_retrieval_python: str | None = None
    is_small: bool = False

    def check(self, known: Sequence[str]) -> None:
        """Refuse what can't be measured.

        Args:
            known: names of all contestants.

        Raises:
            InvalidParameterValue: a number below 1, more threads than cores, an unknown contestant.
        """
        numbers = {"rounds": self.rounds, "count": self.count, "text_count": self.text_count}
        for name, value in numbers.items():
            if value < 1:
                raise InvalidParameterValue(f"{name} is {value}; expected at least 1.")
        if any(batch is not None and batch < 1 for batch in self.batches):
            raise InvalidParameterValue(f"batches are {list(self.batches)}; expected at least 1 each.")
        for count in self.threads:
            if count is not None and not 1 <= count <= cores():
                raise InvalidParameterValue(
                    f"threads is {count}; this process may use 1 to {cores()} cores."
                )
        unknown = [name for name in self.contestants if name not in known]
        if unknown:
            raise InvalidParameterValue(
                f"no contestant {unknown[0]!r}; there are: {', '.join(known)}."
            )
