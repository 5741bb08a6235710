"""Texts that once broke a filter parser, or could: each is read, or refused as a bad request."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.fuzz_filter_text import check

FILES = sorted((Path(__file__).parent / "filters").glob("*"))
REFUSED = {
    "array",
    "deep",
    "dict_deep",
    "dict_null",
    "function",
    "many_digits",
    "open_quote",
    "surrogate",
    "two_columns",
    "wrong_operator",
}


def test_the_corpus_is_there() -> None:
    assert len(FILES) >= 20
    assert {file.stem for file in FILES} > REFUSED


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_text_is_read_or_refused_as_a_bad_request(file: Path) -> None:
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    assert check(text) is (file.stem not in REFUSED)
