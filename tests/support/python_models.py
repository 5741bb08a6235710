"""Python models as the users log them with MLflow, and where a test keeps MLflow's own files."""

from __future__ import annotations

import base64
import hashlib
import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NAME = "main.fashion_demo.clip_multimodal_encoder"
DIMENSION = 8
# As in the users' notebook, but for the weights: the code of a model is logged as a file of its own.
CODE = """
import base64, hashlib
import mlflow
import numpy as np

DIMENSION = {dimension}


class CLIPMultimodalEncoder(mlflow.pyfunc.PythonModel):
    def _encode(self, data):
        seed = list(hashlib.sha256(b"{salt}" + data).digest())
        vector = np.random.default_rng(seed).normal(size=DIMENSION)
        return vector / np.linalg.norm(vector)

    def predict(self, context, model_input, params=None):
        out = []
        for _, row in model_input.iterrows():
            parts = []
            if "image" in row and row["image"]:
                parts.append(self._encode(base64.b64decode(row["image"])))
            if "text" in row and row["text"]:
                if row["text"] == "break":
                    raise RuntimeError("the weights are broken")
                parts.append(self._encode(row["text"].encode()))
            if not parts:
                raise ValueError("a record needs 'text' or 'image'")
            mean = np.mean(parts, axis=0)
            out.append((mean / np.linalg.norm(mean)).tolist())
        return out


mlflow.models.set_model(CLIPMultimodalEncoder())
"""


def vector_of(data: bytes, salt: str = "") -> list[float]:
    """What the model says of a text's or photo's bytes."""
    seed = list(hashlib.sha256(salt.encode() + data).digest())
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return [float(number) for number in vector / np.linalg.norm(vector)]


def photo(text: str = "a photo") -> str:
    return base64.b64encode(text.encode()).decode()


def mlflow() -> Any:
    """MLflow itself, imported as quietly as its own users do."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        importlib.import_module("mlflow.pyfunc")
        return importlib.import_module("mlflow")


def signature(*columns: tuple[str, str, bool]) -> Any:
    """Of columns: type, name, whether it is required."""
    mlflow()
    types = importlib.import_module("mlflow.types")
    models = importlib.import_module("mlflow.models")
    specs = [types.ColSpec(kind, name, required=required) for kind, name, required in columns]
    return models.ModelSignature(inputs=types.Schema(specs))


def clip_signature() -> Any:
    return signature(("string", "text", False), ("string", "image", False))


def code_file(folder: Path, text: str = CODE, **values: Any) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "model.py"
    given = {"dimension": DIMENSION, "salt": "", **values}
    for key, value in given.items():
        text = text.replace(f"{{{key}}}", str(value))
    file.write_text(text)
    return str(file)


def save(folder: Path, signature: Any = None, text: str = CODE, **values: Any) -> Path:
    """The folder of a model, as `mlflow.pyfunc.save_model` writes it."""
    logged = mlflow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logged.pyfunc.save_model(
            str(folder),
            python_model=code_file(folder.with_name(f"{folder.name}-code"), text, **values),
            signature=signature,
            pip_requirements=[],
        )
    return folder


@contextmanager
def tracked(folder: Path) -> Iterator[Any]:
    """MLflow with its tracking and registry in a folder of files; undone afterwards."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        patch.setenv("MLFLOW_TRACKING_URI", folder.as_uri())
        yield mlflow()
