"""Python models registered in a workspace, in versions. Knows where models come from; not endpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.encode.models.pyfunc import REGISTRY, RUNS, copy_model, local_folder
from engine.store.layout import Layout
from engine.store.model_versions import ModelVersions


class ModelRegistry:
    """The registered models of a workspace. Safe to use from many threads and processes."""

    def __init__(self, layout: Layout) -> None:
        self._versions = ModelVersions(layout)

    def register(self, name: str, source: str | Path, alias: str | None = None) -> dict[str, Any]:
        """Register a Python model that MLflow logged, as the next version of a name.

        Its files are copied into the workspace. A Python model is a program, which runs when it is
        served: register only what you trust.

        Args:
            name: one to three parts, such as main.fashion_demo.clip_multimodal_encoder.
            source: its folder, `runs:/ID/NAME`, `models:/NAME/VERSION` or `models:/NAME@ALIAS`.
            alias: `models:/NAME@ALIAS` stands for this version from now on.

        Returns:
            `name`, `version` (text, as the API has it) and `aliases`.

        Raises:
            InvalidParameterValue: a bad name or alias. ModelUnavailable: no model there.
            MissingExtra: mlflow is not installed, which `runs:/` and `models:/` need.
        """
        given = str(source)
        if local_folder(given) is None and not given.startswith((REGISTRY, RUNS)):
            given = str(Path(given).absolute())
        number = self._versions.register(name, lambda into: copy_model(given, into), alias)
        found = self._versions.aliases(name).items()
        return {
            "name": name,
            "version": str(number),
            "aliases": sorted(each for each, version in found if version == number),
        }
