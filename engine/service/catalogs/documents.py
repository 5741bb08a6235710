"""What all kinds of things have in common: an owner, times, a comment, properties. Knows no kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.core.values import shown
from engine.errors import InvalidParameterValue, NotFound, NotSupported, VitrineError
from engine.service.authorship import now_ms, user_name
from engine.store.securable_files import Kind, SecurableFiles


def born() -> dict[str, Any]:
    """Who makes a thing, when; its maker owns it."""
    changed = touched()
    maker, now = changed["updated_by"], changed["updated_at"]
    return {"owner": maker, "created_by": maker, "created_at": now, **changed}


def touched() -> dict[str, Any]:
    """Who changes a thing, when."""
    return {"updated_by": user_name(), "updated_at": now_ms()}


def given(**facts: Any) -> dict[str, Any]:
    """Facts that were given, checked; None stands for what was not.

    Raises:
        InvalidParameterValue: a comment or an owner that is no text, an empty owner, properties that
            are no texts by name.
    """
    out = {name: fact for name, fact in facts.items() if fact is not None}
    for name in ("comment", "owner", "storage_root"):
        if name in out and not isinstance(out[name], str):
            raise InvalidParameterValue(f"{name} is {shown(out[name])}; expected a string.")
    if out.get("owner") == "":
        raise InvalidParameterValue("owner is empty; expected the name of a user or a group.")
    for name in ("properties", "options"):
        if name in out:
            out[name] = _texts(name, out[name])
    return out


def _texts(name: str, value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    if not isinstance(value, Mapping) or not all(
        isinstance(part, str) for p in pairs for part in p
    ):
        raise InvalidParameterValue(f"{name} is {shown(value)}; expected strings by name.")
    return dict(value)


def refuse_new_name(new_name: str | None, name: str) -> None:
    """Renaming is not offered: what refers to a thing by its name would have to follow.

    Raises:
        NotSupported: another name was given.
    """
    if new_name is not None and new_name != name:
        raise NotSupported(f"new_name is {new_name!r:.80}: renaming {name} is not offered yet.")


def kept(files: SecurableFiles, kind: Kind, name: str) -> dict[str, Any]:
    """What the document of a thing says; nothing where it has none. Raises as `SecurableFiles.read`."""
    try:
        return files.read(kind, name)
    except FileNotFoundError:
        return {}


def change(files: SecurableFiles, kind: Kind, name: str, facts: Mapping[str, Any]) -> None:
    """Add facts to a thing's document; the caller holds the lock.

    A thing without a document, which is there because something lies in it, belongs to whoever runs
    this until somebody says otherwise.
    """
    before = kept(files, kind, name) or {"owner": user_name()}
    if facts:
        files.write(kind, name, {**before, **facts, **touched()})


def bare(full_name: str) -> dict[str, Any]:
    """What a name `catalog.schema.name` says of a thing."""
    catalog, schema, name = full_name.split(".")
    return {
        "name": name,
        "catalog_name": catalog,
        "schema_name": schema,
        "full_name": full_name,
    }


def described(
    names: Iterable[str],
    get: Callable[[str], dict[str, Any]],
    unread: Callable[[str], dict[str, Any]],
) -> list[dict[str, Any]]:
    """Some things, each as `get` gives it.

    One that can't be read does not spoil the list: it is as `unread` gives it, and its comment says why.
    One that was deleted meanwhile is left out.
    """
    found = []
    for name in names:
        try:
            found.append(get(name))
        except NotFound:
            continue
        except VitrineError as error:
            found.append({**unread(name), "comment": f"damaged: {error.message}"})
    return found
