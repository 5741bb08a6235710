"""Functions of texts that DuckDB lacks: parts by an expression, sounds, check digits."""

from __future__ import annotations

import re

import pyarrow as pa

from engine.errors import BadStatement

# Of the letters from A on; 0 parts equal sounds, 7 doesn't.
_SOUNDS = "01230127022455012623017202"
_SOUNDS_KEPT = 4
_MOST_DIGIT = 9


def split(text: pa.ChunkedArray, by: pa.ChunkedArray, limit: pa.ChunkedArray) -> pa.Array:
    """Parts of texts between what an expression finds, so many at most; all for a limit below 1."""
    compiled = {one: _compiled(one) for one in set(by.to_pylist())}
    rows = zip(text.to_pylist(), by.to_pylist(), limit.to_pylist())
    return pa.array(
        [_parts(one, compiled[of], most) for one, of, most in rows], pa.list_(pa.string())
    )


def _compiled(expression: str) -> re.Pattern[str]:
    try:
        return re.compile(expression)
    except re.error as error:
        raise BadStatement(
            f"[INVALID_PARAMETER_VALUE.PATTERN] split: {expression!r:.80} is no regular expression "
            f"that is understood here: {error}."
        ) from None


def _parts(text: str, by: re.Pattern[str], most: int) -> list[str]:
    out: list[str] = []
    start = 0
    for found in by.finditer(text):
        if most > 0 and len(out) == most - 1:
            break
        if found.end() == 0 or (not by.pattern and found.end() == len(text)):
            continue  # nothing lies before what is nothing itself
        out.append(text[start : found.start()])
        start = found.end()
    return [*out, text[start:]]


def soundex(text: pa.ChunkedArray) -> pa.Array:
    """How English words sound, as a letter and three digits; what begins otherwise as it is."""
    return pa.array([_sound(one) for one in text.to_pylist()], pa.string())


def _sound(text: str) -> str:
    first = text[:1].upper()
    if not ("A" <= first <= "Z" and first.isascii() and text[:1].isascii()):
        return text
    out, last = first, _SOUNDS[ord(first) - ord("A")]
    for letter in text[1:]:
        if not (letter.isascii() and letter.isalpha()):
            last = "0"
            continue
        sound = _SOUNDS[ord(letter.upper()) - ord("A")]
        if sound == "7":
            continue
        if sound not in ("0", last):
            out += sound
            if len(out) == _SOUNDS_KEPT:
                break
        last = sound
    return out.ljust(_SOUNDS_KEPT, "0")


def luhn_check(text: pa.ChunkedArray) -> pa.Array:
    """Whether texts are digits whose last one checks the others."""
    return pa.array([_checks(one) for one in text.to_pylist()], pa.bool_())


def _checks(text: str) -> bool:
    if not (text.isascii() and text.isdecimal()):
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(text))):
        twice = digit * (1 + place % 2)
        total += twice - (_MOST_DIGIT if twice > _MOST_DIGIT else 0)
    return total % 10 == 0


def failed(messages: pa.ChunkedArray) -> pa.Array:
    """Nothing: what is computed fails with the first message. Raises BadStatement, always."""
    raise BadStatement(" ".join(str(next(iter(messages))).split()))
