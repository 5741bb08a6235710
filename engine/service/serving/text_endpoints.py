"""Serving endpoints named after the cloud's text models: which model answers, and what is said of it.

The cloud's vectors have 1,024 numbers, and code that asks for them says so: shorter vectors get zeros
behind them, which changes no inner product.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from functools import cached_property

from engine.encode.encoder import Encoder
from engine.encode.model_folders import editions
from engine.encode.padded import PaddedEncoder
from engine.encode.text_models import TextKind, choose_text_model, kind_of
from engine.optional import install_line
from engine.service.serving.models import Models
from engine.settings import DEFAULT_ENCODER

TEXT_ENDPOINTS = ("databricks-bge-large-en", "databricks-gte-large-en")
DIMENSION = 1024  # of the vectors of the cloud's models of these names
_ABOUT: Mapping[TextKind, str] = {
    "text model": "a model for texts",
    "for tests": "which is for tests and knows no meanings",
    "stand-in": "a CLIP model, which knows the words of captions only",
}
_ABOUT_OURS = "which knows shop words only"
_LOG = logging.getLogger("engine.serving")


class TextEndpoints:
    """The one encoder behind the endpoints of `TEXT_ENDPOINTS`. Safe to use from many threads."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._loading = threading.Lock()
        self._encoder: Encoder | None = None

    def encoder(self) -> Encoder:
        """It, with vectors of `DIMENSION` numbers. That a stand-in answers is logged once.

        Raises:
            ModelUnavailable, MissingExtra: it can't be had here, or its vectors are longer.
        """
        if self._encoder is None:
            with self._loading:
                if self._encoder is None:
                    self._encoder = PaddedEncoder(self._models.encoder(self.model), DIMENSION)
                    if self._is_stand_in:
                        _LOG.warning("%s: %s", " and ".join(TEXT_ENDPOINTS), self.description)
        return self._encoder

    @cached_property
    def model(self) -> str:
        """The name of the model, found without loading it."""
        return choose_text_model(self._models.default, self._models.chosen_for_texts)

    @cached_property
    def description(self) -> str:
        """What whoever asks such an endpoint must know."""
        parts = [
            "The name is that of a cloud endpoint, the vectors are not.",
            f"Texts are encoded by encoder {self.model}, {self._about}.",
            f"Zeros make its vectors {DIMENSION:,} numbers long, which changes no inner product.",
        ]
        if self._is_stand_in:
            parts[0] = f"A stand-in. {parts[0]}"
            parts.append(f"For a text model: {install_line('text')}")
        return " ".join(parts)

    @property
    def _about(self) -> str:
        is_ours = self.model in (DEFAULT_ENCODER, *editions())
        return _ABOUT_OURS if is_ours else _ABOUT[kind_of(self.model)]

    @property
    def _is_stand_in(self) -> bool:
        return kind_of(self.model) == "stand-in"
