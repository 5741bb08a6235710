"""What an address of the search page asks for, and back: the whole query is in it.

    /?q=red+dress&photo=DIGEST&share=0.4&term=text:buttons:-0.7&is.base_color=Red&from=10&to=50

    q        words; by: meaning (where it is left out), words (every word must stand there), both
             (side by side)
    photo    the digest of a photo that was given; share: of the words in a blend of both, 0 to 1
    term     kind:value:weight, more than once: a text, product, user or direction
    is.X     a value of the column X that products must have, more than once
    from, to the range of prices; sort: such as "price DESC", where nothing is searched for

Knows forms; not indexes, photos or pages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from engine.core.ranking.fusion import DEFAULT_TEXT_WEIGHT
from engine.core.schema import Column, Columns
from engine.core.values import (
    any_date,
    any_time,
    exact_number_of,
    integer_of,
    number_of,
    shown,
    typed,
)
from engine.errors import InvalidParameterValue
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.search.request import SearchRequest
from engine.shop.search.terms import DIRECTION_WEIGHT, KINDS, MAX_TERMS, Term

By = Literal["meaning", "words", "both"]
_CHOSEN = "is."  # before the name of a column
_DIGEST = re.compile(r"[0-9a-f]{32}")
_ONES = ("q", "by", "photo", "share", "from", "to", "sort")
MOST_LETTERS, MOST_CHOICES = (
    8_192,
    200,
)  # of one address: its links are on its page, for each choice
_TERM = "kind:value:weight, such as text:short sleeves:0.5 or product:10043:-0.3"


@dataclass(frozen=True)
class Asked:
    """A query as an address holds it.

    Attributes:
        words: "" for none. by: how the words are meant. photo: a digest, None for none.
        share: of the words, where there is a photo too. terms: further parts, each with its weight.
        chosen: column -> values, of which a product must have one. least, most: of the price.
        sort: the order where nothing is searched for.
    """

    words: str = ""
    by: By = "meaning"
    photo: str | None = None
    share: float = DEFAULT_TEXT_WEIGHT
    terms: tuple[Term, ...] = ()
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    least: float | None = None
    most: float | None = None
    sort: str | None = None

    @property
    def is_search(self) -> bool:
        """Whether anything is searched for; else products are browsed."""
        return bool(self.words or self.photo or self.terms)

    @property
    def is_by_words(self) -> bool:
        """Whether every word must stand there; without words a photo, say, is searched by meaning."""
        return self.by == "words" and bool(self.words)

    @property
    def is_narrowed(self) -> bool:
        """Whether products are filtered."""
        return bool(self.chosen) or self.least is not None or self.most is not None

    def items(self) -> list[tuple[str, str]]:
        """The parts of its address; those that say what is so anyway are left out."""
        out = [("q", self.words)] if self.words else []
        out += [("by", self.by)] if self.by != "meaning" else []
        out += [("photo", self.photo)] if self.photo else []
        out += [("share", typed(self.share))] if self.share != DEFAULT_TEXT_WEIGHT else []
        out += [("term", term_text(term)) for term in self.terms]
        out += [(f"{_CHOSEN}{name}", v) for name, values in self.chosen.items() for v in values]
        ends = (("from", self.least), ("to", self.most))
        out += [(name, typed(value)) for name, value in ends if value is not None]
        return out + ([("sort", self.sort)] if self.sort else [])

    def query(self) -> str:
        """The address behind the question mark."""
        return urlencode(self.items())

    def url(self, path: str = "/") -> str:
        """The address."""
        query = self.query()
        return f"{path}?{query}" if query else path

    def without(self, column: str) -> Asked:
        """The same without the choices of a column."""
        rest = {name: values for name, values in self.chosen.items() if name != column}
        return replace(self, chosen=rest)

    def without_prices(self) -> Asked:
        """The same without a range of prices."""
        return replace(self, least=None, most=None)

    def without_photo(self) -> Asked:
        """The same without its photo."""
        return replace(self, photo=None, share=DEFAULT_TEXT_WEIGHT)

    def meant_by(self, by: By) -> Asked:
        """The same with its words meant otherwise."""
        return replace(self, by=by)

    def cleared(self) -> Asked:
        """The same without any filter."""
        return replace(self.without_prices(), chosen={})

    def filters_alone(self) -> Asked:
        """Its filters, and nothing to search for."""
        return Asked(chosen=self.chosen, least=self.least, most=self.most)

    def with_term(self, term: Term) -> Asked:
        """The same with one more part; in place of the one that is for the same, where there is one."""
        others = [t for t in self.terms if (t.kind, str(t.value)) != (term.kind, str(term.value))]
        return replace(self, terms=(*others, term))

    def without_term(self, place: int) -> Asked:
        """The same without one of its parts."""
        return replace(self, terms=self.terms[:place] + self.terms[place + 1 :])

    def with_choice(self, column: str, value: str) -> Asked:
        """The same with a value of a column chosen, or given up where it was."""
        had = self.chosen.get(column, ())
        now = tuple(v for v in had if v != value) if value in had else (*had, value)
        rest = {name: values for name, values in self.chosen.items() if name != column}
        return replace(self, chosen={**rest, column: now} if now else rest)

    def filters(
        self, catalogue: Catalogue, columns: Columns, without: str | None = None
    ) -> dict[str, Any]:
        """The filter of its choices, in the API's form.

        Args:
            without: a column whose own choices don't count: what else could be chosen there.

        Raises:
            InvalidParameterValue: no such column, or a value that isn't of its kind.
        """
        parts = self.filters_by_column(catalogue, columns)
        return {
            name: value
            for column, filters in parts.items()
            if column != without
            for name, value in filters.items()
        }

    def filters_by_column(
        self, catalogue: Catalogue, columns: Columns
    ) -> dict[str, dict[str, Any]]:
        """Column -> the filter of its choices, in the API's form; errors as `filters`."""
        out: dict[str, dict[str, Any]] = {}
        for name, texts in self.chosen.items():
            if name not in columns:
                raise InvalidParameterValue(
                    f"The address filters by {name[:80]!r}, which is no column of the products; "
                    f"expected one of {', '.join(columns)}."
                )
            out[name] = {name: [_value_of(columns[name], text) for text in texts]}
        if price := catalogue.price:
            ends = ((">=", self.least), ("<=", self.most))
            within = {f"{price} {sign}": value for sign, value in ends if value is not None}
            if within:
                out[price] = {**out.get(price, {}), **within}
        return out

    def request(self, photo: bytes | None, **options: Any) -> SearchRequest:
        """The search; options are further fields of it, such as filters, k and offset.

        Args:
            photo: the bytes of its photo. `by` "both" is asked for twice, this is the one by meaning.
        """
        if self.is_by_words:
            return SearchRequest(self.words, keyword=True, **options)
        if not self.terms:
            weight = self.share if self.words and photo is not None else None
            return SearchRequest(self.words or None, image=photo, text_weight=weight, **options)
        blend = bool(self.words) and photo is not None
        parts = [Term("text", self.words, self.share if blend else 1.0)] if self.words else []
        if photo is not None:
            parts.append(Term("image", photo, 1 - self.share if blend else 1.0))
        return SearchRequest(compose=[*parts, *self.terms], **options)


def read_address(items: Iterable[tuple[str, str]]) -> Asked:
    """What an address asks for; empty parts count as left out, as forms send them.

    Raises:
        InvalidParameterValue: a part that is unknown, there twice, or of another form; says which. Or
            too many, or too long a one.
    """
    ones: dict[str, str] = {}
    terms: list[Term] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for name, value in _bounded(items):
        if name == "term":
            terms.append(read_term(value))
        elif name.startswith(_CHOSEN):
            column = name.removeprefix(_CHOSEN)
            chosen[column] = tuple(dict.fromkeys((*chosen.get(column, ()), value)))
        elif name not in _ONES or name in ones:
            why = "is there twice" if name in ones else "is no part of this address"
            expected = ", ".join((*_ONES, "term", f"{_CHOSEN}COLUMN"))
            raise InvalidParameterValue(f"{name[:80]!r} {why}; expected {expected}.")
        else:
            ones[name] = value
    return Asked(
        words=ones.get("q", "").strip(),
        by=_by(ones.get("by", "meaning")),
        photo=_digest(ones.get("photo")),
        share=_number("share", ones.get("share"), DEFAULT_TEXT_WEIGHT, 0, 1) or 0.0,
        terms=tuple(terms),
        chosen=chosen,
        least=_number("from", ones.get("from")),
        most=_number("to", ones.get("to")),
        sort=ones.get("sort"),
    )


def _bounded(items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Parts of an address that say anything. Raises InvalidParameterValue: more than a page bears."""
    given = [(name, value) for name, value in items if value.strip()]
    terms = sum(name == "term" for name, _ in given)
    choices = sum(name.startswith(_CHOSEN) for name, _ in given)
    letters = sum(len(name) + len(value) for name, value in given)
    counts = (
        ("parts to search by", terms, MAX_TERMS),
        ("values to filter by", choices, MOST_CHOICES),
        ("characters", letters, MOST_LETTERS),
    )
    for what, count, most in counts:
        if count > most:
            raise InvalidParameterValue(
                f"The address has {count:,} {what}; at most {most:,} are taken. Search with fewer."
            )
    return given


def read_term(text: str) -> Term:
    """A term as an address writes it. Raises InvalidParameterValue: it is of another form."""
    kind, _, rest = text.partition(":")
    value, colon, weight = rest.rpartition(":")
    number = _finite(weight) if colon else None
    if number is None:
        value = rest
        number = DIRECTION_WEIGHT if kind == "direction" else 1.0
    if kind not in KINDS or kind == "image" or not value.strip():
        raise InvalidParameterValue(f"term is {text[:200]!r}; expected {_TERM}.")
    return Term(kind, value, number)


def term_text(term: Term) -> str:
    """A term as an address writes it."""
    return f"{term.kind}:{term.value}:{typed(term.weight)}"


def whole_number(text: str, most: int) -> int | None:
    """A number from 0 to `most` in ASCII digits; None for any other text, however long it is."""
    digits = text.lstrip("0") or "0"  # Python refuses to read thousands of digits
    if not text.isascii() or not text.isdecimal() or len(digits) > len(str(most)):
        return None
    return int(digits) if int(digits) <= most else None


def _by(text: str) -> By:
    for known in get_args(By):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise InvalidParameterValue(f"by is {text[:80]!r}; expected one of {', '.join(get_args(By))}.")


def _digest(text: str | None) -> str | None:
    if text is not None and not _DIGEST.fullmatch(text):
        raise InvalidParameterValue(f"photo is {text[:80]!r}; expected 32 hexadecimal digits.")
    return text


def _number(
    name: str,
    text: str | None,
    usual: float | None = None,
    low: float = -math.inf,
    high: float = math.inf,
) -> float | None:
    if text is None:
        return usual
    number = _finite(text)
    if number is None or not low <= number <= high:
        within = f" from {low:g} to {high:g}" if math.isfinite(low) else ""
        raise InvalidParameterValue(f"{name} is {text[:80]!r}; expected a number{within}.")
    return number


def _finite(text: str) -> float | None:
    try:
        number = float(number_of(text.strip()))
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _value_of(column: Column, text: str) -> Any:
    """A value of a column, from a text. Raises InvalidParameterValue: it isn't of the column's kind."""
    try:
        return _READERS[column.kind](text)
    except (KeyError, ValueError, OverflowError):
        raise InvalidParameterValue(
            f"{_CHOSEN}{column.name} is {shown(text)}; expected a value of kind {column.kind}."
        ) from None


def _number_of(text: str) -> int | float | str:
    """A number, as text where a double would be another."""
    number = exact_number_of(text)
    if isinstance(number, Decimal):
        return text
    return number


def _flag_of(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


def _as_written(read: Callable[[object], object]) -> Callable[[str], str]:
    """A text that is a date, or a time, as it is: filters read it again."""

    def checked(text: str) -> str:
        read(text)
        return text

    return checked


_READERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "int": integer_of,
    "float": _number_of,
    "decimal": _number_of,
    "boolean": _flag_of,
    "date": _as_written(any_date),
    "timestamp": _as_written(any_time),
}
