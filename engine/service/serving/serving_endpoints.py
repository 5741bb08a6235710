"""Model serving endpoints: a name, an encoder. Knows the API's replies and the cache; not indexes.

An endpoint that was created is a small file that names an encoder. Some are there without one: the
endpoints of the shop, and stand-ins for the embedding endpoints that every cloud workspace has.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from engine.core.arrays import Matrix, Vector
from engine.core.schema import check_dimension, suggestion
from engine.encode.encoder import Encoder
from engine.errors import (
    CorruptFile,
    InvalidInputException,
    InvalidParameterValue,
    InvalidState,
    MissingExtra,
    ModelUnavailable,
    NotFound,
    ResourceConflict,
    StorageFailed,
)
from engine.service.authorship import now_ms, user_name
from engine.service.cancellation import check
from engine.service.serving.batching import MicroBatching
from engine.store.layout import Layout, read_json, remove, write_json

if TYPE_CHECKING:
    from engine.encode.cache.embeddings import CachePart

_OWN = "An endpoint of this engine, served by the workspace's default encoder."
_STAND_IN = (
    "A stand-in: the name is that of a cloud endpoint, the vectors are not. It is served by the "
    "workspace's default encoder, not by the model of that name."
)
BUILT_IN: Mapping[str, str] = {
    "clip-multimodal-encoder": _OWN,
    "clip-image-encoder": _OWN,
    "databricks-gte-large-en": _STAND_IN,
    "databricks-bge-large-en": _STAND_IN,
}
FLAT = "clip-image-encoder"  # the built-in endpoint that answers one record with a flat vector
OUTPUTS = ("vectors", "flat")
TASK = "llm/v1/embeddings"
BATCH_TEXTS = 256  # texts in one call of an encoder, and in one commit of the cache

# What the cloud takes as the name of an endpoint, and dots for models of Unity Catalog.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_KEYS: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "id": (str,),
    "creator": (str,),
    "creation_timestamp": (int,),
    "encoder": (str, type(None)),
    "output": (str,),
}
_NAMESPACE = uuid.UUID("5b3f0d55-40e0-4f0b-9a36-0c5d0c6c7c1e")  # of the ids of built-in endpoints


class TextEncoder(Protocol):
    """What an object behind an endpoint needs to encode texts; an `Encoder` has it all."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def encode_texts(self, texts: Sequence[str]) -> Matrix: ...


class ServingEndpoints:
    """The model serving endpoints of a workspace. Safe to use from many threads.

    Attributes:
        batching: what brings calls together that come at the same time.
    """

    def __init__(self, layout: Layout, load: Callable[[str | None], Encoder]) -> None:
        """
        Args:
            load: an encoder by its name; None for the workspace's default.
        """
        self._layout = layout
        self._load = load
        self._given: dict[str, Encoder] = {}
        self.batching = MicroBatching()

    # ------------------------------------------------------------------ life cycle
    def create(
        self, name: str, encoder: str | None = None, output: str = "vectors"
    ) -> dict[str, Any]:
        """Create an endpoint; returns it as the API shows it.

        Args:
            encoder: a name for `load_encoder`; None for whatever is the workspace's default when
                the endpoint is used.
            output: "vectors": predictions are a list with one vector a record. "flat": the same,
                but one record alone is answered with its vector, as `clip-image-encoder` does.

        Raises:
            InvalidParameterValue: a bad name or output. ResourceConflict: the name is taken.
            ModelUnavailable, MissingExtra: the encoder can't be had here.
        """
        _check_name(name)
        if output not in OUTPUTS:
            raise InvalidParameterValue(
                f"output is {output!r:.80}; expected {' or '.join(OUTPUTS)}."
            )
        if encoder is not None:
            _ = self._load(encoder).fingerprint  # looks for the model, without loading its weights
        with self._layout.writing("serving"):
            if name in BUILT_IN or self._file(name).exists():
                raise ResourceConflict(f"Serving endpoint with name {name} already exists")
            facts = {
                "name": name,
                "id": uuid.uuid4().hex,
                "creator": user_name(),
                "creation_timestamp": now_ms(),
                "encoder": encoder,
                "output": output,
            }
            write_json(self._file(name), facts)
        return self.get(name)

    def use(self, name: str, encoder: TextEncoder) -> None:
        """Put an object behind a name, in this process only: a model of your own, a fake for tests.

        It goes before an endpoint of that name.

        Args:
            encoder: an `Encoder`, or just `name`, `dimension`, `fingerprint` and `encode_texts`,
                which takes n strings and returns (n, dimension) numbers. Its vectors are cached under
                the fingerprint: change it when the numbers change.

        Raises:
            InvalidParameterValue: a bad name. InvalidInputException: something is missing.
        """
        _check_name(name)
        needed = ("name", "dimension", "fingerprint", "encode_texts")
        missing = [attribute for attribute in needed if not hasattr(encoder, attribute)]
        if missing:
            raise InvalidInputException(
                f"encoder {encoder!r:.80} has no {', '.join(missing)}; expected an object with "
                f"{', '.join(needed)}."
            )
        check_dimension(encoder.dimension)
        self._given[name] = cast(Encoder, encoder)

    def get(self, name: str) -> dict[str, Any]:
        """An endpoint as the API shows it; of one that can't be read, why. Raises NotFound."""
        try:
            return self._shown(name, self._facts(name))
        except (CorruptFile, StorageFailed) as error:
            return _damaged(name, error.message)

    def _shown(self, name: str, facts: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": name,
            "id": facts["id"],
            "creator": facts["creator"],
            "creation_timestamp": facts["creation_timestamp"],
            "last_updated_timestamp": facts["creation_timestamp"],
            "description": facts["description"],
            "state": {"ready": "READY", "config_update": "NOT_UPDATING"},
            "task": TASK,
            "route_optimized": False,
            "permission_level": "CAN_MANAGE",
            "config": {
                "served_entities": [
                    {
                        "name": facts["encoder"],
                        "entity_name": facts["encoder"],
                        "entity_version": "1",
                        "state": {"deployment": "DEPLOYMENT_READY"},
                    }
                ],
                "output": facts["output"],
            },
        }

    def delete(self, name: str) -> None:
        """Delete an endpoint; indexes that name it keep what they have, and can't encode any more.

        Raises:
            NotFound: there is none. InvalidState: it is built in.
        """
        with contextlib.suppress(CorruptFile, StorageFailed):
            self._facts(name)
        with self._layout.writing("serving"):
            given = self._given.pop(name, None)
            if given is None and name in BUILT_IN:
                raise InvalidState(f"Serving endpoint {name} is built in and can't be deleted.")
            remove(self._file(name))

    def _names(self) -> list[str]:
        stems = (file.stem for file in self._layout.serving_dir.glob("*.json"))
        return sorted({*BUILT_IN, *self._given, *filter(_NAME.fullmatch, stems)})

    def _facts(self, name: str) -> dict[str, Any]:
        """What is known of an endpoint, whose encoder need not be here. Raises NotFound."""
        if name in self._given:
            encoder = self._given[name]
            description = "An object of this process."
        elif name in BUILT_IN:
            encoder, description = None, BUILT_IN[name]
        else:
            facts = self._read(name)
            described = f"Served by encoder {facts['encoder'] or 'of the workspace'}."
            if facts["output"] == "flat":
                described += " One record alone is answered with a flat vector."
            return {**facts, "encoder": facts["encoder"] or "default", "description": described}
        return {
            "id": uuid.uuid5(_NAMESPACE, name).hex,
            "creator": "vitrine" if encoder is None else user_name(),
            "creation_timestamp": 0,
            "encoder": "default" if encoder is None else str(encoder.name),
            "description": description,
            "output": "flat" if name == FLAT else "vectors",
        }

    def _read(self, name: str) -> dict[str, Any]:
        with contextlib.suppress(FileNotFoundError):
            if isinstance(name, str) and _NAME.fullmatch(name):
                return self._checked(name)
        known = self._names()
        raise NotFound(
            "The given endpoint does not exist, please retry after checking the specified model and "
            f"version deployment exists. Serving endpoint {name!r:.80} is not one of this workspace: "
            f"{', '.join(known)}.{suggestion(str(name), known)} Make it with "
            f"workspace.create_serving_endpoint({str(name)!r:.80}, encoder=...)."
        )

    def _checked(self, name: str) -> dict[str, Any]:
        """What an endpoint's file says. Raises FileNotFoundError, CorruptFile, StorageFailed."""
        file = self._file(name)
        advice = f"Delete that endpoint, vitrine serving delete {name}, and create it again."
        facts = {"output": "vectors", **read_json(file, advice)}
        wrong = [
            f"its {key} is {facts.get(key)!r:.80}"
            for key, kinds in _KEYS.items()
            if not isinstance(facts.get(key), kinds)
        ]
        if not wrong and (facts["name"] != name or facts["output"] not in OUTPUTS):
            wrong = [f"it describes endpoint {facts['name']!r} with output {facts['output']!r}"]
        if wrong:
            raise CorruptFile(f"{file} is damaged: {'; '.join(wrong)}. {advice}")
        return facts

    def _file(self, name: str) -> Path:
        return self._layout.serving_dir / f"{name}.json"

    # ------------------------------------------------------------------ encoding
    def encoder(self, name: str) -> Encoder:
        """The encoder behind an endpoint; what was given to `use` may only encode texts.

        Raises:
            NotFound: no such endpoint. ModelUnavailable, MissingExtra: its model can't be had here.
        """
        if name in self._given:
            return self._given[name]
        return self._load(None if name in BUILT_IN else self._read(name)["encoder"])

    def embed_texts(
        self,
        name: str,
        texts: Sequence[str],
        progress: Callable[[int], object] = lambda count: None,
    ) -> list[Vector | str]:
        """For each text its vector, or why it has none.

        A text that was encoded before, under the same model, comes from the workspace's cache. Where
        the encoder fails on a batch, halves of it are tried, so that only the bad texts fail.

        Args:
            texts: n strings, not empty. progress: called with the number of distinct texts that
                were encoded just now.

        Returns:
            n times a (dimension,) float32 vector, or a sentence.

        Raises:
            NotFound: no such endpoint. ModelUnavailable, MissingExtra: its model can't be had here.
        """
        from engine.encode.cache.embeddings import (  # sqlite3; queries don't need it
            EmbeddingCache,
            digest,
        )

        encoder = self.encoder(name)
        distinct = {digest(text.encode("utf-8", "surrogatepass")): text for text in texts}
        cache = EmbeddingCache(self._layout.cache_file)
        try:
            is_unit = isinstance(encoder, Encoder)  # others may answer vectors of any length
            facts = (encoder.fingerprint, _precision(encoder), encoder.dimension, is_unit)
            part = cache.part("text", *facts)
            known = part.get(list(distinct))
            found: dict[bytes, Vector | str] = {key: known[key].vector for key in known}
            missing = [key for key in distinct if key not in found]
            for start in range(0, len(missing), BATCH_TEXTS):
                check()
                keys = missing[start : start + BATCH_TEXTS]
                outcomes = list(_outcomes(name, encoder, [distinct[key] for key in keys]))
                found.update(zip(keys, outcomes))
                _remember(part, keys, outcomes)
                progress(len(keys))
        finally:
            cache.close()
        return [found[digest(text.encode("utf-8", "surrogatepass"))] for text in texts]

    def encode_text(self, name: str, text: str) -> Vector:
        """(dimension,) float32 of one text, without the cache.

        Raises:
            NotFound: no such endpoint. InvalidParameterValue: it fails, and why.
        """
        try:
            vector: Vector = _matrix(self.encoder(name), [text])[0]
        except NotFound:
            raise
        except Exception as error:
            raise InvalidParameterValue(failed_call(name, error)) from error
        return vector

    # Last, because it hides the type of this name below it.
    def list(self) -> list[dict[str, Any]]:
        """All endpoints, by name."""
        found = []
        for name in self._names():
            with contextlib.suppress(NotFound):  # deleted just now
                found.append(self.get(name))
        return found


def _damaged(name: str, reason: str) -> dict[str, Any]:
    """An endpoint that can't be read, as the API shows one that failed."""
    failed = {"deployment": "DEPLOYMENT_FAILED", "deployment_state_message": reason}
    entity = {"name": "unknown", "entity_name": "unknown", "entity_version": "1", "state": failed}
    return {
        "name": name,
        "description": reason,
        "state": {"ready": "NOT_READY", "config_update": "UPDATE_FAILED"},
        "task": TASK,
        "config": {"served_entities": [entity], "output": "unknown"},
    }


def failed_call(name: str, why: object) -> str:
    """The cloud's text for an endpoint that fails, and the reason behind it."""
    reason = getattr(why, "message", None) or (
        f"{type(why).__name__}: {why}" if isinstance(why, Exception) else why
    )
    return f"Failed to call Model Serving endpoint: {name}. {reason}"


def _outcomes(name: str, encoder: TextEncoder, texts: Sequence[str]) -> Iterator[Vector | str]:
    try:
        yield from _matrix(encoder, texts)
    except (ModelUnavailable, MissingExtra):
        raise  # no text can be encoded
    except Exception as error:  # a model's own: whatever it is, it is the reason
        if len(texts) == 1:
            yield failed_call(name, error)
            return
        half = len(texts) // 2
        for part in (texts[:half], texts[half:]):
            yield from _outcomes(name, encoder, part)


def _matrix(encoder: TextEncoder, texts: Sequence[str]) -> Matrix:
    """(n, dimension) float32 of n texts. Raises ValueError where the encoder returns anything else."""
    return checked_rows(encoder.encode_texts(list(texts)), len(texts), encoder.dimension)


def checked_rows(answer: object, rows: int, dimension: int) -> Matrix:
    """What a model answered as (rows, dimension) float32. Raises ValueError for anything else."""
    given = np.asarray(answer)
    expected = (rows, dimension)
    if given.shape != expected or given.dtype.kind not in "fiu":
        raise ValueError(
            f"it returned {given.dtype} of shape {given.shape}; expected numbers of shape {expected}"
        )
    with np.errstate(over="ignore"):
        matrix: Matrix = given.astype(np.float32)
    if not np.isfinite(matrix).all():
        raise ValueError("it returned a number that is NaN, infinite or beyond float32")
    return matrix


def _remember(part: CachePart, keys: Sequence[bytes], outcomes: Sequence[Vector | str]) -> None:
    good = [(key, out) for key, out in zip(keys, outcomes) if not isinstance(out, str)]
    if good:
        part.put([key for key, _ in good], np.stack([vector for _, vector in good]))


def _precision(encoder: TextEncoder) -> str:
    return str(getattr(encoder, "precision", "float32"))


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidParameterValue(
            f"Serving endpoint name is {name!r:.80}; expected 1 to 63 letters, digits, '_', '-' or "
            "'.', the first one a letter or digit."
        )
