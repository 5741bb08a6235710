"""Python models that MLflow has logged: copied from where they are, opened, asked. The wall of mlflow.

mlflow is imported when such a model is deployed or asked, and never before. Its telemetry is off from
then on where the engine is the first to import it; the environment is as before. Opening a model runs
its code: MLflow pickles it.
"""

from __future__ import annotations

import base64
import importlib
import math
import os
import shutil
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from engine.errors import BadRequest, ModelUnavailable
from engine.optional import check, require

MODEL_FILE = "MLmodel"  # what a folder holds that MLflow has written a model to
REGISTRY, RUNS = "models:/", "runs:/"
_PURPOSE = "A Python model logged by MLflow"
_TELEMETRY = "MLFLOW_DISABLE_TELEMETRY"
_PLACES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
_quiet = threading.RLock()  # warnings are ignored for the process: by one thread at a time

Record = Mapping[str, Any]


class ModelFailed(BadRequest):
    """A model's own code failed, or answered with what can't be sent."""


def local_folder(source: str) -> Path | None:
    """The folder that a source names: by its path or as `file:`; None for another kind of address."""
    if source.startswith("file:"):
        return Path(unquote(urlsplit(source).path))
    return Path(source).expanduser() if source.startswith(("/", "./", "../", "~")) else None


def has_registry() -> bool:
    """Whether somebody said where MLflow's own registry is: by the environment, or in this process."""
    if any(os.environ.get(name) for name in _PLACES):
        return True
    loaded = sys.modules.get("mlflow")
    return loaded is not None and bool(loaded.is_tracking_uri_set())


def copy_model(source: str, into: Path) -> None:
    """Copy a model's folder to `into`, which does not exist yet.

    Args:
        source: a folder, `file:...`, `runs:/ID/NAME`, `models:/NAME/VERSION` or `models:/NAME@ALIAS`.

    Raises:
        ModelUnavailable: it is not there, or no model. MissingExtra: mlflow is not installed.
    """
    folder = local_folder(source)
    if folder is None:
        if not source.startswith((REGISTRY, RUNS)):
            raise ModelUnavailable(
                f"model {source!r:.200} can't be had: expected a folder, {RUNS}ID/NAME, "
                f"{REGISTRY}NAME/VERSION or {REGISTRY}NAME@ALIAS."
            )
        folder = _downloaded(source, into.with_name(f"{into.name}-fetched"))
    try:
        if not (folder / MODEL_FILE).is_file():
            raise ModelUnavailable(
                f"model {source!r:.200} can't be had: {folder} holds no file {MODEL_FILE}. Expected "
                "what mlflow.pyfunc.log_model or save_model wrote."
            )
        shutil.copytree(folder, into)
    finally:
        shutil.rmtree(into.with_name(f"{into.name}-fetched"), ignore_errors=True)


def _downloaded(source: str, folder: Path) -> Path:
    mlflow = _imported("mlflow")
    if not has_registry():
        raise ModelUnavailable(
            f"model {source!r:.200} can't be had: it is not registered in this workspace, and nobody "
            "said where MLflow keeps its models. Set MLFLOW_TRACKING_URI, or register it: "
            "workspace.register_model(name, folder)."
        )
    folder.mkdir(parents=True)
    try:
        found = mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=str(folder))
    except (mlflow.exceptions.MlflowException, OSError) as error:
        raise ModelUnavailable(
            f"model {source!r:.200} can't be had from MLflow: {error}"
        ) from error
    return Path(found)


def input_columns(folder: Path) -> list[dict[str, Any]] | None:
    """The columns of a model's signature: name, type, required; None where it has none, or tensors.

    Raises:
        ModelUnavailable: the folder's description can't be read.
    """
    mlflow = _imported("mlflow.models")
    try:
        schema = mlflow.Model.load(str(folder)).get_input_schema()
    except Exception as error:  # YAML of whatever kind
        raise ModelUnavailable(f"{folder / MODEL_FILE} can't be read: {error}") from error
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return None
    return [
        {"name": c["name"], "type": c["type"], "required": bool(c.get("required", True))}
        for c in schema.to_dict()
    ]


class OpenedModel:
    """A model that was opened; it is asked by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Open it, which runs its code. Raises ModelUnavailable, MissingExtra."""
        pyfunc = _imported("mlflow.pyfunc")
        try:
            with _quiet, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what MLflow would rather have had logged
                self._model = pyfunc.load_model(str(folder))
        except Exception as error:  # of the model's own code
            raise ModelUnavailable(
                f"The model in {folder} can't be opened: {type(error).__name__}: {error}"
            ) from error
        self._turn = threading.Lock()

    def predict(self, records: Sequence[Record]) -> Any:
        """What the model answers to records that all have the same keys, as plain JSON values.

        Raises:
            ModelFailed: its code failed, or it answered with what is no JSON.
        """
        json_utils = _imported("mlflow.utils.proto_json_utils")
        schema = self._model.metadata.get_input_schema()
        try:
            frame = json_utils.dataframe_from_parsed_json(
                [dict(record) for record in records], pandas_orient="records", schema=schema
            )
            with self._turn:
                return _plain(self._model.predict(frame))
        except ModelFailed:
            raise
        except Exception as error:  # of the model's own code, or of its signature
            raise ModelFailed(f"{type(error).__name__}: {error}") from error


def _plain(value: Any) -> Any:
    """JSON values of what a model answered: a frame's rows are objects, what is not finite is null."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if hasattr(value, "columns") and hasattr(value, "to_dict"):
        return _plain(value.to_dict(orient="records"))
    if hasattr(value, "tolist"):  # arrays, columns and their scalars
        return _plain(value.tolist())
    raise ModelFailed(
        f"it answered with {type(value).__name__}; expected numbers, texts, lists, arrays or a frame."
    )


def check_installed() -> None:
    """Raises MissingExtra where mlflow is not installed."""
    check("mlflow", _PURPOSE)


def _imported(module: str) -> Any:
    """A module of mlflow; the first import finds its telemetry switched off."""
    if module in sys.modules:
        return sys.modules[module]
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = os.environ.get(_TELEMETRY)
        os.environ[_TELEMETRY] = "true"
        try:
            require("mlflow", _PURPOSE)
            return importlib.import_module(module)
        finally:
            if before is None:
                os.environ.pop(_TELEMETRY, None)
            else:
                os.environ[_TELEMETRY] = before
