"""Encoders by name, each loaded once for a workspace. Knows models; not endpoints or indexes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.encode.encoder import Encoder
from engine.encode.model_folders import later_edition, own_name
from engine.encode.registry import load_encoder, recorded_name
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.encode.model_list import ModelInfo
    from engine.encode.throughput import Throughput


class Models:
    """The encoders of a workspace. Safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._encoders: dict[str, Encoder] = {}
        self._loading = threading.RLock()

    @property
    def default(self) -> str:
        """The name of the workspace's default encoder."""
        return self._settings.encoder

    @property
    def chosen_for_texts(self) -> str | None:
        """The name of the model that was set for what is text and nothing else."""
        return self._settings.text_encoder

    @property
    def device(self) -> str | None:
        """Where models are loaded; None to detect."""
        return self._settings.device

    def encoder(self, name: str | None = None) -> Encoder:
        """An encoder by name (None: this workspace's default), loaded once for each workspace.

        Raises:
            ModelUnavailable, MissingExtra: it can't be loaded here.
        """
        wanted = name or self._settings.encoder
        found = self._encoders.get(wanted)
        if found is None:
            own = own_name(wanted)
            with self._loading:  # two threads, or two names, would hold the model twice
                found = self._encoders.get(own)
                if found is None:
                    found = load_encoder(own, self._settings.device)
                self._encoders[own] = self._encoders[wanted] = found
        return found

    def recorded(self, made_by: Mapping[str, Any]) -> Encoder:
        """The encoder that a table or an index recorded, as `encoder` and `fingerprint`.

        Of that name; its weights may be others today.

        Raises:
            ModelUnavailable, MissingExtra: it can't be loaded here.
        """
        return self.encoder(recorded_name(made_by))

    def later_edition(self, name: str) -> str | None:
        """The edition of the embedded model that is this workspace's, if `name` names an earlier one."""
        return later_edition(name, self._settings.encoder)

    def list(self) -> list[ModelInfo]:
        """Models that can be used here: embedded, for texts, in the hub's cache, known to open_clip."""
        from engine.encode.model_list import available_models  # loads onnxruntime

        return available_models()

    def measure(self, name: str) -> Throughput:
        """Texts and photos that a model encodes in a second on this machine.

        Raises:
            ModelUnavailable, MissingExtra: it can't be loaded here.
        """
        from engine.encode.throughput import measure

        return measure(name, self._settings.device)
