"""Serving endpoints named after the cloud's text models: which model answers, and what is said of it.

The cloud's vectors have 1,024 numbers, and code that asks for them says so: shorter vectors get zeros
behind them, which changes no inner product.
"""

from __future__ import annotations

import logging
import threading
from functools import cached_property

from engine.encode.encoder import Encoder
from engine.encode.padded import PaddedEncoder
from engine.encode.text_models import TEXT_MODEL, TextChoice, choose_text_model
from engine.optional import install_line
from engine.service.serving.models import Models

TEXT_ENDPOINTS = ("databricks-bge-large-en", "databricks-gte-large-en")
DIMENSION = 1024  # of the vectors of the cloud's models of these names
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
                    self._encoder = PaddedEncoder(self._models.encoder(self.choice.name), DIMENSION)
                    if self.choice.is_stand_in:
                        _LOG.warning("%s: %s", " and ".join(TEXT_ENDPOINTS), self.description)
        return self._encoder

    @cached_property
    def choice(self) -> TextChoice:
        """Which model that is, found without loading it."""
        return choose_text_model(self._models.default, self._models.chosen_for_texts)

    @property
    def description(self) -> str:
        """What whoever asks such an endpoint must know."""
        length = (
            f"Zeros make its vectors {DIMENSION:,} numbers long, which changes no inner product."
        )
        if not self.choice.is_stand_in:
            return (
                "The name is that of a cloud endpoint, the vectors are not. Texts are encoded by "
                f"encoder {self.choice.name}, not by the model of that name. {length}"
            )
        return (
            "A stand-in: the name is that of a cloud endpoint, the vectors are not. Texts are encoded "
            f"by encoder {self.choice.name}, which knows shop words only, not by the model of that "
            f"name. For a text model, {TEXT_MODEL}: {install_line('text')}. {length}"
        )
