"""The error tree: complete, documented, and readable as the client packages' errors are."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re

import pytest

from engine import errors
from engine.errors import VitrineError

CLASSES = {
    name: member
    for name, member in vars(errors).items()
    if inspect.isclass(member) and issubclass(member, VitrineError) and member.__name__ == name
}
ALIASES = {
    "AISearchException": errors.VitrineError,
    "VectorSearchException": errors.VitrineError,
    "ResourceDoesNotExist": errors.NotFound,
}
# What the service answers; the rest of the tree is the engine's own.
SERVICE = {
    "BadRequest": (400, "BAD_REQUEST"),
    "InvalidParameterValue": (400, "INVALID_PARAMETER_VALUE"),
    "InvalidState": (400, "INVALID_STATE"),
    "PermissionDenied": (403, "PERMISSION_DENIED"),
    "NotFound": (404, "RESOURCE_DOES_NOT_EXIST"),
    "ResourceConflict": (409, "RESOURCE_ALREADY_EXISTS"),
    "TooManyRequests": (429, "RESOURCE_EXHAUSTED"),
}


def make(kind: type[VitrineError]) -> VitrineError:
    if kind is errors.BadSourceFile:
        return errors.BadSourceFile("id is 'x'", file="styles.csv", line=7, value="x")
    return kind("what went wrong")


def documented() -> dict[str, tuple[int, str, str]]:
    """Class -> status, code and parent, as the module's docstring draws them."""
    assert errors.__doc__ is not None
    found: dict[str, tuple[int, str, str]] = {}
    parents: list[str] = []
    for line in errors.__doc__.splitlines():
        drawn = re.match(r"^    ([│├└─ ]*)([A-Z]\w+) +(\d{3}) ([A-Z_]+)", line)
        if drawn:
            depth = len(drawn[1]) // 4
            parents = [*parents[:depth], drawn[2]]
            found[drawn[2]] = (int(drawn[3]), drawn[4], parents[depth - 1] if depth else "")
    return found


def test_the_drawn_tree_is_the_whole_tree() -> None:
    actual = {
        name: (
            kind.status_code,
            kind.error_code,
            "" if kind is VitrineError else kind.__bases__[0].__name__,
        )
        for name, kind in CLASSES.items()
    }
    assert documented() == actual
    assert len(actual) > 10


@pytest.mark.parametrize("name", sorted(SERVICE))
def test_errors_of_the_service_have_its_status_and_code(name: str) -> None:
    assert (CLASSES[name].status_code, CLASSES[name].error_code) == SERVICE[name]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_reads_as_code_and_message(name: str) -> None:
    error = make(CLASSES[name])
    assert str(error) == f"[{error.error_code}] {error.message}"
    assert json.loads(error.response_content) == {
        "error_code": error.error_code,
        "message": error.message,
        "details": [],
    }


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_is_caught_by_the_base(name: str) -> None:
    with pytest.raises(errors.AISearchException):
        raise make(CLASSES[name])


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_survives_copying_and_the_way_to_another_process(name: str) -> None:
    error = make(CLASSES[name])
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(same) is type(error)
        assert str(same) == str(error)
        assert vars(same) == vars(error)


def test_the_clients_other_names_are_the_same_classes() -> None:
    for alias, kind in ALIASES.items():
        assert getattr(errors, alias) is kind


def test_code_written_for_the_cloud_finds_what_it_looks_for() -> None:
    error = errors.NotFound("Vector search index x not found")
    assert "RESOURCE_DOES_NOT_EXIST" in str(error)
    assert error.status_code == 404
    assert error.details == []
    assert isinstance(errors.InvalidParameterValue("x"), errors.BadRequest)
    assert isinstance(errors.MissingExtra("x"), ImportError)


def test_details_of_one_error_are_its_own() -> None:
    first, second = errors.NotFound("a"), errors.NotFound("b")
    first.details.append({"request_id": "1"})
    assert second.details == []
    assert json.loads(first.response_content)["details"] == [{"request_id": "1"}]


def test_a_source_files_error_says_where() -> None:
    error = errors.BadSourceFile("id is 'x'", file="styles.csv", line=7, value="x")
    assert error.message == "styles.csv, line 7: id is 'x'"
    assert (error.file, error.line, error.value) == ("styles.csv", 7, "x")
    assert errors.BadSourceFile("gone", file="styles.csv").message == "styles.csv: gone"
