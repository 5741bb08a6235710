"""Names that were not found: the one that was meant, and the place that was looked in."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.core.names import index_name, table_name
from engine.errors import InvalidInputException

_PARTS = ("tables", "volumes", "endpoints", "serving", "indexes")  # folders of a workspace
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
        what: plural of what was looked for, such as "indexes".
        where: what `whereabouts` says.
    """
    near = meant(str(name), known)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    if not known:
        return where
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"{what.capitalize()} here: {', '.join(known[:_LISTED])}{more}. {where}"


def whereabouts(root: Path, path_from: str) -> str:
    """Which folder is the workspace, who said so, and what is wrong with that.

    Args:
        path_from: see `Settings.path_from`.
    """
    place = f"{root} ({path_from})"
    if is_there(root):
        return f"The workspace is {place}."
    other = (
        "Name another folder by --workspace DIR or the variable VITRINE_WORKSPACE; or make a workspace: "
        f"vitrine demo -w {root}"
    )
    if not root.exists():
        return f"There is no workspace at {place}: no such folder. {other}"
    if is_empty(root):
        return f"The workspace at {place} is empty. {other}"
    return f"There is no workspace at {place}: the folder holds other files. {other}"


def is_there(root: Path) -> bool:
    """Whether a folder holds something of a workspace."""
    return any((root / part).is_dir() for part in _PARTS)


def is_empty(root: Path) -> bool:
    """Whether a folder is there, and nothing in it."""
    return root.is_dir() and not any(root.iterdir())
