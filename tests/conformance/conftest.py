"""One workspace, one server and one of each door for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from conformance.world import World  # which needs extras

    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOST", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "CONFIG_PROFILE"):
            patch.delenv(f"DATABRICKS_{name}", raising=False)
        patch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path_factory.mktemp("home") / "none"))
        made = World(tmp_path_factory.mktemp("doors"))
        with made.serving():
            yield made
