"""The encoder of an index. Knows what an index recorded of the model that made its vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.names import table_name
from engine.core.schema import IndexSpec
from engine.encode.encoder import Encoder
from engine.encode.registry import recorded_name
from engine.errors import InvalidState
from engine.service.serving.endpoint_models import check_rows_model, model_of
from engine.service.serving.models import Models
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.shop.names import MULTIMODAL
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
        made_by = version.facts["encoder"]
        encoder = self._named(spec, made_by, name)
        if name is None and spec.text_endpoint is not None:
            model = model_of(self.serving, spec.text_endpoint)
            check_rows_model(self.serving, spec, version, model)
        elif made_by["fingerprint"] not in (None, encoder.fingerprint):
            raise _other_model(spec, made_by, encoder)
        if encoder.dimension != spec.dimension:
            raise InvalidState(
                f"Index {spec.name} holds vectors of length {spec.dimension}; encoder {encoder.name} "
                f"makes {encoder.dimension}. Name the model that made them: --encoder NAME."
            )
        return encoder

    def note(self, spec: IndexSpec, encoder: Encoder) -> str | None:
        """What to know of an index that an earlier edition of the embedded model made."""
        later = self.models.later_edition(encoder.name)
        if later is None or spec.is_managed:
            return None
        return (
            f"index {spec.name} was made with {encoder.name}, and answers with it; {later} knows more. "
            f"{_anew(spec)} VITRINE_ENCODER={encoder.name} keeps the earlier one and this note away."
        )

    def notes(self, indexes: Iterable[tuple[IndexSpec, Version]]) -> list[str]:
        """What to know of indexes with vectors of another model than the workspace's encoder."""
        by_model: dict[str, list[str]] = {}
        today = self.models.encoder()
        for spec, version in indexes:
            made_by = version.facts["encoder"]
            known = spec.has_vectors and not spec.is_managed and made_by["fingerprint"] is not None
            then = recorded_name(made_by) if known else today.name
            # Names first: of a large model's weights, the fingerprint takes seconds.
            if then != today.name and made_by["fingerprint"] != today.fingerprint:
                by_model.setdefault(then, []).append(spec.name)
        return [
            f"{', '.join(names)}: made with {then}, and serving endpoints answer with {today.name}, "
            "whose vectors can't be compared with theirs. Encode anew: vitrine embed, then vitrine "
            f"index sync NAME. Or go on with {then}: VITRINE_ENCODER={then}."
            for then, names in by_model.items()
        ]

    def _named(self, spec: IndexSpec, made_by: Mapping[str, Any], name: str | None) -> Encoder:
        """By the caller's word, else the serving endpoint of the index's texts, else its record."""
        if name is not None:
            return self.models.encoder(name)
        if spec.text_endpoint is not None:
            return self.serving.encoder(spec.text_endpoint)
        if made_by["encoder"] is None:
            raise InvalidState(
                f"Index {spec.name} does not know which model made its vectors, because its table "
                f"{spec.source_table} was made elsewhere. Name that model: --encoder NAME "
                "(encoder=NAME in Python); a query by another would find nonsense."
            )
        return self.models.recorded(made_by)


def _other_model(spec: IndexSpec, made_by: Mapping[str, Any], encoder: Encoder) -> InvalidState:
    then = recorded_name(made_by)
    kept = "bring back the weights that it was made with."
    if then != encoder.name:
        kept = f"search with the model it was made with: --encoder {then} (encoder={then!r} in Python)."
    return InvalidState(
        f"Index {spec.name} was made with encoder {then} of fingerprint {made_by['fingerprint']}; "
        f"encoder {encoder.name} has {encoder.fingerprint} here, and the vectors of the two can't be "
        f"compared. {_anew(spec)} Or {kept}"
    )


def _anew(spec: IndexSpec) -> str:
    """How to encode the rows of an index by the workspace's encoder."""
    is_ours = spec.source_table == str(table_name(MULTIMODAL))
    table = "" if is_ours else " PRODUCTS_TABLE"
    return (
        f"Encode anew: vitrine embed{table}, then vitrine index sync {spec.name} (embed and sync of a "
        "Workspace in Python)."
    )
