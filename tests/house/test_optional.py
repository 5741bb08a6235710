"""Extras: the install line that works here, and an environment that imports leave as it was."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from support.needs import BRINGS

from engine import MissingExtra
from engine.optional import EXTRA_OF, check, checkout, install_line, require

ROOT = Path(__file__).parents[2]


class Installed:
    """A distribution whose installer left this behind."""

    def __init__(self, direct_url: str | None) -> None:
        self._direct_url = direct_url

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._direct_url


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(direct_url: str | None) -> None:
        monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Installed(direct_url))

    return install


def test_in_a_checkout_the_extra_comes_from_there(
    installed: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "my folder%20é"
    folder.mkdir()
    installed(f'{{"url": "{folder.as_uri()}", "dir_info": {{"editable": true}}}}')
    assert checkout() == folder
    assert install_line("clip") == f"pip install -e '.[clip]' (in {folder})"
    monkeypatch.chdir(folder)
    assert install_line("clip") == "pip install -e '.[clip]'"


@pytest.mark.parametrize(
    "direct_url",
    [
        None,
        '{"url": "https://files.example.invalid/vitrine.whl", "archive_info": {}}',
        '{"url": "file:///somewhere", "dir_info": {}}',
        '{"url": "file:///somewhere", "dir_info": {"editable": false}}',
    ],
    ids=["by name", "a wheel", "a folder", "a folder, not editable"],
)
def test_elsewhere_it_comes_by_its_name(installed: Any, direct_url: str | None) -> None:
    installed(direct_url)
    assert checkout() is None
    assert install_line("delta") == "pip install 'vitrine-search[delta]'"


def test_on_the_path_alone_it_is_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert checkout() == ROOT


@pytest.mark.parametrize("package", EXTRA_OF)
def test_what_is_missing_is_named_with_its_line(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.optional.is_installed", lambda _: False)
    with pytest.raises(MissingExtra) as caught:
        check(package, "The work")
    assert f"The work needs the package {package!r}" in caught.value.message
    assert install_line(EXTRA_OF[package]) in caught.value.message


def test_tests_know_the_packages_of_the_same_extras() -> None:
    by_others_too = (
        "huggingface_hub",
        "huggingface_hub.constants",
        "certifi",
    )  # which the light install has
    for package, extra in EXTRA_OF.items():
        assert package in BRINGS[extra] or package in by_others_too


def test_what_a_package_puts_into_the_environment_is_undone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "made_up_package.py").write_text(
        "import os\nos.environ['TOKENIZERS_PARALLELISM'] = 'changed'\n"
        "os.environ['TORCHINDUCTOR_CACHE_DIR'] = 'changed'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "mine")
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    before = dict(os.environ)
    assert require("made_up_package", "A test") is sys.modules.pop("made_up_package")
    assert dict(os.environ) == before
