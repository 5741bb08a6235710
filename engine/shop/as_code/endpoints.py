"""The serving endpoint that answers with an index's model. Knows endpoints; not queries."""

from __future__ import annotations

import contextlib
import re

from engine.encode.encoder import Encoder
from engine.errors import VitrineError
from engine.service.serving.serving_endpoints import ServingEndpoints

USUAL = "clip-multimodal-encoder"
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")


def endpoint_of(serving: ServingEndpoints, encoder: Encoder) -> tuple[str, bool]:
    """An endpoint whose vectors are an encoder's, and whether it exists; else a name for one."""
    names = [each["name"] for each in serving.list()]
    for name in sorted(names, key=lambda name: name != USUAL):
        if _answers_with(serving, name, encoder):
            return name, True
    name = _UNFIT.sub("-", encoder.name).strip("-")[:56] or "encoder"
    while name in names:
        name += "-2"
    return name, False


def _answers_with(serving: ServingEndpoints, name: str, encoder: Encoder) -> bool:
    """Whether an endpoint makes an encoder's vectors, one a record; Python models aren't asked."""
    with contextlib.suppress(VitrineError):
        live = serving.facts(name).live
        if live is None or live.model is not None or live.output != "vectors":
            return False
        if live.encoder is not None and live.encoder != encoder.name:
            return False
        return serving.encoder(name).fingerprint == encoder.fingerprint
    return False
