"""Names that were not found: the one that may have been meant, and which workspace was searched."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from engine.core.names import index_name, table_name
from engine.errors import InvalidInputException

_LISTED = 8


def meant(name: str, known: Sequence[str]) -> list[str]:
    """Those of the known names that may have been meant, the likeliest first.

    The same in other letter cases; else the same last part; else those that are spelled alike.
    """
    lower = {one.lower(): one for one in known}
    if name.lower() in lower:
        return [lower[name.lower()]]
    last = name.lower().rpartition(".")[2]
    same = [one for key, one in lower.items() if key.rpartition(".")[2] == last]
    if same:
        return same[:_LISTED]
    return [lower[key] for key in difflib.get_close_matches(name.lower(), list(lower), n=2)]


def full_index_name(name: str, known: Callable[[], Sequence[str]]) -> str:
    """An index's full name by its last part or last two, where no other index has them.

    Raises:
        InvalidInputException: several have them. InvalidParameterValue: no name of an index.
    """
    parts = name.split(".")
    if len(parts) == 3:
        return str(index_name(name))
    usual = str(table_name(name))
    found = [one for one in known() if one.split(".")[-len(parts) :] == parts]
    if len(found) > 1 and usual not in found:
        raise InvalidInputException(
            f"{name!r} may be one of {len(found)} indexes: {', '.join(found)}. Give a full name."
        )
    return usual if usual in found or not found else found[0]


def hint(what: str, name: object, known: Sequence[str], where: str) -> str:
    """What to say beside "not found".

    Args:
        what: plural of what was searched, such as "indexes".
        where: what `WorkspaceFolder.describe` says.
    """
    near = meant(str(name), known)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    if not known:
        return where
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"{what.capitalize()} here: {', '.join(known[:_LISTED])}{more}. {where}"
