"""Python models behind endpoints: records checked by a signature, texts to vectors.

Knows what a model's signature says and how its answer becomes vectors; not MLflow, and not where a model
comes from.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Matrix
from engine.core.schema import MAX_DIMENSION
from engine.core.values import shown
from engine.encode.models.pyfunc import ModelFailed, OpenedModel, input_columns
from engine.errors import InvalidParameterValue, ModelUnavailable
from engine.service.serving.entities.entity import Json, PythonModelFacts
from engine.store.model_versions import fingerprint_of

_TEXT = "text"
_PROBE = "red summer dress"  # what a model is asked to see whether it makes vectors


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_integer(value) or isinstance(value, float)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# What JSON has for a column of a signature; other types are MLflow's to check.
_FITS = {
    "string": _is_text,
    "binary": _is_text,
    "datetime": _is_text,
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "long": _is_integer,
    "float": _is_number,
    "double": _is_number,
}


class PythonModels:
    """The Python models that a process has opened, each once. Safe to use from many threads."""

    def __init__(self, root: Path) -> None:
        """
        Args:
            root: what the folders of models are below.
        """
        self._root = root
        self._opened: dict[str, OpenedModel] = {}
        self._opening: dict[str, threading.Lock] = {}  # one a folder: a model may take minutes

    def examine(self, folder: Path) -> PythonModelFacts:
        """What is known of a model from now on: it is opened, and asked for a vector.

        Raises:
            ModelUnavailable: it can't be opened. MissingExtra: mlflow is not installed.
        """
        inputs = input_columns(folder)
        column = _text_column(inputs)
        where = str(folder.relative_to(self._root))
        dimension, why = None, "its signature has no column of text"
        opened = self._open(where)
        if column is not None:
            try:
                answer = opened.predict([{column: _PROBE}])
                dimension = len(_rows(answer, 1)[0])
            except (ModelFailed, ValueError) as error:
                why = f"asked for one, {error.message if isinstance(error, ModelFailed) else error}"
        return PythonModelFacts(
            where,
            fingerprint_of(folder),
            inputs,
            column or _TEXT,
            dimension,
            "" if dimension else why,
        )

    def served(self, name: str, facts: PythonModelFacts) -> ServedModel:
        """A model as an endpoint has it; it is opened when it is first asked."""
        return ServedModel(name, facts, self)

    def predict(self, facts: PythonModelFacts, records: Sequence[Json]) -> Any:
        """What a model answers to records; those with other keys than the first are asked apart.

        A frame has every column for every row, and what a model then sees for a value that was not
        given is another thing in each release of pandas. null is a value that was not given.

        Raises:
            ModelFailed, ModelUnavailable, MissingExtra.
        """
        opened = self._open(facts.folder)
        given = [{k: v for k, v in record.items() if v is not None} or record for record in records]
        alike: dict[tuple[str, ...], list[int]] = {}
        for place, record in enumerate(given):
            alike.setdefault(tuple(sorted(record)), []).append(place)
        if len(alike) == 1:
            return opened.predict(given)
        out: list[Any] = [None] * len(given)
        for places in alike.values():
            answer = opened.predict([given[place] for place in places])
            if not isinstance(answer, list) or len(answer) != len(places):
                raise ModelFailed(
                    f"it answered {len(places)} records with {shown(answer)}; expected a list of as "
                    "many."
                )
            for place, one in zip(places, answer):
                out[place] = one
        return out

    def _open(self, folder: str) -> OpenedModel:
        found = self._opened.get(folder)
        if found is None:
            with self._opening.setdefault(folder, threading.Lock()):
                found = self._opened.get(folder)
                if found is None:
                    if not (self._root / folder).is_dir():
                        raise ModelUnavailable(
                            f"The files of the model are gone: {self._root / folder}. Update the "
                            "endpoint's configuration, or create it again."
                        )
                    found = self._opened[folder] = OpenedModel(self._root / folder)
        return found

    def forget_gone(self) -> None:
        """Let go of the models whose files were removed."""
        for folder in [one for one in list(self._opening) if not (self._root / one).is_dir()]:
            self._opened.pop(folder, None)
            if not self._opening[folder].locked():  # else it is being opened, and forgotten later
                self._opening.pop(folder, None)


class ServedModel:
    """A Python model behind an endpoint; encodes texts where it makes vectors."""

    def __init__(self, name: str, facts: PythonModelFacts, models: PythonModels) -> None:
        self.name = name
        self._facts, self._models = facts, models

    @property
    def fingerprint(self) -> str:
        return self._facts.fingerprint

    @property
    def dimension(self) -> int:
        """Length of its vectors. Raises InvalidParameterValue for a model that makes none."""
        if self._facts.dimension is None:
            raise InvalidParameterValue(
                f"Model {self.name} makes no vectors: {self._facts.why}. An index needs a model that "
                "answers a text with a list of numbers."
            )
        return self._facts.dimension

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """(n, dimension) float32 of n texts. Raises ValueError, ModelFailed, ModelUnavailable."""
        _ = self.dimension
        records = [{self._facts.text_column: text} for text in texts]
        return _rows(self._models.predict(self._facts, records), len(texts))

    def predict(self, endpoint: str, records: Sequence[object]) -> Any:
        """What the model answers to records, each an object or a text.

        Raises:
            InvalidParameterValue: a record that its signature does not take. ModelFailed.
        """
        column = self._facts.text_column
        objects = [{column: record} if isinstance(record, str) else record for record in records]
        checked = [_checked(self._facts, endpoint, r, place) for place, r in enumerate(objects)]
        return self._models.predict(self._facts, checked)


def _rows(answer: object, count: int) -> Matrix:
    """Vectors of what a model answered; one text's may be flat. Raises ValueError."""
    try:
        matrix = np.asarray(answer, dtype=np.float64).astype(np.float32)
    except (TypeError, ValueError):
        raise ValueError(f"it answered {shown(answer)}; expected lists of numbers") from None
    if count == 1 and matrix.ndim == 1:
        matrix = matrix[None, :]
    if matrix.ndim != 2 or len(matrix) != count or not 1 <= matrix.shape[1] <= MAX_DIMENSION:
        raise ValueError(
            f"it answered with shape {matrix.shape}; expected {count} lists of 1 to "
            f"{MAX_DIMENSION} numbers"
        )
    return matrix


def _text_column(inputs: list[Json] | None) -> str | None:
    """The column that a text goes into; None where a text alone is not enough."""
    if inputs is None:
        return _TEXT
    texts = [column["name"] for column in inputs if column["type"] == "string"]
    required = [column["name"] for column in inputs if column["required"]]
    for name in (*required, _TEXT, *texts):
        if name in texts and set(required) <= {name}:
            return str(name)
    return None


def _checked(facts: PythonModelFacts, endpoint: str, record: object, place: int) -> Json:
    """A record's values for the columns of the signature; others are left out, as MLflow does."""
    if not isinstance(record, Mapping) or not record:
        raise InvalidParameterValue(
            f"record {place} is {shown(record)}; expected an object with {_signature(facts)}."
        )
    if facts.inputs is None:
        return {str(key): value for key, value in record.items()}
    given = f"record {place} has {', '.join(map(repr, record)):.200}"
    asked = f"the model of endpoint {endpoint} takes {_signature(facts)}"
    names = [column["name"] for column in facts.inputs]
    missing = [c["name"] for c in facts.inputs if c["required"] and record.get(c["name"]) is None]
    if missing:
        raise InvalidParameterValue(f"{given}, not {', '.join(map(repr, missing))}; {asked}.")
    if not any(name in record for name in names):
        raise InvalidParameterValue(f"{given}; {asked}.")
    for column in facts.inputs:
        value, fits = record.get(column["name"]), _FITS.get(str(column["type"]))
        if value is not None and fits is not None and not fits(value):
            raise InvalidParameterValue(
                f"record {place}: {column['name']} is {shown(value)}; {asked}."
            )
    return {name: record[name] for name in names if name in record}


def _signature(facts: PythonModelFacts) -> str:
    if facts.inputs is None:
        return "columns of its own choice (it has no signature)"
    return ", ".join(
        f"{column['name']}: {_type_name(column['type'])}{'' if column['required'] else ' (optional)'}"
        for column in facts.inputs
    )


def _type_name(kind: object) -> str:
    return kind if isinstance(kind, str) else "object"
