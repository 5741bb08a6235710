"""Files that are not applied: every error with its place, and YAML without its traps."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from engine import BadSourceFile, InvalidInputException
from engine.core.yaml_text import NotYaml, read_yaml
from engine.doors.seeding.file.document import SeedRefused
from engine.doors.seeding.file.reading import read_document
from engine.doors.seeding.file.resources import read_resources

EVERYTHING_WRONG = """\
tables:
  - nme: x
    rows: []
  - name: main.s.t
    rows: [{id: 1}, 5]
    from: x.csv
    primary_key: {a: 1}
    columns: {id: bigit, b: {type: string, coment: x, nullable: no}}
  - name: main.s.t
    comment: 5
    columns: {id: bigint}
    table_type: EXTERNAL
endpoints: [{name: e}]
vector_search_endpoints: [{name: Bad Name}]
vector_search_indexes:
  i1:
    endpoint_name: e
    primary_key: id
    index_type: DELTA_SYNC
    delta_sync_index_spec: {source_table: main.s.t, pipelinetype: TRIGGERED}
  main.s.ok:
    endpoint_name: e
    primary_key: id
    index_type: DELTA_SYNC
    rows: []
    delta_sync_index_spec:
      source_table: main.s.u
      pipeline_type: TRIGGERED
      embedding_vector_columns: [{name: v, embedding_dimension: two}]
"""


def refusal(tmp_path: Path, text: str, name: str = "seed.yaml") -> SeedRefused:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(SeedRefused) as refused:
        read_resources(read_document(file))
    return refused.value


def test_every_error_of_a_file_is_named_with_its_line(tmp_path: Path) -> None:
    lines = refusal(tmp_path, EVERYTHING_WRONG).message.splitlines()[1:]
    wanted = [
        "line 2, tables[0].nme: unknown field 'nme'. Did you mean 'name'?",
        "line 2, tables[0]: name is missing",
        "line 4, tables[1]: rows and from are ways to say where rows are; give one.",
        "line 5, tables[1].rows[1]: this is 5; expected a row",
        "line 7, tables[1].primary_key: this is {'a': 1}; expected the name of a column",
        "line 8, tables[1].columns.id: column 'id' is of the type 'bigit'",
        "line 8, tables[1].columns.b.coment: unknown field 'coment'. Did you mean 'comment'?",
        "line 8, tables[1].columns.b.nullable: this is 'no'; expected true or false.",
        "line 9, tables[2]: main.s.t is named twice",
        "line 10, tables[2].comment: this is 5; expected a string. Put it in quotes.",
        "line 12, tables[2].table_type: a table is EXTERNAL with a storage_location only.",
        "line 13, endpoints: unknown section 'endpoints'. Did you mean 'vector_search_endpoints'?",
        "line 14, vector_search_endpoints[0]: AI Search endpoint name",
        "line 16, vector_search_indexes.i1: Invalid index name.",
        "line 20, vector_search_indexes.i1.delta_sync_index_spec.pipelinetype: unknown field",
        "line 20, vector_search_indexes.i1.delta_sync_index_spec: pipeline_type is missing",
        "line 25, vector_search_indexes.main.s.ok.rows: an index of type DELTA_SYNC has the rows",
        "line 29, vector_search_indexes.main.s.ok.delta_sync_index_spec.embedding_vector_columns[0]."
        "embedding_dimension: this is 'two'; expected an integer.",
    ]
    assert len(lines) == len(wanted), "\n".join(lines)
    for line, start in zip(lines, wanted):
        assert line.strip().startswith(start)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file holds nothing"),
        ("- a\n", "expected sections"),
        ("tables:\n", "the file names nothing"),
        ("tables: 5\n", "line 1, tables: this is 5; expected a list"),
        ("tables: {a: 1}\ntables: {b: 1}\n", "line 2, tables: 'tables' stands here twice"),
        ("resources: {tabels: {}}\n", "line 1, resources.tabels: unknown section 'tabels'."),
        ("schemas: [{name: s}]\n", "line 1, schemas[0]: 's' is not a full name"),
        ("schemas: [{name: s, catalog_name: '${var.x}'}]\n", "${var.x} stands for nothing here"),
    ],
)
def test_what_is_no_file_of_resources_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refusal(tmp_path, text).message


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"tables:\n\t- x\n", 2, "not YAML"),
        (b"tables: [\n", 2, "not YAML"),
        (b"tables: caf\xe9\n", 1, "0xe9"),
        (b"a: 1\n---\nb: 2\n", 2, "second document"),
        (b"a: *nothing\n", 1, "stands for nothing"),
        (b"a: &x [*x]\n", 1, "stands for nothing"),
        (b'a: !!python/object/apply:os.system ["true"]\n', 1, "tag"),
        (b"a: !!int x\n", 1, "is no int"),
        (b"a: b\x00c\n", 1, "not YAML"),
        (b"? [1, 2]\n: x\n", 1, "expected a text"),
        (b"a: " + b"[" * 60 + b"]" * 60, 1, "deeper"),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(
    tmp_path: Path, data: bytes, line: int, reason: str
) -> None:
    file = tmp_path / "seed.yaml"
    file.write_bytes(data)
    with pytest.raises(BadSourceFile, match=reason) as raised:
        read_document(file)
    assert raised.value.line == line


def test_anchors_that_grow_without_bounds_are_refused_at_once() -> None:
    names = "abcdefgh"
    lines = [f"{names[0]}: &{names[0]} [x,x,x,x,x,x,x,x,x]"]
    for before, name in itertools.pairwise(names):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
    with pytest.raises(NotYaml, match="more than 2,000,000 values") as refused:
        read_yaml("\n".join(lines))
    assert refused.value.line == 7


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("true", True), ("False", False),
        ("2026-01-31", "2026-01-31"), ("007", "007"), ("1_000", "1_000"), ("12:30", "12:30"),
        ("0x1F", "0x1F"), ("1e3", 1000.0), ("-5", -5), ("+5", 5), ("0", 0), ("1.50", 1.5),
        (".5", 0.5), (".", "."), ("-", None), ("~", None), ("", None), ("null", None), ("'5'", "5"),
        ("!!str 5", "5"), ("!!float 5", 5.0), ("1.2.3", "1.2.3"), (".inf", math.inf), ("e5", "e5"),
        ("9" * 30, int("9" * 30)), ("=", "="),
    ],
)  # fmt: skip
def test_values_are_what_they_look_like(text: str, value: Any) -> None:
    if text == "-":
        assert read_yaml("a:\n  -\n")[0] == {"a": [None]}
        return
    found = read_yaml(f"a: {text}\n")[0]["a"]
    assert (found, type(found)) == (value, type(value))


def test_anchors_and_merges_work() -> None:
    text = "base: &b {x: 1, y: 2}\nmade: {<<: *b, y: 3}\nboth: {<<: [{x: 9}, *b]}\n"
    value, lines, problems = read_yaml(text)
    assert value["made"] == {"x": 1, "y": 3} and value["both"] == {"x": 9, "y": 2}
    assert lines[("made", "y")] == 2 and not problems


def test_json_is_read_as_json_and_its_errors_named(tmp_path: Path) -> None:
    twice = refusal(tmp_path, '{"tables": {"a": {}, "a": {}}}', "seed.json")
    assert "'a' stands twice in one object" in twice.message
    file = tmp_path / "seed.json"
    file.write_text('{"tables":\n [1,}')
    with pytest.raises(BadSourceFile, match="not JSON") as raised:
        read_document(file)
    assert raised.value.line == 2
    file.write_text('{"tables": {"main.s.t": {"rows": [{"a": "\\ud83d\\ude00"}]}}}', "utf-16")
    assert read_resources(read_document(file))[0][0].fields["rows"] == [{"a": "😀"}]


def test_other_files_and_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputException, match="ends with none of"):
        read_document(tmp_path / "seed.toml")
    with pytest.raises(BadSourceFile, match="it can't be read"):
        read_document(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(BadSourceFile, match="it can't be read"):
        read_document(tmp_path / "folder.yaml")
