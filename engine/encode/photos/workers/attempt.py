"""One photo of many prepared, or the reason why it can't be. Knows errors; not formats or models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, Union

from engine.errors import BadImage

T = TypeVar("T")


def attempt(prepare: Callable[[bytes], T], data: bytes | None) -> Union[T, str]:
    """What `prepare` makes of a photo's bytes, or a sentence that says why there is nothing."""
    if not data:
        return "the image is empty"
    try:
        return prepare(data)
    except BadImage as error:
        return error.message
    except Exception as error:  # of an encoder that prepares in its own way: this photo's failure
        return f"{type(error).__name__}: {error}"
