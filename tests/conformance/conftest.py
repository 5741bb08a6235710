"""One workspace, one server and one of each door for all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.world import World


# What `--live` needs, by the name that the test knows it by.
_LIVE = {
    "host": "DATABRICKS_HOST",
    "token": "DATABRICKS_TOKEN",
    "endpoint": "VITRINE_LIVE_ENDPOINT",
    "schema": "VITRINE_LIVE_SCHEMA",
}
_ENVIRONMENT = pytest.StashKey[Mapping[str, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--live", action="store_true", help="ask a workspace of the cloud too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "live: asks a workspace of the cloud; run with --live alone")
    config.stash[_ENVIRONMENT] = dict(os.environ)  # before tests take credentials away


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--live", default=False):
        live = [item for item in items if item.get_closest_marker("live")]
        config.hook.pytest_deselected(items=live)
        items[:] = [item for item in items if item not in live]


@pytest.fixture(scope="session")
def live_workspace(pytestconfig: pytest.Config) -> Mapping[str, str]:
    """The workspace that `--live` asks, as the environment names it."""
    environment = pytestconfig.stash[_ENVIRONMENT]
    missing = [name for name in _LIVE.values() if not environment.get(name)]
    if missing:
        pytest.fail(f"--live needs {', '.join(missing)}; see tests/conformance/README.md")
    report = environment.get("VITRINE_LIVE_REPORT", "live-report.md")
    return {key: environment[name] for key, name in _LIVE.items()} | {"report": report}


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
