"""Encoders and serving endpoints of a workspace: the operations. Knows models; not indexes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from engine.encode.encoder import Encoder, load_encoder
from engine.errors import InvalidInputException
from engine.service.serving.batching import Gathering
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.settings import Settings
from engine.store.layout import Layout

if TYPE_CHECKING:
    from engine.encode.available import ModelInfo, Speed
    from engine.service.search.reranking import RerankingModel


class Models:
    """The part of a workspace that turns texts and photos into vectors; see `Workspace`."""

    def __init__(self, layout: Layout, settings: Settings) -> None:
        self.settings = settings
        self._layout = layout
        self._encoders: dict[str, Encoder] = {}
        self._loading = threading.RLock()
        self.gathering = Gathering()
        self.rerankers: dict[str, RerankingModel] = {}
        self.serving = ServingEndpoints(layout, self.encoder)

    def encoder(self, name: str | None = None) -> Encoder:
        """An encoder by name (None: this workspace's default), loaded once for each workspace."""
        wanted = name or self.settings.encoder
        found = self._encoders.get(wanted)
        if found is None:
            with self._loading:  # two threads would hold the model twice
                found = self._encoders.get(wanted)
                if found is None:
                    found = self._encoders[wanted] = load_encoder(wanted, self.settings.device)
        return found

    def register_reranker(self, name: str, reranker: RerankingModel) -> None:
        """Let queries of this workspace name a reranker; see `RerankingModel` for what it must do.

        Args:
            name: what queries say as `model`; `databricks_reranker` replaces the built-in one.

        Raises:
            InvalidInputException: no name, or an object without a method `rerank`.
        """
        if not isinstance(name, str) or not name:
            raise InvalidInputException(f"name is {name!r:.80}; expected a name for the reranker.")
        if not callable(getattr(reranker, "rerank", None)):
            raise InvalidInputException(
                f"reranker is {reranker!r:.80}; expected an object with a method "
                "rerank(query_text, documents) that returns a number for each document."
            )
        self.rerankers[name] = reranker

    # ------------------------------------------------------------------ serving endpoints
    def create_serving_endpoint(
        self, name: str, encoder: str | None = None, output: str = "vectors"
    ) -> dict[str, Any]:
        """Create a model serving endpoint; see `ServingEndpoints.create`.

        For an object of your own behind a name, see `ServingEndpoints.use`.
        """
        return self.serving.create(name, encoder, output)

    def get_serving_endpoint(self, name: str) -> dict[str, Any]:
        """A model serving endpoint as the API shows it. Raises NotFound."""
        return self.serving.get(name)

    def list_serving_endpoints(self) -> list[dict[str, Any]]:
        """All model serving endpoints, by name."""
        return self.serving.list()

    def delete_serving_endpoint(self, name: str) -> None:
        """Delete a model serving endpoint. Raises NotFound; InvalidState for a built-in one."""
        self.serving.delete(name)

    # ------------------------------------------------------------------ models
    def list_models(self) -> list[ModelInfo]:
        """Models that can be used here: embedded, in the hub's cache, known to open_clip."""
        from engine.encode.available import available_models  # loads onnxruntime

        return available_models()

    def measure_model(self, name: str) -> Speed:
        """Texts and photos that a model encodes in a second on this machine.

        Raises:
            ModelUnavailable, MissingExtra: it can't be loaded here.
        """
        from engine.encode.available import measure

        return measure(name, self.settings.device)
