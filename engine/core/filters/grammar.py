"""The lark wall: the grammar of filters as text, its parser, and refusals of what breaks it.

Knows keywords, operators and literals; of columns only their names, for hints. The parser makes
`syntax` from the innermost part outwards, so that no depth of brackets is too deep. The only file
with lark.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput

from engine.core.filters.syntax import Condition, Expression, Group, Name, Value, grouped
from engine.core.filters.tree import Operator
from engine.core.schema import Columns
from engine.core.values import (
    DATE_EXAMPLE,
    TIME_EXAMPLE,
    any_date,
    any_time,
    exact_number_of,
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
_AROUND = 30  # characters shown on each side of a syntax error


class _Syntax(Transformer[Token, Any]):
    """What the parser calls for each rule, innermost first."""

    def start(self, parts: list[Expression]) -> Expression | None:
        return parts[0] if parts else None

    def any_of(self, parts: list[Expression]) -> Expression:
        return grouped("OR", parts)

    def all_of(self, parts: list[Expression]) -> Expression:
        return grouped("AND", parts)

    def negation(self, found: list[Any]) -> Expression:
        part: Expression = found[1]
        if isinstance(part, Group) and part.word == "NOT":
            return part.parts[0]
        return grouped("NOT", [part])

    def name(self, found: list[Token]) -> Name:
        token = found[0]
        start, end = _extent(token)
        quote = token[0]
        if token.type in ("BACKTICKS", "DOUBLE_QUOTES"):
            return Name(token[1:-1].replace(quote * 2, quote), start, end, quote == '"')
        return Name(str(token), start, end, False)

    def text(self, found: list[Token]) -> Value:
        return Value(_unquoted(found[0]), *_extent(found[0]))

    def number(self, found: list[Token]) -> Value:
        written = str(found[0])
        try:
            value: int | float | Decimal = exact_number_of(written)
        except ValueError:  # more digits than Python reads as an integer
            value = Decimal(written)
        return Value(value, *_extent(found[0]))

    def constant(self, found: list[Token]) -> Value:
        values = {"TRUE": True, "FALSE": False, "NULL": None}
        return Value(values[found[0].type], *_extent(found[0]))

    def time(self, found: list[Token]) -> Value:
        kind, written = found[:2]
        is_date = kind.type in ("DATE", "TO_DATE")
        try:
            value = (any_date if is_date else any_time)(_unquoted(written))
        except (ValueError, OverflowError):
            example = DATE_EXAMPLE if is_date else TIME_EXAMPLE
            raise BadRequest(
                f"Filter has {written:.60} after {kind.upper()}, at character "
                f"{_extent(written)[0] + 1}; expected a {'date' if is_date else 'time'} such as "
                f"'{example}'."
            ) from None
        return Value(value, _extent(kind)[0], _extent(found[-1])[1])

    def comparison(self, found: list[Any]) -> Condition:
        left, token, right = found
        operator = _OPERATORS[token]
        if isinstance(left, Name) == isinstance(right, Name):
            raise BadRequest(_no_comparison(left, right))
        if isinstance(left, Name):
            return Condition("comparison", left, left.start, right.end, (right,), operator)
        turned = _MIRRORED.get(operator, operator)
        return Condition("comparison", right, left.start, right.end, (left,), turned)

    def in_list(self, found: list[Any]) -> Condition:
        values = tuple(item for item in found if isinstance(item, Value))
        name, end = found[0], _extent(found[-1])[1]
        return Condition("IN", name, name.start, end, values, negated=_has_not(found))

    def like(self, found: list[Any]) -> Expression:
        test = Condition("LIKE", found[0], found[0].start, found[-1].end, (found[-1],))
        return grouped("NOT", [test]) if _has_not(found) else test

    def between(self, found: list[Any]) -> Expression:
        name, low, high = found[0], found[-2], found[-1]

        def one(value: Value, operator: Operator) -> Expression:
            return Condition("comparison", name, name.start, high.end, (value,), operator)

        if _has_not(found):
            return grouped("OR", [one(low, "<"), one(high, ">")])
        return grouped("AND", [one(low, ">="), one(high, "<=")])

    def is_test(self, found: list[Any]) -> Condition:
        name, last = found[0], found[-1]
        start, end = _extent(last)
        if last.type == "NULL":
            return Condition("IS NULL", name, name.start, end, negated=_has_not(found))
        wanted = (Value(last.type == "TRUE", start, end),)
        return Condition("IS", name, name.start, end, wanted, negated=_has_not(found))


def _extent(token: Token) -> tuple[int, int]:
    start = token.start_pos or 0
    return start, start + len(token)


def _unquoted(token: Token) -> str:
    return token[1:-1].replace("''", "'")


def _has_not(found: list[Any]) -> bool:
    return any(isinstance(item, Token) and item.type == "NOT" for item in found)


def _no_comparison(left: Name | Value, right: Name | Value) -> str:
    place = f"at character {left.start + 1}; expected a column and a value."
    if not isinstance(left, Name) or not isinstance(right, Name):
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
    """The refusal of a text that breaks the grammar: where, what was found and what is expected."""
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


def parsed(text: str, columns: Columns) -> Expression | None:
    """What a filter says, before its columns are looked up; None for a blank text.

    Args:
        columns: for hints where the text breaks the grammar.

    Raises:
        BadRequest: a syntax error, with its position; a time that is none; more than `MAX_NESTING`
            levels of AND, OR and NOT.
    """
    try:
        expression: Any = _parser().parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error, columns) from None
    return None if expression is None else expression
