"""DuckDB keeps exactly the rows that the plain meaning of a filter keeps; garbage is refused cleanly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.filters.dict_form import parse_dict
from engine.core.filters.in_memory import mask_of
from engine.core.filters.text_form import parse_text
from engine.core.filters.tree import And, IsNull, Node, Not, Or, matches
from engine.core.schema import Column
from engine.core.types import column_of as _column
from engine.core.types import stored_field as _stored_field
from engine.core.values import any_date, any_time
from engine.errors import BadRequest
from engine.store.segments import metadata
from engine.store.segments.metadata import RowTable

EDGE = 2**53
INTEGERS = st.sampled_from(
    [0, 1, -1, 2, 7, EDGE - 1, EDGE, EDGE + 1, -EDGE - 1, 2**62 + 1, 2**63 - 1, -(2**63)]
) | st.integers(-(2**63), 2**63 - 1)
SMALL_INTEGERS = st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31)]) | st.integers(-5, 5)
FLOATS = st.sampled_from([0.0, -0.0, 0.1, 0.5, 1.0, 2.5, float(EDGE), 1e300, float("nan")]) | (
    st.floats(allow_infinity=False)
)
WORDS = st.sampled_from(
    [
        "red",
        "Red",
        "dress",
        "100%",
        "a_b",
        "a.b",
        "it's",
        '"x"',
        "größe",
        "服",
        "👗",
        "\\",
        "?",
        "--",
    ]
)
BLANKS = st.sampled_from([" ", "  ", "\t", "\n", " \r\n", "\f", "\v"])
TEXTS = (
    st.lists(WORDS | BLANKS, max_size=5).map("".join)
    | st.lists(WORDS, max_size=4).map(" ".join)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
)
PATTERNS = st.lists(
    st.sampled_from(["%", "_", "red", "d", "%", "'", "\\", "服", " "]), max_size=4
).map("".join)
DATES = st.sampled_from([date(2024, 1, 1), date(2024, 2, 29)]) | st.dates()
TIMES = st.sampled_from([datetime(2024, 1, 1), datetime(2024, 1, 1, 12, 30, 0, 1)]) | (
    st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2200, 1, 1))
)


@dataclass(frozen=True)
class Field:
    """How a column's values and the values of its filters are drawn."""

    type: pa.DataType
    values: st.SearchStrategy[Any]
    wanted: st.SearchStrategy[Any]
    operators: tuple[str, ...]


RANGES = ("", " NOT", " <", " <=", " >", " >=")
NUMBERS = (
    INTEGERS
    | SMALL_INTEGERS
    | st.sampled_from([2**63, -(2**63) - 1, 2**70, 0.5, 1.0, 2.5, float(EDGE), 1e19, -1e19])
    | st.sampled_from(["1", "-1", "0.5", "1e0", str(EDGE + 1)])
    | st.floats(allow_nan=False, allow_infinity=False)
)
CENTS = st.sampled_from([Decimal("19.99"), Decimal("0.35"), Decimal("-0.00")]) | st.decimals(
    Decimal("-99999999.99"), Decimal("99999999.99"), places=2
)
FINE = st.sampled_from([Decimal("0.1"), Decimal(EDGE), Decimal("-1E-20"), Decimal(10**18 - 1)]) | (
    st.decimals(-(10**17), 10**17, places=20)
)
TIME_TEXTS = TIMES.map(datetime.isoformat) | TIMES.map(
    lambda moment: moment.replace(tzinfo=timezone.utc).isoformat().replace("+00:00", "Z")
)
FIELDS = {
    "n": Field(pa.int64(), INTEGERS, NUMBERS, RANGES),
    "year": Field(pa.int32(), SMALL_INTEGERS, NUMBERS, RANGES),
    "price": Field(pa.float64(), FLOATS, NUMBERS, RANGES),
    "weight": Field(
        pa.float32(),
        st.sampled_from([0.0, 0.5, 0.1, 1.0, float("nan")]) | st.floats(width=32),
        NUMBERS,
        RANGES,
    ),
    'base "color': Field(pa.string(), TEXTS, TEXTS, ("", " NOT", " LIKE")),
    "in_stock": Field(pa.bool_(), st.booleans(), st.booleans(), ("", " NOT")),
    "day": Field(pa.date32(), DATES, DATES.map(date.isoformat) | DATES, RANGES),
    "listed_at": Field(pa.timestamp("us"), TIMES, TIME_TEXTS | TIMES, RANGES),
    "cost": Field(pa.decimal128(10, 2), CENTS, NUMBERS | CENTS, RANGES),
    "mass": Field(pa.decimal128(38, 20), FINE, NUMBERS | CENTS | FINE, RANGES),
    "tags": Field(
        pa.list_(pa.string()), st.lists(st.none() | TEXTS, max_size=3), TEXTS, ("", " NOT")
    ),
    "sizes": Field(
        pa.list_(pa.int64()), st.lists(st.none() | INTEGERS, max_size=3), NUMBERS, ("", " NOT")
    ),
    "weights": Field(
        pa.list_(pa.float64()), st.lists(st.none() | FLOATS, max_size=3), NUMBERS, ("", " NOT")
    ),
    "ratios": Field(
        pa.list_(pa.float32()),
        st.lists(st.none() | st.floats(width=32), max_size=3),
        NUMBERS,
        ("", " NOT"),
    ),
    "costs": Field(
        pa.list_(pa.decimal128(10, 2)),
        st.lists(st.none() | CENTS, max_size=3),
        NUMBERS | CENTS,
        ("", " NOT"),
    ),
}
SCHEMA = pa.schema([(name, field.type) for name, field in FIELDS.items()])


def known_columns(schema: pa.Schema) -> dict[str, Column]:
    """The columns as an index over a table of this schema knows them."""
    return {field.name: _column(_stored_field(field)) for field in schema}


COLUMNS = known_columns(SCHEMA)


def rows_that_pass(folder: Path, table: pa.Table, condition: Node) -> list[bool]:
    """What DuckDB keeps, over a Parquet file; what is answered in memory must be the same."""
    file = folder / "rows.parquet"
    pq.write_table(table, file)
    rows = RowTable(file)
    kept: list[bool] = rows.mask_by_sql(condition).tolist()
    assert rows.mask(condition).tolist() == kept
    return kept


@st.composite
def filters(draw: st.DrawFn, rows: list[dict[str, Any]]) -> Any:
    """A filter that the contract's table of operators allows; half of its values are in the rows."""

    def value_for(name: str) -> Any:
        held = [row[name] for row in rows]
        flat = [v for item in held for v in (item if isinstance(item, list) else [item])]
        usable = [v for v in flat if v is not None and v == v and abs_is_finite(v)]
        if usable and draw(st.booleans()):
            return draw(st.sampled_from(usable))
        return draw(FIELDS[name].wanted)

    def one(name: str, operator: str, single: bool) -> Any:
        if operator == " LIKE":
            text = str(value_for(name))
            pattern = draw(PATTERNS | st.just(text) | st.just(text.partition(" ")[0]))
            return pattern if pattern.strip(" \t\n\r\f\v") else "%"
        if operator in ("", " NOT") and not single and draw(st.booleans()):
            return [value_for(name) for _ in range(draw(st.integers(1, 3)))]
        return value_for(name)

    def condition() -> tuple[str, Any]:
        count = draw(st.sampled_from([1, 1, 1, 2, 3]))
        names = [draw(st.sampled_from(sorted(FIELDS))) for _ in range(count)]
        operators = [draw(st.sampled_from(FIELDS[name].operators)) for name in names]
        key = " OR ".join(name + operator for name, operator in zip(names, operators))
        if count == 1:
            return key, one(names[0], operators[0], single=False)
        return key, [one(name, operator, single=True) for name, operator in zip(names, operators)]

    conditions = [condition() for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        return [dict([entry]) for entry in conditions]
    return dict(conditions)


def abs_is_finite(value: Any) -> bool:
    return not isinstance(value, float) or abs(value) != float("inf")


ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | field.values for name, field in FIELDS.items()}),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(st.data())
def test_duckdb_keeps_the_rows_that_the_filter_means(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    table = pa.Table.from_pylist(data.draw(ROWS, label="rows"), schema=SCHEMA)
    rows = table.to_pylist()
    wanted = data.draw(filters(rows), label="filters")
    condition = parse_dict(wanted, COLUMNS)
    assert condition is not None
    kept = rows_that_pass(tmp_path_factory.getbasetemp(), table, condition)
    assert kept == [matches(condition, row) for row in rows]


NEIGHBOURS = st.sampled_from([EDGE - 1, EDGE, EDGE + 1])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.none() | NEIGHBOURS, min_size=1, max_size=5),
    st.lists(NEIGHBOURS | st.sampled_from([0.5, 2**70, str(EDGE)]), min_size=1, max_size=3),
    st.sampled_from(["", " NOT"]),
    st.booleans(),
)
def test_large_integers_are_not_mistaken_for_their_neighbours(
    tmp_path_factory: pytest.TempPathFactory,
    held: list[int | None],
    wanted: list[Any],
    operator: str,
    in_arrays: bool,
) -> None:
    name = "sizes" if in_arrays else "n"
    values = [[number] for number in held] if in_arrays else held
    table = pa.table({name: pa.array(values, FIELDS[name].type)})
    condition = parse_dict({name + operator: wanted}, COLUMNS)
    assert condition is not None
    expected = [matches(condition, row) for row in table.to_pylist()]
    assert rows_that_pass(tmp_path_factory.getbasetemp(), table, condition) == expected


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_what_is_answered_in_memory_is_what_the_filter_means(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    simple = {name: FIELDS[name] for name in ("n", "year", "price", "weight", 'base "color')}
    texts = st.sampled_from(["red", "Red", "größe", "服", ""])  # so few that Parquet repeats them
    held = {name: st.none() | field.values for name, field in simple.items()}
    held['base "color'] = st.none() | texts
    some = data.draw(st.lists(st.fixed_dictionaries(held), min_size=1, max_size=6), label="rows")
    schema = pa.schema([(name, field.type) for name, field in simple.items()])
    table = pa.Table.from_pylist(some * 6, schema=schema)
    condition = data.draw(simple_conditions(simple, texts), label="condition")
    file = tmp_path_factory.getbasetemp() / "simple.parquet"
    pq.write_table(table, file)
    rows = RowTable(file)
    found = mask_of(condition, rows.held)
    assert found is not None
    expected = [matches(condition, row) for row in table.to_pylist()]
    assert found.tolist() == expected
    assert rows.mask_by_sql(condition).tolist() == expected


def simple_conditions(
    fields: dict[str, Field], texts: st.SearchStrategy[str]
) -> st.SearchStrategy[Node]:
    """Comparisons, lists and nulls of these columns, under NOT, AND and OR."""

    def alone(name: str) -> st.SearchStrategy[Node]:
        is_text = name == 'base "color'
        wanted = texts | TEXTS if is_text else fields[name].wanted
        operators = ("", " NOT") if is_text else fields[name].operators
        one = st.tuples(st.sampled_from(operators), wanted)
        several = st.tuples(st.sampled_from(["", " NOT"]), st.lists(wanted, min_size=1, max_size=4))
        conditions = (one | several).map(
            lambda drawn: parse_dict({name + drawn[0]: drawn[1]}, COLUMNS)
        )
        return conditions | st.builds(IsNull, st.just(COLUMNS[name]), st.booleans())

    return st.recursive(
        st.sampled_from(sorted(fields)).flatmap(alone),
        lambda inner: (
            inner.map(Not)
            | st.lists(inner, min_size=2, max_size=3).map(tuple).map(And)
            | st.lists(inner, min_size=2, max_size=3).map(tuple).map(Or)
        ),
        max_leaves=5,
    )


# ------------------------------------------------------------------ cases worth a name
CASES: list[tuple[str, pa.Array, Any]] = [
    ("integers beyond 2^53", pa.array([EDGE, EDGE + 1, None]), {"x": EDGE + 1}),
    ("ranges beyond 2^53", pa.array([EDGE, EDGE + 1, EDGE + 2]), {"x >": EDGE}),
    ("a fraction beside a large integer", pa.array([EDGE, EDGE + 1]), {"x": [EDGE, 0.5]}),
    ("none of a fraction and an integer", pa.array([EDGE, EDGE + 1]), {"x NOT": [EDGE, 0.5]}),
    ("beyond 64 bits beside an integer", pa.array([EDGE, EDGE + 1]), {"x": [EDGE, 2**70]}),
    ("a fraction in an array", pa.array([[EDGE], [EDGE + 1]]), {"x": [EDGE, 0.5]}),
    ("beyond 64 bits", pa.array([-(2**63), 2**63 - 1]), {"x <": 2**63}),
    ("null and not", pa.array(["a", None, "b"]), {"x NOT": "a"}),
    ("null and not in a list", pa.array(["a", None, "b"]), {"x NOT": ["a", "c"]}),
    ("not a number", pa.array([1.0, float("nan"), None]), {"x NOT": 2}),
    ("not a number is not large", pa.array([1.0, float("nan")]), {"x >": 0}),
    ("quotes", pa.array(["it's", '"x"', "'; --"]), {"x": ["it's", "'; --"]}),
    ("percent", pa.array(["100%", "100", "10%0"]), {"x LIKE": "100%"}),
    ("percent inside", pa.array(["50% off", "50 off"]), {"x LIKE": "% off"}),
    ("backslash", pa.array(["a\\b", "ab", "a\\%b"]), {"x LIKE": "a\\%"}),
    ("one character is one letter", pa.array(["服", "👗", "ab", ""]), {"x LIKE": "_%"}),
    ("line breaks", pa.array(["a\nb", "a b", "ab"]), {"x LIKE": "a%b"}),
    ("tokens between any blanks", pa.array(["a\tb", "a\x0bb", "a\u00a0b", "ab"]), {"x LIKE": "b"}),
    ("tokens are plain text", pa.array(["a.b", "axb", "(a"]), {"x LIKE": "a.b"}),
    ("an empty text", pa.array(["", "a", None]), {"x": ""}),
    ("an array with null", pa.array([["a", None], [None], [], None]), {"x NOT": "a"}),
    ("an array of booleans", pa.array([[True], [False], []]), {"x": False}),
    ("an array of dates", pa.array([[date(2024, 1, 1)], [None]]), {"x": "2024-01-01"}),
    ("a time of a bare date", pa.array([datetime(2024, 1, 1)]), {"x <=": "2024-01-01"}),
    ("all dates", pa.array([date(1, 1, 1), date(9999, 12, 31)]), {"x >": "0001-01-01"}),
    ("float32", pa.array([0.1, 0.5], pa.float32()), {"x >": 0.1}),
    ("float32 as written", pa.array([19.99, 0.1], pa.float32()), {"x": [19.99, 0.1]}),
    ("beyond float32", pa.array([1.0, float("inf")], pa.float32()), {"x <=": 1e300}),
    ("decimals", pa.array([Decimal("19.99"), Decimal("0.35"), None]), {"x": 19.99}),
    ("decimals between their steps", pa.array([Decimal("0.35"), Decimal("0.36")]), {"x >": 0.355}),
    ("decimals of more digits", pa.array([Decimal("0.35")]), {"x NOT": [Decimal("0.350001")]}),
    ("38 digits", pa.array([Decimal("9" * 36 + ".99")]), {"x >=": Decimal("9" * 36 + ".985")}),
    ("beyond 38 digits", pa.array([Decimal("1.50"), Decimal("-1.50")]), {"x <": 10**60}),
    ("unsigned bytes", pa.array([0, 255], pa.uint8()), {"x >": -1}),
    ("large strings", pa.array(["a", "b"], pa.large_string()), {"x": ["b", "c"]}),
]  # fmt: skip


FAR = [None, -(10**17), -62135596801 * 10**6, -62135596800 * 10**6, 0, 253402300799999999]
FAR += [253402300800 * 10**6, 253402318799 * 10**6, 2**62]
SIGNS = {"": "__eq__", " NOT": "__ne__", " <": "__lt__", " <=": "__le__", " >": "__gt__"}


@pytest.mark.parametrize("unit", ["us", "D"])
def test_times_of_any_year_are_compared_as_the_numbers_that_they_are(
    tmp_path: Path, unit: str
) -> None:
    counts = FAR if unit == "us" else [None if n is None else n // 86_400_000_000 for n in FAR]
    kind, bare = (pa.timestamp("us"), pa.int64()) if unit == "us" else (pa.date32(), pa.int32())
    table = pa.table({"x": pa.array(counts, bare).view(kind)})
    column = known_columns(table.schema)["x"]
    texts = [None if n is None else shown_time(n, unit) for n in counts]
    for place, wanted in enumerate(counts):
        if wanted is None:
            continue
        for sign, name in SIGNS.items():
            kept = [n is not None and bool(getattr(n, name)(wanted)) for n in counts]
            condition = parse_dict({f"x{sign}": texts[place]}, {"x": column})
            assert condition is not None
            assert rows_that_pass(tmp_path, table, condition) == kept, (sign, texts[place])
            assert [matches(condition, {"x": far(n, unit)}) for n in counts] == kept
        text = parse_text(f"x IN ('{texts[place]}', '2024-01-01')", {"x": column})
        assert text is not None
        assert rows_that_pass(tmp_path, table, text) == [n == wanted for n in counts]


def test_far_times_in_arrays_are_found(tmp_path: Path) -> None:
    values = pa.array([[253402318799 * 10**6, 0], [0], None], pa.list_(pa.int64()))
    table = pa.table({"x": values.cast(pa.list_(pa.timestamp("us")))})
    condition = parse_dict({"x": "9999-12-31T23:59:59-05:00"}, known_columns(table.schema))
    assert condition is not None
    assert rows_that_pass(tmp_path, table, condition) == [True, False, False]


def far(count: int | None, unit: str) -> Any:
    """A stored time as rows have it."""
    return (
        None if count is None else (any_time if unit == "us" else any_date)(numpy_time(count, unit))
    )


def numpy_time(count: int, unit: str) -> Any:
    return np.array(count).astype(f"datetime64[{unit}]")[()]


def shown_time(count: int, unit: str) -> str:
    return str(far(count, unit)).replace(" ", "T")


@pytest.mark.parametrize(
    ("values", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_both_ways_agree_on(tmp_path: Path, values: pa.Array, wanted: Any) -> None:
    table = pa.table({"x": values})
    condition = parse_dict(wanted, known_columns(table.schema))
    assert condition is not None
    expected = [matches(condition, row) for row in table.to_pylist()]
    assert rows_that_pass(tmp_path, table, condition) == expected


@pytest.mark.parametrize("name", ["a b", 'a"b', "select", "?", "größe", "x;--", "__row", "'"])
def test_a_column_of_any_name_can_be_filtered(tmp_path: Path, name: str) -> None:
    table = pa.table({name: [1, 2, 3]})
    condition = parse_dict({f"{name} >=": 2}, known_columns(table.schema))
    assert condition is not None
    assert rows_that_pass(tmp_path, table, condition) == [False, True, True]


def test_names_that_differ_in_letter_case_are_different_columns(tmp_path: Path) -> None:
    table = pa.table({"size": [1, 2], "Size": [2, 1]})
    condition = parse_dict({"size": 1, "Size": 2}, known_columns(table.schema))
    assert condition is not None
    assert rows_that_pass(tmp_path, table, condition) == [True, False]


# ------------------------------------------------------------------ garbage
SCRAPS = st.sampled_from(
    [*FIELDS, " OR ", " ", "NOT", "LIKE", "<", "<=", "IN", "", "score", " NOT", " LIKE", " <", "\0"]
)
KEYS = (
    st.lists(SCRAPS, min_size=1, max_size=4).map("".join)
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.none()
    | st.integers()
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.binary(max_size=4)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(timezone.utc))
    | st.decimals(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.dictionaries(KEYS, VALUES, max_size=3)
    | st.lists(st.dictionaries(KEYS, VALUES, max_size=2) | VALUES, max_size=3)
    | VALUES
)
def test_garbage_is_refused_as_a_bad_request_and_nothing_else(garbage: Any) -> None:
    try:
        node = parse_dict(garbage, COLUMNS)
    except BadRequest as error:
        assert error.status_code == 400
        assert error.message
        return
    assert node is None or hash(node) == hash(node)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(FIELDS)), st.data())
def test_whatever_is_accepted_can_be_asked_of_duckdb(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    field = FIELDS[name]
    operator = data.draw(st.sampled_from(field.operators))
    wanted = data.draw(VALUES | st.dates() | st.datetimes() | field.wanted)
    try:
        condition = parse_dict({name + operator: wanted}, COLUMNS)
    except BadRequest:
        return
    assert condition is not None
    nothing = pa.Table.from_pylist([dict.fromkeys(FIELDS)], schema=SCHEMA)
    assert rows_that_pass(tmp_path_factory.getbasetemp(), nothing, condition) == [False]


def test_a_filter_interrupted_while_it_is_read_spoils_no_later_one() -> None:
    with pytest.raises(KeyboardInterrupt), metadata._using_database() as database:
        database.execute("SELECT * FROM range(100000)").fetchone()
        raise KeyboardInterrupt
    with metadata._using_database() as database:
        database.register("later", pa.table({"x": [1, 2]}))
        try:
            assert database.execute("SELECT count(*) FROM later").fetchall() == [(2,)]
        finally:
            database.unregister("later")
