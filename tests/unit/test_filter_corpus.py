"""Texts that a fuzzer found worth keeping are filters or bad requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.filter_text import parse_text
from engine.core.schema import Column
from engine.errors import BadRequest

CORPUS = sorted((Path(__file__).parents[1] / "fuzz" / "corpus").iterdir())
KINDS = ("int", "float", "string", "boolean", "date", "timestamp")
KNOWN = {kind[0]: Column(kind[0], kind) for kind in KINDS}  # type: ignore[arg-type]


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_a_text_of_the_corpus_is_a_filter_or_a_bad_request(file: Path) -> None:
    try:
        parse_text(file.read_bytes().decode("utf-8", "replace"), KNOWN)
    except BadRequest as error:
        assert error.message


def test_the_corpus_is_there_and_small() -> None:
    assert 15 <= len(CORPUS) <= 60
