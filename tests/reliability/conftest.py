"""The server of forked children, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from reliability.forks import Forks


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    server = Forks()
    yield server
    server.close()
