"""Every guess about the cloud is listed, shown by a test that exists, and told in the README."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conformance.differences import DIFFERENCES, Difference
from write_differences import README, with_table

TESTS = Path(__file__).parents[1]


def test_the_readme_has_the_table() -> None:
    text = README.read_text()
    assert text == with_table(text), "run: python tests/write_differences.py"


@pytest.mark.parametrize("entry", DIFFERENCES, ids=lambda entry: entry.topic)
def test_the_test_that_shows_it_exists(entry: Difference) -> None:
    file, _, name = entry.test.partition("::")
    functions = {
        node.name
        for node in ast.walk(ast.parse((TESTS.parent / file).read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert name in functions


def test_no_topic_is_listed_twice() -> None:
    topics = [entry.topic for entry in DIFFERENCES]
    assert len(set(topics)) == len(topics) > 20
