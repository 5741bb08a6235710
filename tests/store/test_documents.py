"""Small JSON documents: written with a checksum of themselves, those of older releases read as well."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import CorruptFile
from engine.store.layout import read_json, write_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.text().filter(lambda key: key != "checksum"), values, max_size=5)
_often = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sorted_json(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)


@_often
@given(documents)
def test_a_document_is_read_as_it_was_written(tmp_path: Path, value: dict[str, Any]) -> None:
    file = tmp_path / "document.json"
    write_json(file, value)
    assert read_json(file) == value
    made = json.loads(file.read_bytes())
    assert made.pop("checksum") == hashlib.sha256(sorted_json(value).encode()).hexdigest()


@_often
@given(documents)
def test_a_document_of_an_older_release_is_read(tmp_path: Path, value: dict[str, Any]) -> None:
    file = tmp_path / "document.json"
    checksum = hashlib.sha256(sorted_json(value).encode()).hexdigest()
    file.write_text(sorted_json({**value, "checksum": checksum}))
    assert read_json(file) == value


@_often
@given(documents, st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_of_a_document_is_told_or_changes_nothing(
    tmp_path: Path, value: dict[str, Any], place: int, bit: int
) -> None:
    file = tmp_path / "document.json"
    value = {**value, "format": 1}
    write_json(file, value)
    damaged = bytearray(file.read_bytes())
    damaged[place % len(damaged)] ^= 1 << bit
    file.write_bytes(damaged)
    try:
        read = read_json(file)
    except CorruptFile as error:
        assert "document.json is damaged" in error.message
    else:
        assert read == value  # as of an escape's letter in the other case
