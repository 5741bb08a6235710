"""What can be set, in one frozen place. Knows names and defaults; never reads the environment itself.

`Workspace` hands it in, where it is opened without settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_ENCODER = "embedded"
# What is taken for a name that is left out: of a table's catalog and schema, of an index's endpoint
# and primary key.
DEFAULT_CATALOG, DEFAULT_SCHEMA = "main", "fashion_demo"
DEFAULT_ENDPOINT = "fashion_vector_search"
DEFAULT_KEY = "product_id"
DEFAULT_PACE = "instant"
DEFAULT_DEVICE_VECTORS = "float16"
DEFAULT_VECTOR_STORAGE = "float32"


@dataclass(frozen=True)
class Settings:
    """Settings of one workspace.

    Attributes:
        path: the workspace's directory.
        encoder: name of the default encoder, see `engine.load_encoder`.
        device: where models run: "cpu", "cuda" or "cuda:N"; None to detect. Vectors are searched there
            too where it is CUDA and was named.
        search_device: where vectors are searched, if not where models run: "cpu", "cuda" or "cuda:N".
        device_vectors: how a CUDA device holds vectors for its first pass: "float16", "bfloat16" or
            "float32"; results are the same with each.
        vector_storage: the numbers that a new index stores its vectors as, where it does not say:
            "float32", "float16" or "int8".
        text_encoder: name of the encoder behind the serving endpoints that are named after the cloud's
            text models; None for the best that is here.
        integers_as_floats: integer columns arrive as floats in `data_array`, as seen on the cloud.
        strict_filters: a filter dialect that the cloud refuses on an endpoint is refused here too:
            text on STANDARD, dicts on STORAGE_OPTIMIZED.
        path_from: who chose `path`, in words for messages.
        strict_fields: a request over HTTP or through the SDK with a field or parameter that its route
            does not take is refused by name; the cloud drops it.
        strict_inputs: an ANN query with a vector and a text that nothing needs is refused; else the
            vector counts.
        strict_endpoints: an endpoint that still has indexes is not deleted; the cloud deletes it, and
            its indexes are not found any more.
        waiting_syncs: `sync()` of a client, and the route, return when the sync is done and raise
            where it fails; in the cloud they return at once, and `describe()` shows the rest.
        pace: how long what the cloud takes its time for takes here: "instant", "cloud", or seconds that
            each transition takes, such as "0.5". See `engine.service.pacing.pace`.
        is_one_of_several: other processes answer the same callers, any of them each request; what
            only one process knows, such as a SQL session, is refused then.
    """

    path: Path
    encoder: str = DEFAULT_ENCODER
    device: str | None = None
    search_device: str | None = None
    device_vectors: str = DEFAULT_DEVICE_VECTORS
    vector_storage: str = DEFAULT_VECTOR_STORAGE
    text_encoder: str | None = None
    integers_as_floats: bool = True
    strict_filters: bool = False
    path_from: str = "by --workspace, or workspace= in Python"
    strict_fields: bool = False
    strict_inputs: bool = False
    strict_endpoints: bool = False
    waiting_syncs: bool = False
    pace: str = DEFAULT_PACE
    is_one_of_several: bool = False

    @staticmethod
    def from_environment(environ: Mapping[str, str]) -> Settings:
        """Settings from VITRINE_WORKSPACE (default ~/.vitrine), VITRINE_ENCODER, VITRINE_DEVICE,
        VITRINE_SEARCH_DEVICE, VITRINE_DEVICE_VECTORS, VITRINE_VECTOR_STORAGE, VITRINE_TEXT_ENCODER and
        VITRINE_PACE, and
        VITRINE_STRICT_FILTERS, ..._FIELDS, ..._INPUTS, ..._ENDPOINTS and VITRINE_WAITING_SYNCS (1, true
        or yes; else off).
        """
        path = environ.get("VITRINE_WORKSPACE")
        return Settings(
            path=Path(path or "~/.vitrine").expanduser(),
            path_from="by VITRINE_WORKSPACE"
            if path
            else "the default; VITRINE_WORKSPACE is not set",
            encoder=environ.get("VITRINE_ENCODER") or DEFAULT_ENCODER,
            device=environ.get("VITRINE_DEVICE") or None,
            search_device=environ.get("VITRINE_SEARCH_DEVICE") or None,
            device_vectors=environ.get("VITRINE_DEVICE_VECTORS") or DEFAULT_DEVICE_VECTORS,
            vector_storage=environ.get("VITRINE_VECTOR_STORAGE") or DEFAULT_VECTOR_STORAGE,
            text_encoder=environ.get("VITRINE_TEXT_ENCODER") or None,
            strict_filters=_is_on(environ, "VITRINE_STRICT_FILTERS"),
            strict_fields=_is_on(environ, "VITRINE_STRICT_FIELDS"),
            strict_inputs=_is_on(environ, "VITRINE_STRICT_INPUTS"),
            strict_endpoints=_is_on(environ, "VITRINE_STRICT_ENDPOINTS"),
            waiting_syncs=_is_on(environ, "VITRINE_WAITING_SYNCS"),
            pace=environ.get("VITRINE_PACE") or DEFAULT_PACE,
        )


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() in ("1", "true", "yes")
