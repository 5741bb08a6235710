"""Filters as text, SQL-like, to the filter tree. Knows the grammar; not tables.

First the text becomes conditions that know no columns (`_Syntax`, called by the parser from the
innermost part outwards, so that no depth of brackets is too deep), then conditions become the tree.
What values a column takes is decided in `filters`, for both dialects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, Union

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput

from engine.core.filters.tree import (
    MAX_ELEMENTS,
    MAX_NESTING,
    And,
    AnyOf,
    Compare,
    Is,
    IsNull,
    Like,
    Node,
    Not,
    Operator,
    Or,
    check_ordered,
    coerced,
    like_pattern,
    not_filtered,
)
from engine.core.schema import Column, Columns, unknown_column
from engine.core.values import (
    DATE_EXAMPLE,
    TIME_EXAMPLE,
    exact_number_of,
    to_date,
    to_timestamp,
)
from engine.errors import BadRequest

# Keywords come from _keyword: as patterns they would be found at the start of longer names.
_GRAMMAR = r"""
    start: any?
    ?any: all | all (_OR all)+ -> any_of
    ?all: one | one (_AND one)+ -> all_of
    ?one: NOT one -> negation | "(" any ")" | test
    ?test: operand OPERATOR operand -> comparison
        | name NOT? IN "(" literal ("," literal)* RPAR -> in_list
        | name NOT? LIKE literal -> like
        | name NOT? BETWEEN literal _AND literal -> between
        | name IS NOT? (NULL | TRUE | FALSE) -> is_test
    ?operand: name | literal
    name: NAME | BACKTICKS | DOUBLE_QUOTES | DATE | TIMESTAMP | TO_DATE | TO_TIMESTAMP
    literal: STRING -> text | NUMBER -> number | (TRUE | FALSE | NULL) -> constant
        | (DATE | TIMESTAMP) STRING -> time | (TO_DATE | TO_TIMESTAMP) "(" STRING RPAR -> time

    NAME: /[^\W\d]\w*/
    BACKTICKS: /`[^`]*(?:``[^`]*)*`/
    DOUBLE_QUOTES: /"[^"]*(?:""[^"]*)*"/
    STRING: /'[^']*(?:''[^']*)*'/
    NUMBER: /[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.])/
    OPERATOR: /[=<>!]+/
    RPAR: ")"
    %declare _AND _OR NOT IN LIKE BETWEEN IS NULL TRUE FALSE DATE TIMESTAMP TO_DATE TO_TIMESTAMP
    %ignore /\s+/
"""
_KEYWORDS = {
    word.lstrip("_"): word
    for word in re.findall(r"\w+", _GRAMMAR.partition("%declare")[2].partition("\n")[0])
}
_OPERATORS: dict[str, Operator] = {
    **{"=": "=", "==": "=", "!=": "!=", "<>": "!="},
    **{"<": "<", "<=": "<=", ">": ">", ">=": ">="},
}
_MIRRORED: dict[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LONGEST_SHOWN = 80  # characters of a condition in a message
_AROUND = 30  # characters shown on each side of a syntax error


# ------------------------------------------------------------------ syntax: conditions without columns
@dataclass(frozen=True)
class _Name:
    name: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True)
class _Value:
    value: object
    start: int
    end: int


@dataclass(frozen=True)
class _Test:
    """One condition, and what makes a node of it; it stands in the text from `start` to `end`."""

    make: Callable[[str, Column, _Test], Node]
    name: _Name
    start: int
    end: int
    values: tuple[_Value, ...] = ()
    operator: Operator = "="
    negated: bool = False
    depth: int = 0


@dataclass(frozen=True)
class _Group:
    """Parts under AND or OR, or the one part under NOT; `depth` groups deep."""

    word: Literal["AND", "OR", "NOT"]
    parts: tuple[_Part, ...]
    depth: int

    def flat(self) -> list[_Part]:
        """The parts, those of groups of the same word in place of these; without recursion."""
        found: list[_Part] = []
        waiting: list[_Part] = [self]
        while waiting:
            part = waiting.pop()
            if isinstance(part, _Group) and part.word == self.word:
                waiting.extend(reversed(part.parts))
            else:
                found.append(part)
        return found


_Part = Union[_Test, _Group]


def _group(word: Literal["AND", "OR", "NOT"], parts: list[_Part]) -> _Group:
    depth = max(p.depth + (not isinstance(p, _Group) or p.word != word) for p in parts)
    if depth > MAX_NESTING:
        raise BadRequest(
            f"Filter nests AND, OR and NOT more than {MAX_NESTING} deep; write it with fewer brackets."
        )
    return _Group(word, tuple(parts), depth)


class _Syntax(Transformer[Token, Any]):
    """What the parser calls for each rule, innermost first."""

    def start(self, parts: list[_Part]) -> _Part | None:
        return parts[0] if parts else None

    def any_of(self, parts: list[_Part]) -> _Part:
        return _group("OR", parts)

    def all_of(self, parts: list[_Part]) -> _Part:
        return _group("AND", parts)

    def negation(self, found: list[Any]) -> _Part:
        part: _Part = found[1]
        if isinstance(part, _Group) and part.word == "NOT":
            return part.parts[0]
        return _group("NOT", [part])

    def name(self, found: list[Token]) -> _Name:
        token = found[0]
        start, end = _extent(token)
        quote = token[0]
        if token.type in ("BACKTICKS", "DOUBLE_QUOTES"):
            return _Name(token[1:-1].replace(quote * 2, quote), start, end, quote == '"')
        return _Name(str(token), start, end, False)

    def text(self, found: list[Token]) -> _Value:
        return _Value(_unquoted(found[0]), *_extent(found[0]))

    def number(self, found: list[Token]) -> _Value:
        written = str(found[0])
        try:
            value: int | float | Decimal = exact_number_of(written)
        except ValueError:  # more digits than Python reads as an integer
            value = Decimal(written)
        return _Value(value, *_extent(found[0]))

    def constant(self, found: list[Token]) -> _Value:
        values = {"TRUE": True, "FALSE": False, "NULL": None}
        return _Value(values[found[0].type], *_extent(found[0]))

    def time(self, found: list[Token]) -> _Value:
        kind, written = found[:2]
        is_date = kind.type in ("DATE", "TO_DATE")
        try:
            value = (to_date if is_date else to_timestamp)(_unquoted(written))
        except (ValueError, OverflowError):
            example = DATE_EXAMPLE if is_date else TIME_EXAMPLE
            raise BadRequest(
                f"Filter has {written:.60} after {kind.upper()}, at character "
                f"{_extent(written)[0] + 1}; expected a {'date' if is_date else 'time'} such as "
                f"'{example}'."
            ) from None
        return _Value(value, _extent(kind)[0], _extent(found[-1])[1])

    def comparison(self, found: list[Any]) -> _Test:
        left, token, right = found
        operator = _OPERATORS[token]
        if isinstance(left, _Name) == isinstance(right, _Name):
            raise BadRequest(_no_comparison(left, right))
        if isinstance(left, _Name):
            return _Test(_comparison, left, left.start, right.end, (right,), operator)
        turned = _MIRRORED.get(operator, operator)
        return _Test(_comparison, right, left.start, right.end, (left,), turned)

    def in_list(self, found: list[Any]) -> _Test:
        values = tuple(item for item in found if isinstance(item, _Value))
        name, end = found[0], _extent(found[-1])[1]
        return _Test(_any_of, name, name.start, end, values, negated=_has_not(found))

    def like(self, found: list[Any]) -> _Part:
        test = _Test(_like, found[0], found[0].start, found[-1].end, (found[-1],))
        return _group("NOT", [test]) if _has_not(found) else test

    def between(self, found: list[Any]) -> _Part:
        name, low, high = found[0], found[-2], found[-1]

        def one(value: _Value, operator: Operator) -> _Part:
            return _Test(_comparison, name, name.start, high.end, (value,), operator)

        if _has_not(found):
            return _group("OR", [one(low, "<"), one(high, ">")])
        return _group("AND", [one(low, ">="), one(high, "<=")])

    def is_test(self, found: list[Any]) -> _Test:
        name, last = found[0], found[-1]
        start, end = _extent(last)
        if last.type == "NULL":
            return _Test(_is_null, name, name.start, end, negated=_has_not(found))
        wanted = (_Value(last.type == "TRUE", start, end),)
        return _Test(_is, name, name.start, end, wanted, negated=_has_not(found))


def _extent(token: Token) -> tuple[int, int]:
    start = token.start_pos or 0
    return start, start + len(token)


def _unquoted(token: Token) -> str:
    return token[1:-1].replace("''", "'")


def _has_not(found: list[Any]) -> bool:
    return any(isinstance(item, Token) and item.type == "NOT" for item in found)


def _no_comparison(left: _Name | _Value, right: _Name | _Value) -> str:
    place = f"at character {left.start + 1}; expected a column and a value."
    if not isinstance(left, _Name) or not isinstance(right, _Name):
        return f"Filter compares two values, {place}"
    message = f"Filter compares column {left.name!r} with column {right.name!r}, {place}"
    quoted = right if right.quoted else left if left.quoted else None
    if quoted is None:
        return message
    return (
        f"{message} Double quotes are for columns; text goes in single quotes: '{quoted.name:.60}'."
    )


# ------------------------------------------------------------------ the parser and its refusals
def _keyword(token: Token) -> Token:
    word = token.upper() if token.isascii() else ""
    return token.update(type=_KEYWORDS[word]) if word in _KEYWORDS else token


def _operator(token: Token) -> Token:
    return token if token in _OPERATORS else token.update(type="NO_OPERATOR")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(
        _GRAMMAR,
        parser="lalr",
        lexer="basic",
        transformer=_Syntax(),
        lexer_callbacks={"NAME": _keyword, "OPERATOR": _operator},
    )


# What the parser accepts, as sets of its terminals, in plain words; the first that fits.
_EXPECTED: list[tuple[set[str], str]] = [
    ({"NOT", "NAME", "NUMBER"}, "a condition such as price < 50"),
    ({"NAME", "NUMBER"}, "a column or a value"),
    ({"NUMBER"}, "a value"),
    ({"OPERATOR", "IN"}, "an operator such as = or IN"),
    ({"OPERATOR"}, "an operator such as = or <"),
    ({"IN", "LIKE"}, "IN, LIKE or BETWEEN"),
    ({"NOT", "NULL"}, "NULL, NOT NULL, TRUE or FALSE"),
    ({"NULL"}, "NULL, TRUE or FALSE"),
    ({"STRING"}, "text in single quotes"),
    ({"$END"}, "AND, OR or the end"),
]
_ENDINGS = {"_AND": "AND", "_OR": "OR", "LPAR": "'('", "COMMA": "','", "RPAR": "')'"}


def _expected(accepted: set[str]) -> str:
    for terminals, words in _EXPECTED:
        if terminals <= accepted:
            return words
    ways = [words for terminal, words in _ENDINGS.items() if terminal in accepted]
    return " or ".join(filter(None, [", ".join(ways[:-1]), ways[-1]]))


def _syntax_error(text: str, error: Any, columns: Columns) -> BadRequest:
    """The refusal of a text that breaks the grammar: where, what is there, what could be."""
    accepted = set(error.interactive_parser.accepts())
    hint = ""
    if isinstance(error, UnexpectedCharacters):
        place = error.pos_in_stream or 0
        rest = re.match(r"['\"`]|[^\s'\"`(),=<>!]+|.", text[place:], re.DOTALL)
        word = rest[0] if rest else ""
        if word in ("'", '"', "`"):
            hint = f" The quote {word} is not closed."
    elif error.token.type == "$END":
        place, word = len(text), ""
    else:
        place, word = _extent(error.token)[0], str(error.token)
        if word == "(" and "OPERATOR" in accepted:
            hint = " Filters have no functions of columns."
        elif "NAME" in accepted and word in columns:
            hint = f" The column of that name goes in backticks: `{word}`."
    found = repr(f"{word:.40}") if word else "the end"
    first, last = max(0, place - _AROUND), place + _AROUND
    before, after = "..." if first else "", "..." if last < len(text) else ""
    near = text[first:last]
    shown = "".join(letter if letter.isprintable() else " " for letter in near)
    caret = " " * (place - first + len(before)) + "^"
    return BadRequest(
        f"Filter has a syntax error at character {place + 1}: found {found}; expected "
        f"{_expected(accepted)}.{hint}\n  {before}{shown}{after}\n  {caret}"
    )


# ------------------------------------------------------------------ meaning: conditions of columns
def _node(part: _Part, text: str, columns: Columns) -> Node:
    if isinstance(part, _Group):
        nodes = tuple([_node(inner, text, columns) for inner in part.flat()])
        if part.word == "NOT":
            return Not(nodes[0])
        return And(nodes) if part.word == "AND" else Or(nodes)
    written = text[part.start : part.end][:_LONGEST_SHOWN]
    column = columns.get(part.name.name)
    if column is None:
        raise unknown_column("Filter", part.name.name, columns)
    if column.kind == "other":
        raise not_filtered(written, column)
    if column.is_array:
        raise BadRequest(
            f"Filter {written!r}: column {column.name!r} holds arrays, which a filter as text "
            f'can\'t ask for; use a dict such as {{"{column.name}": value}}.'
        )
    return part.make(written, column, part)


def _comparison(written: str, column: Column, test: _Test) -> Node:
    if test.operator not in ("=", "!="):
        check_ordered(written, column, test.operator)
    return Compare(column, test.operator, _coerced(written, column, test.values[0]))


def _any_of(written: str, column: Column, test: _Test) -> Node:
    if len(test.values) > MAX_ELEMENTS:
        raise BadRequest(
            f"Filter {written!r} has {len(test.values)} values; expected 1 to {MAX_ELEMENTS}."
        )
    values = tuple([_coerced(written, column, value) for value in test.values])
    return AnyOf(column, values, test.negated)


def _like(written: str, column: Column, test: _Test) -> Node:
    return Like(column, like_pattern(written, column, test.values[0].value))


def _is_null(written: str, column: Column, test: _Test) -> Node:
    return IsNull(column, test.negated)


def _is(written: str, column: Column, test: _Test) -> Node:
    if column.kind != "boolean":
        raise BadRequest(
            f"Filter {written!r}: IS TRUE and IS FALSE need a boolean column; {column.name!r} holds "
            f"{column.kind} values."
        )
    return Is(column, bool(test.values[0].value), test.negated)


def _coerced(written: str, column: Column, value: _Value) -> Any:
    if value.value is None:
        raise BadRequest(
            f"Filter {written!r}: nothing equals NULL; ask for it by {column.name} IS NULL."
        )
    return coerced(written, column, value.value)


def parse_text(text: str, columns: Columns) -> Node | None:
    """The filter tree of a text such as `price < 50 AND base_color IN ('Red', 'Blue')`.

    Comparisons, [NOT] IN, LIKE, BETWEEN, IS [NOT] NULL, TRUE, FALSE, joined by AND, OR, NOT and
    brackets. Text goes in single quotes, a column of any name in backticks or double quotes; times
    as text, or by TO_TIMESTAMP('...') and the like. Keywords in any letter case, columns exactly.

    Args:
        text: blank for no filter, which gives None.
        columns: the index's columns by name; values are checked against their kinds.

    Raises:
        BadRequest: a syntax error, with its position; an unknown column; a value of another kind;
            more than `MAX_ELEMENTS` values in a list or `MAX_NESTING` levels of AND, OR and NOT.
    """
    try:
        part: Any = _parser().parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error, columns) from None
    return None if part is None else _node(part, text, columns)
