"""The encoder of an index. Knows what an index recorded of the model that made its vectors."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.schema import IndexSpec
from engine.encode.encoder import Encoder
from engine.errors import InvalidState
from engine.service.serving.models import Models
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.store.indexes.versions import Version


@dataclass(frozen=True)
class IndexEncoders:
    """The encoders that made the vectors of a workspace's indexes."""

    models: Models
    serving: ServingEndpoints

    def of(self, spec: IndexSpec, version: Version, name: str | None = None) -> Encoder:
        """The encoder whose vectors can be compared with an index's.

        Args:
            name: which one that is, where the index does not know: a table made elsewhere.

        Raises:
            InvalidState: nobody says which, it has other weights today, or vectors of another length.
        """
        recorded = version.facts["encoder"]
        encoder = self._named(spec, recorded["encoder"], name)
        if recorded["fingerprint"] not in (None, encoder.fingerprint):
            raise InvalidState(
                f"Index {spec.name} was made with encoder {recorded['encoder']} of fingerprint "
                f"{recorded['fingerprint']}; encoder {encoder.name} has {encoder.fingerprint} here. "
                "Embed and sync again, or bring back the weights that it was made with."
            )
        if encoder.dimension != spec.dimension:
            raise InvalidState(
                f"Index {spec.name} holds vectors of length {spec.dimension}; encoder {encoder.name} "
                f"makes {encoder.dimension}. Name the model that made them: --encoder NAME."
            )
        return encoder

    def _named(self, spec: IndexSpec, recorded: str | None, name: str | None) -> Encoder:
        """By the caller's word, else the serving endpoint of the index's texts, else its record."""
        if name is None and spec.text_endpoint is not None:
            return self.serving.encoder(spec.text_endpoint)
        if name is None and recorded is None:
            raise InvalidState(
                f"Index {spec.name} does not know which model made its vectors, because its table "
                f"{spec.source_table} was made elsewhere. Name that model: --encoder NAME "
                "(encoder=NAME in Python); a query by another would find nonsense."
            )
        return self.models.encoder(name or recorded)
