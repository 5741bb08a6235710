"""Catalogue files: TOML that says which column has which role. Knows TOML; not tables.

A file names columns as the table of products will call them:

    id = "sku"
    title = "title"
    category = ["master", "kind"]        # the coarsest first; one name alone is fine
    color = "colour"                     # also: price, gender, season, usage, year
    image = "photos/{sku}/*.jpg"         # or the column with the path, the link or the bytes
    currency = "€"
    text = "{title} in {colour}"         # or full-v1, short-v1
    columns = ["sku", "title"]           # of an index; all where it is left out
    price_levels = [20, 50, 100]
    language = "de"
    [rename]                             # the file's column = the table's
    [types]                              # column = SQL type
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.core.schema import suggestion
from engine.errors import BadSourceFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Roles of one column each, as options and catalogue files call them -> the field of a Catalogue.
ROLES = {
    "id": "key",
    "title": "title",
    "color": "color",
    "price": "price",
    "gender": "gender",
    "season": "season",
    "usage": "usage",
    "year": "year",
}
CATEGORY = "category"  # the role that several columns can have, the coarsest first
BUNDLED = Path(__file__).parent / "layouts"


def bundled_names() -> list[str]:
    """Names of the catalogue files that come with the package."""
    return sorted(file.stem for file in BUNDLED.glob("*.toml"))


def read_fields(path: Path) -> dict[str, Any]:
    """The fields of a `Catalogue` that a catalogue file says.

    Raises:
        BadSourceFile: no such file, no TOML, an unknown word, a value of another kind.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        known = ", ".join(bundled_names())
        raise BadSourceFile(
            f"there is no such catalogue file. Those that come with the package: {known}",
            file=str(path),
        ) from None
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(path)) from None
    except ValueError as error:  # no UTF-8, or no TOML
        raise BadSourceFile(f"this is not TOML ({error})", file=str(path)) from None
    return checked_fields(values, str(path))


def checked_fields(values: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The same, of a mapping such as a parsed file.

    Args:
        place: where it comes from, for messages.

    Raises:
        BadSourceFile: an unknown word, a value of another kind, no id or title.
    """
    made = changed_fields(values, place)
    for word in ("id", "title"):
        if ROLES[word] not in made:
            raise BadSourceFile(
                f'it names no {word}: the column that {_WHAT[word]}. Add {word} = "COLUMN".',
                file=place,
            )
    return made


def changed_fields(values: Mapping[str, Any], place: str = "the catalogue") -> dict[str, Any]:
    """The same of some words, which need not be a whole catalogue. Raises BadSourceFile."""
    made: dict[str, Any] = {}
    for word, value in values.items():
        if word not in _WORDS:
            raise BadSourceFile(
                f"{word!r} is no word of a catalogue.{suggestion(word, _WORDS)} Known are: "
                f"{', '.join(_WORDS)}.",
                file=place,
                value=word,
            )
        name, convert, expected = _WORDS[word]
        try:
            made[name] = convert(value)
        except (TypeError, ValueError):
            raise BadSourceFile(
                f"{word} is {value!r:.80}; expected {expected}.", file=place, value=str(value)
            ) from None
    return made


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def _sign(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _names(value: object) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)):
        raise TypeError
    return tuple(map(_text, given))


def _levels(value: object) -> tuple[float, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError
    levels = tuple(map(float, value))
    if len(levels) not in (0, 3) or list(levels) != sorted(levels):
        raise ValueError
    return levels


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise TypeError
    return {_text(name): _text(other) for name, other in value.items()}


_WHAT = {"id": "tells products apart", "title": "says what a product is called"}
_COLUMN = "the name of a column"
_WORDS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    **{role: (name, _text, _COLUMN) for role, name in ROLES.items()},
    CATEGORY: ("categories", _names, "the name of a column, or a list of them, the coarsest first"),
    "image": ("image", _text, 'a column, or a pattern such as "photos/{sku}/*.jpg"'),
    "currency": ("currency", _sign, 'a sign such as "€"'),
    "text": ("text", _text, 'full-v1, short-v1 or a template such as "{title} in {colour}"'),
    "columns": ("columns", _names, "a list of columns"),
    "price_levels": ("price_levels", _levels, "three rising prices such as [30, 70, 120], or []"),
    "language": ("language", _text, 'a language such as "en" or "de_DE"'),
    "rename": ("renamed", _texts, "a table of names"),
    "types": ("types", _texts, "a table of columns and SQL types"),
}
