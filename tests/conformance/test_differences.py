"""Every guess about the cloud is listed, and shown by a test that exists; DIFFERENCES.md is the list."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conformance.differences import DIFFERENCES, FILE, Difference, as_markdown

TESTS = Path(__file__).parents[1]


def test_the_document_is_current() -> None:
    assert FILE.read_text() == as_markdown(), "run: python tests/conformance/differences.py"


def test_the_readme_leads_to_it() -> None:
    assert str(FILE.relative_to(TESTS.parent)) in (TESTS.parent / "README.md").read_text()


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
