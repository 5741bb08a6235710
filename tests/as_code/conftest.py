"""The bundled catalogue with its users, served; and a photo that its user has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import Runner, users_of
from support.server import announced

from engine import Settings, Workspace
from engine.shop.demo import sample_dir


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where snippets run: the user's photo lies there."""
    made = tmp_path_factory.mktemp("as code of a user's")
    (made / "photo.jpg").write_bytes((sample_dir() / "images" / "10208.jpg").read_bytes())
    return made


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The bundled catalogue by the embedded model, with its users; a path that needs quoting."""
    workspace = Workspace(settings=Settings(tmp_path_factory.mktemp("as code") / "it's a $HOME"))
    workspace.build(sample_dir() / "styles.csv", sample_dir() / "images")
    workspace.build_users()
    return workspace


@pytest.fixture(scope="session")
def runner(shop: Workspace, folder: Path) -> Iterator[Runner]:
    with announced(shop.path, "--quiet") as (_, ready), users_of(shop, ready, folder) as made:
        yield made
