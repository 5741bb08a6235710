"""Values inside values, as JSON and Parquet have them, to what a column of a table can hold.

- An object becomes columns: `price: {"amount": 5}` is `price_amount`.
- A list of objects that have a `value`, as multilingual catalogues write texts
  (`[{"language_tag": "en_US", "value": "Shoe"}]`), becomes the value of the language that is asked for,
  else of English, else the first.
- A list of texts or numbers stays a list. What else there is becomes JSON text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

_LANGUAGES = ("language_tag", "language", "lang", "@language", "locale")
_VALUES = ("value", "@value")
_ENGLISH = "en"


def is_picture(value: object) -> bool:
    """Whether it is a picture as Hugging Face's data sets have it: `{"bytes": ..., "path": ...}`."""
    return isinstance(value, Mapping) and "bytes" in value and set(value) <= {"bytes", "path"}


def flattened(values: Mapping[str, Any], language: str | None = None) -> dict[str, Any]:
    """The columns of an object, without objects in them but pictures."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and not is_picture(value):
            inner = flattened(value, language)
            flat |= {f"{name}_{key}": one for key, one in inner.items()}
        else:
            flat[str(name)] = plain(value, language)
    return flat


def plain(value: Any, language: str | None = None) -> Any:
    """A value that a column can hold."""
    if not isinstance(value, (list, tuple)) or not value:
        return None if isinstance(value, (list, tuple)) else value
    if all(map(is_picture, value)):
        return list(value)
    if all(isinstance(one, Mapping) for one in value):
        key = next((key for key in _VALUES if all(key in one for one in value)), None)
        return as_json(value) if key is None else plain(_best(value, language)[key], language)
    if any(isinstance(one, (Mapping, list, tuple)) for one in value):
        return as_json(value)
    return list(value)


def _best(values: Any, language: str | None) -> Any:
    for wanted in filter(None, (language, (language or "")[:2], _ENGLISH)):
        for one in values:
            said = next((str(one[key]) for key in _LANGUAGES if one.get(key)), "")
            if said.replace("-", "_").casefold().startswith(wanted.replace("-", "_").casefold()):
                return one
    return values[0]


def as_json(value: Any) -> str:
    """A value as JSON text; what JSON has no form for, as Python shows it."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
