"""What `import engine` offers: a sorted list, complete, and the same for people and type checkers."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import engine
from engine import errors


def imported_for_type_checkers() -> dict[str, str]:
    """Name -> module of the imports under `if TYPE_CHECKING:` in the package."""
    assert engine.__file__ is not None
    tree = ast.parse(Path(engine.__file__).read_text(encoding="utf-8"))
    blocks = [
        node
        for node in tree.body
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    ]
    return {
        alias.asname or alias.name: str(statement.module)
        for block in blocks
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_public_names_are_sorted_and_there_once() -> None:
    names = list(engine.__all__)
    assert names == sorted(names, key=lambda name: (not name.startswith("__"), name))
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", engine.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(engine, name) is not None


def test_public_names_are_what_can_be_reached() -> None:
    reachable = {
        name
        for name in dir(engine)
        if not name.startswith("_") and not inspect.ismodule(getattr(engine, name))
    }
    machinery = {"annotations", "TYPE_CHECKING", "Any"}  # what the module itself imports
    assert reachable - machinery == set(engine.__all__) - {"__version__"}


def test_type_checkers_see_the_same_names_from_the_same_places() -> None:
    imports = imported_for_type_checkers()
    assert sorted(imports) == sorted(set(engine.__all__) - {"__version__"})
    assert imports == engine._HOME_OF


def test_dir_lists_every_public_name() -> None:
    assert set(engine.__all__) <= set(dir(engine))
    assert dir(engine) == sorted(dir(engine))


def test_every_error_is_public() -> None:
    of_the_tree = {
        name
        for name, member in vars(errors).items()
        if inspect.isclass(member) and issubclass(member, errors.VitrineError)
    }
    assert of_the_tree <= set(engine.__all__)


def test_a_star_import_brings_exactly_the_public_names() -> None:
    space: dict[str, object] = {}
    exec("from engine import *", space)
    assert set(space) - {"__builtins__"} == set(engine.__all__)


def test_the_clients_old_names_are_the_same_classes() -> None:
    assert engine.VectorSearchClient is engine.AISearchClient
    assert engine.VectorSearchIndex is engine.AISearchIndex
    assert engine.VectorSearchException is engine.AISearchException is engine.VitrineError
    assert engine.ResourceDoesNotExist is engine.NotFound


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="'Workspaces'"):
        engine.Workspaces  # noqa: B018
    assert not hasattr(engine, "nothing")


def test_the_version_has_three_numbers() -> None:
    assert [part.isdecimal() for part in engine.__version__.split(".")] == [True, True, True]
