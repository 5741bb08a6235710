"""Random filter trees, printed in both dialects: reading them back changes nothing, SQL keeps the rows
that they mean, and nothing that was generated reaches SQL but as a bound parameter."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.filter_sql import to_sql
from engine.core.filter_text import parse_text
from engine.core.filters import (
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
    matches,
    parse_dict,
)
from engine.core.schema import Column
from engine.errors import BadRequest
from engine.service.columns import column_of
from engine.store.metadata import RowTable

STEADY = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
EDGE = 2**53
TEXTS = st.sampled_from(
    [
        "red",
        "Red",
        "it's",
        '"x"',
        "`",
        "100%",
        "a_b",
        "\\",
        "",
        "größe",
        "服",
        "'; DROP TABLE x; --",
    ]
) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
INTEGERS = st.sampled_from([0, 1, -1, EDGE - 1, EDGE, EDGE + 1, 2**63 - 1]) | st.integers(-5, 5)
FLOATS = st.sampled_from([0.0, -0.0, 0.1, 1.5, float(EDGE), 1e300, -2.5]) | st.floats(
    allow_nan=False, allow_infinity=False
)
DATES = st.sampled_from([date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)]) | st.dates()
TIMES = st.sampled_from([datetime(2024, 1, 1), datetime(2024, 1, 1, 12, 30, 0, 1)]) | st.datetimes(
    datetime(1700, 1, 1), datetime(2200, 1, 1)
)
FIELDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "n": (pa.int64(), INTEGERS),
    "price": (pa.float64(), FLOATS),
    "color": (pa.string(), TEXTS),
    'odd `name" OR x': (pa.string(), TEXTS),
    "in_stock": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), DATES),
    "listed_at": (pa.timestamp("us"), TIMES),
    "tags": (pa.list_(pa.string()), TEXTS),
}
SCHEMA = pa.schema([(name, kind) for name, (kind, _) in FIELDS.items()])
KNOWN: dict[str, Column] = {field.name: column_of(field) for field in SCHEMA}
PLAIN = [name for name in FIELDS if name != "tags"]
NAN = st.just(float("nan"))


def cell(name: str) -> st.SearchStrategy[Any]:
    values = FIELDS[name][1]
    if name == "tags":
        return st.none() | st.lists(values | st.none(), max_size=3)
    return st.none() | (values | NAN if name == "price" else values)


ROWS = st.lists(
    st.fixed_dictionaries({name: cell(name) for name in FIELDS}), min_size=1, max_size=6
)


@st.composite
def leaves(draw: st.DrawFn, names: list[str], for_dict: bool) -> Node:
    """One condition that a dialect can say."""
    column = KNOWN[draw(st.sampled_from(names))]
    values = FIELDS[column.name][1]
    forms = ["any"]
    if not column.is_array:
        forms.append("equal")
        if column.kind not in ("string", "boolean"):
            forms.append("range")
    if column.kind == "string" and not column.is_array:
        forms.append("like")
    if not for_dict:
        forms += ["null"] + (["is"] if column.kind == "boolean" else [])
    form = draw(st.sampled_from(forms))
    negated = draw(st.booleans())
    if form == "any":
        return AnyOf(column, tuple(draw(st.lists(values, min_size=1, max_size=3))), negated)
    if form == "equal":
        return Compare(column, "!=" if negated else "=", draw(values))
    if form == "range":
        return Compare(column, draw(st.sampled_from(["<", "<=", ">", ">="])), draw(values))
    if form == "null":
        return IsNull(column, negated)
    if form == "is":
        return Is(column, draw(st.booleans()), negated)
    pattern = draw(TEXTS)
    if not for_dict:
        return Like(column, pattern)
    if "%" in pattern:
        return Like(column, pattern)
    words = tuple(re.findall(r"[^ \t\n\r\f\v]+", pattern))
    return Words(column, words) if words else Like(column, "%")


TREES: st.SearchStrategy[Node] = st.recursive(
    leaves(PLAIN, False),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)


@st.composite
def dict_trees(draw: st.DrawFn) -> And:
    """AND of conditions, and of positional ORs of single values."""
    parts: list[Node] = []
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            parts.append(draw(leaves(list(FIELDS), True)))
        else:
            some = st.lists(leaves(PLAIN[:3] + PLAIN[4:], True), min_size=2, max_size=3)
            singles = [p for p in draw(some) if not isinstance(p, AnyOf)]
            parts += [Or(tuple(singles))] if len(singles) > 1 else singles
    return And(tuple(parts or [draw(leaves(list(FIELDS), True))]))


# ---------------------------------------------------------------------- printers
def as_text(node: Node) -> str:
    """A tree in the text dialect."""
    if isinstance(node, Not):
        return f"NOT ({as_text(node.part)})"
    if isinstance(node, (And, Or)):
        word = " AND " if isinstance(node, And) else " OR "
        return "(" + word.join(as_text(part) for part in node.parts) + ")"
    name = "`" + node.column.name.replace("`", "``") + "`"
    if isinstance(node, IsNull):
        return f"{name} IS {'NOT ' if node.negated else ''}NULL"
    if isinstance(node, Is):
        return f"{name} IS {'NOT ' if node.negated else ''}{str(node.value).upper()}"
    if isinstance(node, Like):
        return f"{name} LIKE {literal(node.pattern)}"
    if isinstance(node, AnyOf):
        return f"{name} {'NOT ' if node.negated else ''}IN ({', '.join(map(literal, node.values))})"
    assert isinstance(node, Compare)
    return f"{name} {node.operator} {literal(node.value)}"


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"TO_TIMESTAMP('{value.isoformat()}')"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def as_dicts(tree: And) -> list[dict[str, Any]]:
    """A tree in the dict dialect: a dict for each condition."""
    out = []
    for part in tree.parts:
        pairs = [as_pair(leaf) for leaf in (part.parts if isinstance(part, Or) else [part])]
        if isinstance(part, Or):
            out.append({" OR ".join(key for key, _ in pairs): [value for _, value in pairs]})
        else:
            out.append(dict(pairs))
    return out


def as_pair(leaf: Node) -> tuple[str, Any]:
    assert isinstance(leaf, (AnyOf, Compare, Like, Words))
    name = leaf.column.name
    if isinstance(leaf, AnyOf):
        return f"{name} NOT" if leaf.negated else name, list(leaf.values)
    if isinstance(leaf, Words):
        return f"{name} LIKE", " ".join(leaf.words)
    if isinstance(leaf, Like):
        return f"{name} LIKE", leaf.pattern
    suffix = {"=": "", "!=": " NOT"}.get(leaf.operator, f" {leaf.operator}")
    return name + suffix, leaf.value


def flat(node: Node) -> Node:
    """A tree whose groups hold no groups of their own word, and no NOT a NOT."""
    if isinstance(node, Not):
        part = flat(node.part)
        return part.part if isinstance(part, Not) else Not(part)
    if isinstance(node, (And, Or)):
        parts: list[Node] = []
        for part in map(flat, node.parts):
            parts += part.parts if type(part) is type(node) else [part]  # type: ignore[union-attr]
        return type(node)(tuple(parts))
    return node


# ---------------------------------------------------------------------- properties
def rows_that_pass(folder: Path, rows: list[dict[str, Any]], condition: Node) -> list[bool]:
    file = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file)
    kept: list[bool] = RowTable(file).mask(condition).tolist()
    return kept


@STEADY
@given(TREES)
def test_a_tree_printed_as_text_is_read_as_the_same_tree(tree: Node) -> None:
    assert parse_text(as_text(tree), KNOWN) == flat(tree)


@STEADY
@given(dict_trees(), ROWS)
def test_a_tree_printed_as_dicts_means_the_same(tree: And, rows: list[dict[str, Any]]) -> None:
    again = parse_dict(as_dicts(tree), KNOWN)
    assert again is not None
    assert [matches(again, row) for row in rows] == [matches(tree, row) for row in rows]


@STEADY
@given(dict_trees(), ROWS)
def test_what_both_dialects_can_say_means_the_same_in_both(
    tree: And, rows: list[dict[str, Any]]
) -> None:
    leaves_of = [x for p in tree.parts for x in (p.parts if isinstance(p, Or) else [p])]
    if any(isinstance(leaf, Words) or leaf.column.is_array for leaf in leaves_of):
        return  # said by dicts alone
    one, other = parse_text(as_text(tree), KNOWN), parse_dict(as_dicts(tree), KNOWN)
    assert one is not None and other is not None
    assert [matches(one, row) for row in rows] == [matches(other, row) for row in rows]


@STEADY
@given(TREES, ROWS)
def test_duckdb_keeps_the_rows_that_a_text_means(
    tmp_path_factory: pytest.TempPathFactory, tree: Node, rows: list[dict[str, Any]]
) -> None:
    condition = parse_text(as_text(tree), KNOWN)
    assert condition is not None
    kept = rows_that_pass(tmp_path_factory.getbasetemp(), rows, condition)
    held = pa.Table.from_pylist(rows, schema=SCHEMA).to_pylist()
    assert kept == [matches(condition, row) for row in held]


OWN_WORDS = {
    "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "DISTINCT", "FROM", "true", "false", "isnan",
    "list_has_any", "list_contains", "string_split_regex",
}  # fmt: skip
BLANKS = r"'\[ \\t\\n\\r\\f\\v\]\+'"


@STEADY
@given(TREES | dict_trees())
def test_nothing_generated_reaches_sql_but_as_a_parameter(tree: Node) -> None:
    names = {name: f"column_{place}" for place, name in enumerate(FIELDS)}
    sql, parameters = to_sql(tree, names)
    rest = re.sub(BLANKS, "", sql)
    assert re.fullmatch(r"[\w\s()<>=!?,\[\]]*", rest), sql
    assert set(re.findall(r"[A-Za-z]\w*", rest)) <= OWN_WORDS | set(names.values())
    assert not re.findall(r"(?<![\w])\d", rest), "a number stands in the SQL"
    assert rest.count("?") == len(parameters)


# ---------------------------------------------------------------------- arbitrary texts
SCRAPS = st.lists(
    st.sampled_from(
        ["price", "color", "`", "'", '"', "(", ")", ",", "=", "<", ">=", "<>", "!", "AND", "OR",
         "NOT", "IN", "IS", "NULL", "TRUE", "LIKE", "BETWEEN", "DATE", "TO_TIMESTAMP", "1", "-1.5e3",
         "1e999", "9" * 400, "'x'", "''", " ", "\n", "--", ";", "\\", "服", "\ud800", "\0", "."]
    ),
    max_size=14,
).map(" ".join)  # fmt: skip


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(SCRAPS | st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_is_a_filter_or_a_bad_request(text: str) -> None:
    try:
        node = parse_text(text, KNOWN)
    except BadRequest as error:
        error.message.encode("utf-8", "surrogatepass")
        return
    if node is not None:
        to_sql(node, {name: f"column_{place}" for place, name in enumerate(FIELDS)})
        row = dict.fromkeys(FIELDS)
        assert matches(node, {**row, "price": math.nan}) in (True, False)
