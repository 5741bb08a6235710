"""Interactions as rows of a table, and the checks that make them so. Knows forms; not files or users."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.values import is_text, shown, to_timestamp
from engine.errors import InvalidParameterValue
from engine.shop.browsing.rows import ProductRows

DEFAULT_KIND = "like"
DISLIKE = "dislike"  # remembered as seen; no part of a taste unless a weight says so
MAX_USER_ID = 200  # characters
_MAX_KIND = 64
_SECONDS_END = 1e11  # numbers below are seconds since 1970, above milliseconds


@dataclass(frozen=True)
class Failure:
    """An interaction that can't be used, or not whole: where it stood, what it was, why."""

    row: int
    user: str
    product: str
    reason: str


@dataclass
class Checked:
    """Interactions that hold, column by column, and those that don't.

    Attributes:
        names, segments: of users whose rows say them.
    """

    users: list[str] = field(default_factory=list)
    products: list[Any] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    times: list[datetime | None] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    segments: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def table(self, key: pa.DataType, source: str) -> pa.Table:
        """As rows of the table of interactions; `key` is the type of products' keys."""
        schema = interactions_schema(key)
        columns = (self.users, self.products, self.kinds, self.times, [source] * len(self.users))
        arrays = [pa.array(values, each.type) for values, each in zip(columns, schema)]
        return pa.table(arrays, schema=schema)


def interactions_schema(key: pa.DataType) -> pa.Schema:
    """The columns of the table of interactions; `source` says where a row is from."""
    return pa.schema(
        [
            pa.field("user_id", pa.string()),
            pa.field("product_id", key),
            pa.field("kind", pa.string()),
            pa.field("time", pa.timestamp("us", tz="UTC")),
            pa.field("source", pa.string()),
        ]
    )


def failures_table(failures: Iterable[Failure]) -> pa.Table:
    """Interactions that were left out, or not used whole, as a table."""
    rows = [vars(each) for each in failures]
    kinds = {"row": pa.int64(), "user": pa.string(), "product": pa.string(), "reason": pa.string()}
    return pa.Table.from_pylist(rows, pa.schema(list(kinds.items())))


def checked(
    entries: Iterable[tuple[int, Mapping[str, Any] | str]], products: ProductRows
) -> Checked:
    """Entries with `user`, `product`, `kind`, `time` (and `name`, `segment`), each for itself.

    Args:
        entries: number of the row or line, and its values, or why it has none.
    """
    out = Checked()
    known: dict[Any, Any] = {}
    for row, entry in entries:
        if isinstance(entry, str):
            out.failures.append(Failure(row, "", "", entry))
            continue
        given = (_as_text(entry.get("user")), _as_text(entry.get("product")))
        try:
            user = checked_user(_as_text(entry.get("user")))
            product = _known(entry.get("product"), products, known)
            kind = checked_kind(_as_text(entry.get("kind")) or DEFAULT_KIND)
        except InvalidParameterValue as error:
            out.failures.append(Failure(row, *given, error.message))
            continue
        try:
            time = checked_time(entry.get("time"))
        except InvalidParameterValue as error:
            out.failures.append(Failure(row, *given, f"{error.message} Kept without its time."))
            time = None
        out.users.append(user)
        out.products.append(product)
        out.kinds.append(kind)
        out.times.append(time)
        _note(out, user, entry)
    return out


def checked_user(given: object) -> str:
    """A user's id. Raises InvalidParameterValue: it is none."""
    good = isinstance(given, str) and is_text(given) and 0 < len(given) <= MAX_USER_ID
    if not good or not given.strip() or not given.isprintable():  # type: ignore[attr-defined]
        raise InvalidParameterValue(
            f"user is {shown(given)}; expected a user's id, a text of 1 to {MAX_USER_ID} characters."
        )
    return str(given)


def checked_kind(given: object) -> str:
    """A kind of interaction. Raises InvalidParameterValue: it is none."""
    good = isinstance(given, str) and is_text(given) and len(given) <= _MAX_KIND
    if not good or not given.strip() or not given.isprintable():  # type: ignore[attr-defined]
        raise InvalidParameterValue(
            f"kind is {shown(given)}; expected a word such as like, purchase or view."
        )
    return str(given).strip()


def checked_time(given: object) -> datetime | None:
    """A time in UTC: ISO 8601, or a number of seconds or milliseconds since 1970; None for none.

    Raises:
        InvalidParameterValue: it is no time.
    """
    if given is None or given == "" or given != given:
        return None
    try:
        number = float(given) if isinstance(given, (int, float, str)) else None
    except ValueError:
        number = None
    try:
        if number is not None and not isinstance(given, bool) and math.isfinite(number):
            seconds = number if abs(number) < _SECONDS_END else number / 1000
            return datetime.fromtimestamp(seconds, timezone.utc)
        return to_timestamp(given).replace(tzinfo=timezone.utc)
    except (ValueError, TypeError, OverflowError, OSError):
        raise InvalidParameterValue(
            f"time is {shown(given)}; expected ISO 8601 such as 2026-03-01T12:00:00Z, or seconds since "
            "1970."
        ) from None


def _known(given: object, products: ProductRows, known: dict[Any, Any]) -> Any:
    """A product's key as the table of products has it."""
    text = _as_text(given)
    if text not in known:
        # A column with gaps is one of floats to pandas, which writes 17.0 for 17.
        forms = [given if isinstance(given, str) else text, text, text.removesuffix(".0")]
        row = next((int(row) for row in products.rows_of(forms) if row >= 0), -1)
        key = products.catalogue.key
        known[text] = products.values(key, np.array([row]))[0] if row >= 0 else None
    if known[text] is None:
        raise InvalidParameterValue(f"product {shown(given)} is not in table {products.name}.")
    return known[text]


def _note(out: Checked, user: str, entry: Mapping[str, Any]) -> None:
    for name, kept in (("name", out.names), ("segment", out.segments)):
        text = _as_text(entry.get(name))
        if isinstance(text, str) and text.strip() and is_text(text):
            kept[user] = text.strip()


def _as_text(given: object) -> Any:
    """A number as a text, since ids are numbers in many files; blanks around a text are none of it."""
    if given is None or given != given:
        return ""
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if isinstance(given, bytes):  # a text, as some writers of Parquet keep it
        given = given.decode("utf-8", "surrogateescape")
    return str(given).strip()
