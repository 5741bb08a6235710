"""A contest over a small catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.planted_contest import made

from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.contest import Contest
from engine.bench.records.line import LeftOut


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return made(tmp_path_factory.mktemp("data"))


@pytest.fixture
def out() -> list[LeftOut]:
    return []


@pytest.fixture
def contest(catalogue: Catalogue, tmp_path: Path, out: list[LeftOut]) -> Iterator[Contest]:
    held = Contest("test", catalogue, tmp_path / "stores", out.append, budget_s=60)
    yield held
    held.close()
