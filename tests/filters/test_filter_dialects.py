"""Any tree: written as text or as dicts it is read as the same tree, and DuckDB keeps its rows."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from filters.test_filter_sql import (
    COLUMNS,
    FIELDS,
    PATTERNS,
    ROWS,
    SCHEMA,
    WORDS,
    rows_that_pass,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.core.filters.coercion import coerced
from engine.core.filters.dict_form import parse_dict
from engine.core.filters.sql import to_sql
from engine.core.filters.text_form import parse_text
from engine.core.filters.tree import (
    And,
    AnyOf,
    Compare,
    Is,
    IsNull,
    Like,
    Node,
    Not,
    Or,
    Words,
    columns_of,
    matches,
)
from engine.core.schema import Column
from engine.errors import BadRequest

OFTEN = settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
HUGE = 10**30  # what an infinity stands for beside integers
SCALARS = [name for name, column in COLUMNS.items() if not column.is_array]
RANGED = [name for name, field in FIELDS.items() if " <" in field.operators]
FROM_DICT = {"=": "", "!=": " NOT", "<": " <", "<=": " <=", ">": " >", ">=": " >="}


# ------------------------------------------------------------------ trees
def values(name: str) -> st.SearchStrategy[Any]:
    """Values of a column's conditions, as trees hold them; some are in rows."""
    column, field = COLUMNS[name], FIELDS[name]
    stored = field.wanted if column.is_array else field.values
    usable = (stored | field.wanted).filter(lambda v: not isinstance(v, float) or math.isfinite(v))
    return usable.map(lambda value: coerced("", column, value))


@st.composite
def comparisons(draw: st.DrawFn) -> Node:
    name = draw(st.sampled_from(SCALARS))
    operators = ["=", "!=", *(["<", "<=", ">", ">="] if name in RANGED else [])]
    return Compare(COLUMNS[name], draw(st.sampled_from(operators)), draw(values(name)))


@st.composite
def lists(draw: st.DrawFn, names: list[str]) -> Node:
    name = draw(st.sampled_from(names))
    wanted = tuple(draw(st.lists(values(name), min_size=1, max_size=3)))
    return AnyOf(COLUMNS[name], wanted, draw(st.booleans()))


@st.composite
def betweens(draw: st.DrawFn) -> Node:
    name = draw(st.sampled_from(RANGED))
    low, high = draw(values(name)), draw(values(name))
    column = COLUMNS[name]
    if draw(st.booleans()):
        return Or((Compare(column, "<", low), Compare(column, ">", high)))
    return And((Compare(column, ">=", low), Compare(column, "<=", high)))


TEXT_COLUMN = COLUMNS['base "color']
LIKES = PATTERNS.map(lambda pattern: Like(TEXT_COLUMN, pattern))
ALL_WORDS = st.lists(WORDS.filter(lambda word: "%" not in word), min_size=1, max_size=2).map(
    lambda words: Words(TEXT_COLUMN, tuple(words))
)
TESTS = st.builds(IsNull, st.sampled_from([COLUMNS[name] for name in SCALARS]), st.booleans()) | (
    st.builds(Is, st.just(COLUMNS["in_stock"]), st.booleans(), st.booleans())
)


def trees(leaves: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
            | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
            | inner.map(Not)
        ),
        max_leaves=6,
    )


TEXT_TREES = trees(comparisons() | lists(SCALARS) | betweens() | LIKES | TESTS)
ANY_TREES = trees(
    comparisons() | lists(SCALARS) | lists(sorted(FIELDS)) | betweens() | LIKES | ALL_WORDS | TESTS
)


def plain(node: Node) -> Node:
    """Without groups inside groups of their kind, and without NOT NOT: as text is read."""
    if isinstance(node, Not):
        part = plain(node.part)
        return part.part if isinstance(part, Not) else Not(part)
    if isinstance(node, (And, Or)):
        kind = type(node)
        parts: list[Node] = []
        for part in map(plain, node.parts):
            parts.extend(
                part.parts if isinstance(part, (And, Or)) and type(part) is kind else [part]
            )
        return kind(tuple(parts))
    return node


# ------------------------------------------------------------------ printers
def number_for_text(value: float) -> float:
    return math.copysign(1, value) * HUGE if math.isinf(value) else value


def as_text(node: Node, chance: Random) -> str:
    """The tree in the text dialect, in one of the ways to write it."""

    def cased(words: str) -> str:
        return chance.choice([words, words.lower(), words.title()])

    def column(column: Column) -> str:
        ways = [f"`{column.name}`", '"' + column.name.replace('"', '""') + '"']
        return chance.choice([*ways, column.name] if column.name.isidentifier() else ways)

    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def literal(value: Any) -> str:
        if isinstance(value, bool):
            return cased(str(value).upper())
        if isinstance(value, (int, float, Decimal)):
            if isinstance(value, float) and math.isinf(value):
                return str(HUGE if value > 0 else -HUGE)
            return chance.choice(["+", ""]) * (value >= 0 and str(value)[0] != "-") + str(value)
        if isinstance(value, (date, datetime)):
            text = quoted(value.isoformat())
            kind = "TIMESTAMP" if isinstance(value, datetime) else "DATE"
            return chance.choice([text, f"{cased(kind)} {text}", f"{cased('TO_' + kind)}({text})"])
        return quoted(value)

    def condition(node: Node) -> str:
        if isinstance(node, Compare):
            left, right, operator = column(node.column), literal(node.value), node.operator
            if chance.random() < 0.3:
                left, right = right, left
                operator = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(operator, operator)
            spelled = chance.choice(
                {"=": ["=", "=="], "!=": ["!=", "<>"]}.get(operator, [operator])
            )
            blank = chance.choice(["", " ", "\n"])
            return f"{left}{blank}{spelled}{blank}{right}"
        if isinstance(node, AnyOf):
            joined = ", ".join(map(literal, node.values))
            return f"{column(node.column)} {cased('NOT IN' if node.negated else 'IN')} ({joined})"
        if isinstance(node, Like):
            return f"{column(node.column)} {cased('LIKE')} {quoted(node.pattern)}"
        assert isinstance(node, (IsNull, Is))
        word = "NULL" if isinstance(node, IsNull) else str(node.value).upper()
        return f"{column(node.column)} {cased(('IS NOT ' if node.negated else 'IS ') + word)}"

    def between(node: Node) -> str | None:
        """BETWEEN, where the tree is one."""
        if not isinstance(node, (And, Or)) or len(node.parts) != 2:
            return None
        low, high = node.parts
        wanted = (">=", "<=") if isinstance(node, And) else ("<", ">")
        if not isinstance(low, Compare) or not isinstance(high, Compare):
            return None
        if low.column != high.column or (low.operator, high.operator) != wanted:
            return None
        word = cased("BETWEEN" if isinstance(node, And) else "NOT BETWEEN")
        ends = f"{literal(low.value)} {cased('AND')} {literal(high.value)}"
        return f"{column(low.column)} {word} {ends}"

    def written(node: Node) -> str:
        if (text := between(node)) and chance.random() < 0.7:
            return text
        if isinstance(node, Not):
            if isinstance(node.part, Like) and chance.random() < 0.5:
                like = node.part
                return f"{column(like.column)} {cased('NOT LIKE')} {quoted(like.pattern)}"
            return f"{cased('NOT')} ({written(node.part)})"
        if isinstance(node, And):
            parts = [f"({written(p)})" if isinstance(p, Or) else written(p) for p in node.parts]
            return f" {cased('AND')} ".join(parts)
        if isinstance(node, Or):
            return f" {cased('OR')} ".join(map(written, node.parts))
        text = condition(node)
        return f"(({text}))" if chance.random() < 0.1 else text

    return written(node)


def as_dicts(node: Node) -> list[dict[str, Any]]:
    """The tree in the dict dialect: conditions, and OR of single values, joined by AND."""

    def single(value: Any) -> Any:
        return (
            int(number_for_text(value)) if isinstance(value, float) and math.isinf(value) else value
        )

    def entry(leaf: Node, alone: bool) -> tuple[str, Any]:
        if isinstance(leaf, Compare):
            return leaf.column.name + FROM_DICT[leaf.operator], single(leaf.value)
        if isinstance(leaf, AnyOf):
            key = leaf.column.name + (" NOT" if leaf.negated else "")
            several = [single(value) for value in leaf.values]
            return key, several if alone else several[0]
        if isinstance(leaf, Words):
            return f"{leaf.column.name} LIKE", " ".join(leaf.words)
        assert isinstance(leaf, Like)
        return f"{leaf.column.name} LIKE", leaf.pattern

    written = []
    for part in node.parts if isinstance(node, And) else [node]:
        if isinstance(part, Or):
            entries = [entry(leaf, alone=False) for leaf in part.parts]
            written.append({" OR ".join(key for key, _ in entries): [v for _, v in entries]})
        else:
            written.append(dict([entry(part, alone=True)]))
    return written


WITH_PERCENT = LIKES.filter(lambda like: "%" in like.pattern)
OF_ONE_VALUE = st.sampled_from(["tags", "sizes", "weights"]).flatmap(
    lambda name: values(name).map(lambda value: AnyOf(COLUMNS[name], (value,)))
)


def dict_trees(alone: st.SearchStrategy[Node], in_or: st.SearchStrategy[Node]) -> Any:
    """What dicts can say: AND of conditions and of OR of conditions with one value."""
    joined = st.lists(in_or, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
    return st.lists(alone | joined, min_size=1, max_size=3).map(
        lambda parts: parts[0] if len(parts) == 1 else And(tuple(parts))
    )


SAYABLE_IN_BOTH = dict_trees(
    comparisons() | lists(SCALARS) | WITH_PERCENT, comparisons() | WITH_PERCENT
)
SAYABLE_IN_DICTS = dict_trees(
    comparisons() | lists(sorted(FIELDS)) | WITH_PERCENT | ALL_WORDS,
    comparisons() | WITH_PERCENT | ALL_WORDS | OF_ONE_VALUE,
)


# ------------------------------------------------------------------ properties
@OFTEN
@given(TEXT_TREES, st.randoms(use_true_random=False))
def test_a_tree_written_as_text_is_read_as_the_same_tree(tree: Node, chance: Random) -> None:
    text = as_text(tree, chance)
    assert parse_text(text, COLUMNS) == plain(tree), text


@OFTEN
@given(SAYABLE_IN_DICTS)
def test_a_tree_written_as_dicts_is_read_as_the_same_tree(tree: Node) -> None:
    assert parse_dict(as_dicts(tree), COLUMNS) == tree


@OFTEN
@given(SAYABLE_IN_BOTH, ROWS, st.randoms(use_true_random=False))
def test_what_both_dialects_can_say_keeps_the_same_rows(
    tree: Node, rows: list[dict[str, Any]], chance: Random
) -> None:
    from_text = parse_text(as_text(tree, chance), COLUMNS)
    from_dicts = parse_dict(as_dicts(tree), COLUMNS)
    assert from_text is not None
    assert from_dicts is not None
    expected = [matches(tree, row) for row in rows]
    assert [matches(from_text, row) for row in rows] == expected
    assert [matches(from_dicts, row) for row in rows] == expected


@OFTEN
@given(ANY_TREES, ROWS)
def test_duckdb_keeps_the_rows_of_any_tree(
    tmp_path_factory: pytest.TempPathFactory, tree: Node, rows: list[dict[str, Any]]
) -> None:
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    stored = table.to_pylist()
    kept = rows_that_pass(tmp_path_factory.getbasetemp(), table, tree)
    assert kept == [matches(tree, row) for row in stored]
    # and without groups in groups it means the same
    assert kept == [matches(plain(tree), row) for row in stored]


@OFTEN
@given(ANY_TREES, ROWS)
def test_a_row_passes_a_filter_or_its_opposite_or_the_truth_is_unknown(
    tree: Node, rows: list[dict[str, Any]]
) -> None:
    for row in rows:
        assert not (matches(tree, row) and matches(Not(tree), row))
        assert matches(Not(Not(tree)), row) == matches(tree, row)
        known = all(row[name] is not None and row[name] == row[name] for name in columns_of(tree))
        if known:
            assert matches(tree, row) != matches(Not(tree), row)


# Values that lie close together, and every single condition on them.
CLOSE: dict[str, list[Any]] = {
    "n": [None, 0, 1, 2**53 - 1, 2**53, 2**53 + 1, -(2**63)],
    "price": [None, float("nan"), -0.0, 0.0, 5e-324, 1.0, 1e300, float("inf"), float("-inf")],
    'base "color': [None, "", "a", "A", "ab", "a b", "á", "a\u0301", "👗", "%", "_", "a\0b", "\n"],
    "in_stock": [None, True, False],
    "day": [None, date(2024, 2, 28), date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)],
    "listed_at": [None, datetime(2024, 2, 29), datetime(2024, 2, 29, 0, 0, 0, 1)],
    "tags": [None, [], [None], ["a"], ["a", None], ["b", "a"]],
    "weights": [None, [], [float("nan")], [0.0, None], [-0.0], [1.0]],
}


def single_conditions(column: Column, held: list[Any]) -> list[Node]:
    """Each kind of condition that the column takes, on each of the values."""
    flat = [item for value in held for item in (value if isinstance(value, list) else [value])]
    wanted = [v for v in flat if v is not None and (not isinstance(v, float) or math.isfinite(v))]
    found: list[Node] = [AnyOf(column, tuple(wanted[:2]), negated) for negated in (False, True)]
    for value in wanted:
        found += [AnyOf(column, (value,), negated) for negated in (False, True)]
        if not column.is_array:
            operators = ["=", "!=", *(["<", "<=", ">", ">="] if column.name in RANGED else [])]
            found += [Compare(column, operator, value) for operator in operators]
    if not column.is_array:
        found += [IsNull(column), IsNull(column, negated=True)]
    if column.kind == "boolean":
        found += [
            Is(column, value, negated) for value in (True, False) for negated in (True, False)
        ]
    if column == TEXT_COLUMN:
        found += [Like(column, pattern) for pattern in ("", "%", "_", "a_", "a%b", "__", "a")]
        found += [Words(column, words) for words in (("a",), ("b", "a"), ("%",))]
    return found


@pytest.mark.parametrize("name", CLOSE)
def test_every_condition_and_its_opposite_agree_on_close_values(tmp_path: Path, name: str) -> None:
    table = pa.table({name: pa.array(CLOSE[name], FIELDS[name].type)})
    rows = table.to_pylist()
    for condition in single_conditions(COLUMNS[name], CLOSE[name]):
        for tree in (condition, Not(condition), Or((Not(condition), condition))):
            expected = [matches(tree, row) for row in rows]
            assert rows_that_pass(tmp_path, table, tree) == expected, tree


ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["' OR 1=1 --", '"; DROP TABLE t; --', "?", "column_0", "')", "$1"]
)
KEYWORDS = {
    *("AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "DISTINCT", "FROM", "true", "false", "?"),
    *("=", "!=", "<", "<=", ">", ">=", "isnan", "list_has_any", "list_contains"),
    "string_split_regex",
}
BLANKS_PATTERN = r"'[ \t\n\r\f\v]+'"


@OFTEN
@given(st.dictionaries(ANY_TEXT, st.sampled_from(list(COLUMNS.values())), min_size=1), st.data())
def test_no_value_and_no_name_reaches_the_sql(
    named: dict[str, Column], data: st.DataObject
) -> None:
    columns = [Column(name, like.kind, like.is_array) for name, like in named.items()]
    scalars = st.integers() | st.floats() | ANY_TEXT | st.booleans() | st.datetimes()
    leaf = st.sampled_from(columns).flatmap(
        lambda column: (
            st.builds(Compare, st.just(column), st.sampled_from(sorted(FROM_DICT)), scalars)
            | st.builds(
                AnyOf,
                st.just(column),
                st.lists(scalars, min_size=1, max_size=3).map(tuple),
                st.booleans(),
            )
            | st.builds(Like, st.just(column), ANY_TEXT)
            | st.builds(
                Words, st.just(column), st.lists(ANY_TEXT, min_size=1, max_size=2).map(tuple)
            )
            | st.builds(IsNull, st.just(column), st.booleans())
            | st.builds(Is, st.just(column), st.booleans(), st.booleans())
        )
    )
    tree = data.draw(trees(leaf))
    names = {column.name: f"column_{place}" for place, column in enumerate(columns)}
    sql, parameters = to_sql(tree, names)
    words = set(re.split(r"[\s(),\[\]]+", sql.replace(BLANKS_PATTERN, " "))) - {""}
    assert words <= KEYWORDS | set(names.values())
    assert sql.count("?") == len(parameters)
    assert columns_of(tree) <= names.keys()


# ------------------------------------------------------------------ garbage
SCRAPS = st.sampled_from(
    [
        *("price", "n", '`base "color`', "in_stock", "day", "listed_at", "tags", "price <", "'a'"),
        *(
            "5",
            "-1.5e3",
            "(",
            ")",
            ",",
            "=",
            "!=",
            "<>",
            "=>",
            "'",
            '"',
            "`",
            ";",
            "--",
            "\0",
            "💥",
        ),
        *(
            "AND",
            "or",
            "NOT",
            "IN",
            "LIKE",
            "BETWEEN",
            "IS",
            "NULL",
            "TRUE",
            "DATE",
            "TO_TIMESTAMP",
        ),
        *("'2024-01-01'", "price < 5", "NOT (n = 1", "tags = 'a'", "\n", "\ud800", "é"),
    ]
)
GARBAGE = (
    st.lists(SCRAPS, max_size=10).map(" ".join)
    | st.lists(SCRAPS, max_size=10).map("".join)
    | st.text(st.characters(exclude_categories=()), max_size=30)
)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(GARBAGE)
@example("'" * 7)
@example("1e")
@example("TO_DATE('x'")
@example("price < TO_DATE")
def test_any_text_is_read_or_refused_as_a_bad_request(text: str) -> None:
    try:
        node = parse_text(text, COLUMNS)
    except BadRequest as error:
        assert error.status_code == 400
        place = re.match(r"Filter has a syntax error at character (\d+):", error.message)
        if place is not None:
            line, caret = error.message.split("\n")[1:]
            assert 1 <= int(place[1]) <= len(text) + 1
            pointed = text[int(place[1]) - 1 : int(place[1])]
            assert line[caret.index("^") :][:1] == (pointed if pointed.isprintable() else " ")
        return
    assert (node is None) == (not text.strip())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([name + end for name in FIELDS for end in ("", " NOT", " <", " LIKE")])
            | st.lists(st.sampled_from([*FIELDS, "x"]), min_size=2, max_size=3).map(" OR ".join)
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(JSON)
def test_any_json_is_read_or_refused_as_a_bad_request(filters: Any) -> None:
    try:
        node = parse_dict(filters, COLUMNS)
    except BadRequest as error:
        assert error.status_code == 400
        assert error.response_content
        return
    assert node is None or columns_of(node) <= COLUMNS.keys()
