"""Texts and values of any kind come back from each language as they were: parsed, not run."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess

import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from engine.core.filters.dict_form import parse_dict
from engine.core.filters.tree import Node, matches
from engine.core.schema import Column
from engine.shop.as_code.photos import Photo
from engine.shop.as_code.snippets import CantSay
from engine.shop.as_code.writing import curl_lines
from engine.shop.as_code.writing.conditions import condition
from engine.shop.as_code.writing.quoting import (
    json_text,
    python_lines,
    python_text,
    python_value,
    shell_option,
    shell_word,
    sql_name,
    sql_text,
    weight_text,
)

ODD = ["'", '"', "$HOME `id` \\", "a\n-- b; DROP", "é👗  \u0085", "-k", "%_{x}@f", '"""', "\x00"]
TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=30)).filter(lambda t: _is_text(t))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXTS,
              st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=9), st.dictionaries(TEXTS, inner, max_size=4)),
)  # fmt: skip


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


@given(TEXTS.filter(lambda text: "\0" not in text))
@example("--help")
def test_a_word_of_a_shell(text: str) -> None:
    assert shlex.split(shell_word(text)) == [text]
    option = shlex.split(shell_option("--filter", text))
    assert option in (["--filter", text], [f"--filter={text}"])
    assert not (len(option) == 2 and text.startswith("-"))


def test_a_word_with_nul_is_refused() -> None:
    with pytest.raises(CantSay, match="NUL"):
        shell_word("a\0b")


@pytest.mark.parametrize("text", [text for text in ODD if "\0" not in text])
def test_bash_itself_reads_a_word_as_it_was(text: str) -> None:
    code = curl_lines.printed(text)
    run = subprocess.run(["bash", "-eu", "-c", code], capture_output=True, check=True)
    assert run.stdout.decode() == text


@given(TEXTS)
def test_a_text_of_sql(text: str) -> None:
    found = sqlglot.parse_one(f"SELECT {sql_text(text)}", dialect="databricks").expressions[0]
    assert isinstance(found, exp.Literal) and found.is_string
    assert found.this.replace("\\0", "\0") == text.replace("\\0", "\0")


@given(st.text(min_size=1, max_size=20).filter(lambda t: t.isprintable()))
def test_a_name_of_sql(name: str) -> None:
    found = sqlglot.parse_one(f"SELECT {sql_name(name)} FROM t", dialect="databricks")
    assert found.expressions[0].name == name


@given(TEXTS)
def test_a_text_of_python(text: str) -> None:
    assert ast.literal_eval(python_text(text)) == text
    assert ast.literal_eval(python_lines(text)) == text


@given(VALUES, st.integers(0, 12))
@settings(max_examples=200)
def test_a_value_of_python_and_of_json(value: object, indent: int) -> None:
    assert ast.literal_eval(python_value(value, indent)) == value
    assert json.loads(json_text(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_weight_keeps_its_digits(weight: float) -> None:
    assert float(weight_text(weight)) == weight


@given(TEXTS.filter(lambda text: "\0" not in text), TEXTS.filter(lambda text: "\0" not in text))
def test_calls_by_curl(name: str, value: str) -> None:
    words = shlex.split(curl_lines.get("/a", [("filters", value)]).replace("\\\n", " "))
    assert words[-2:] == ["--data-urlencode", f"filters={value}"]
    words = shlex.split(curl_lines.post("/a", {"query": value}).replace("\\\n", " "))
    assert words[-2] == "--data-raw" and json.loads(words[-1]) == {"query": value}
    call = curl_lines.upload("/a", Photo(f"/p{name}/x.jpg"), [("query", value)])
    assert f"query={value}" in shlex.split(call.replace(" |\n", " ").replace("\\\n", " "))


COLUMNS = {
    "name": Column("name", "string"),
    "price": Column("price", "float"),
    "odd `name`": Column("odd `name`", "int"),
    "tags": Column("tags", "string", is_array=True),
}
LEAVES = st.one_of(
    st.builds(lambda v: {"name": v}, TEXTS),
    st.builds(lambda v: {"name NOT": v}, st.lists(TEXTS, min_size=1, max_size=3)),
    st.builds(lambda v: {"name LIKE": f"%{v}%"}, TEXTS),
    st.builds(
        lambda o, v: {f"price{o}": v},
        st.sampled_from(["", " <", " >", " NOT"]),
        st.floats(-9, 9, allow_nan=False),
    ),
    st.builds(lambda v: {"odd `name` >=": v}, st.integers(-9, 9)),
    st.builds(lambda v: {"tags": v}, st.lists(TEXTS, min_size=1, max_size=3)),
)


@given(st.lists(LEAVES, min_size=1, max_size=3))
def test_conditions_are_sql_with_the_values_that_were_given(
    leaves: list[dict[str, object]],
) -> None:
    node = parse_dict(leaves, COLUMNS)
    assert node is not None
    tree = sqlglot.parse_one(f"SELECT 1 FROM t WHERE {condition(node)}", dialect="databricks")
    known = {column.name for column in tree.find_all(exp.Column)}
    assert known <= set(COLUMNS) and known == _columns(leaves)


def _columns(leaves: list[dict[str, object]]) -> set[str]:
    return {name for leaf in leaves for key in leaf for name in COLUMNS if key.startswith(name)}


def test_an_infinity_is_no_value_of_sql() -> None:
    node: Node | None = parse_dict({"price <": 1.5}, COLUMNS)
    assert node is not None and matches(node, {"price": 1.0})
    with pytest.raises(CantSay, match="infinity"):
        condition(parse_dict({"odd `name` <": 10**30}, COLUMNS) or node)
