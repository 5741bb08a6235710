"""The one SQL warehouse of a workspace, as the cloud shows its own. Knows its file; not statements.

Permissions and a stop are kept and shown, and enforce nothing: a statement starts it, as in the cloud.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import InvalidParameterValue, NotFound
from engine.service.authorship import user_name
from engine.store.layout import Layout, read_json, write_json

Json = dict[str, Any]
WAREHOUSE_ID = "76697472696e6500"
_NAME = "vitrine"
_LEVELS = {
    "CAN_USE": "Can use the warehouse",
    "CAN_MONITOR": "Can use the warehouse, and see its statements",
    "CAN_VIEW": "Can see the warehouse",
    "CAN_MANAGE": "Can use, change and share the warehouse",
    "IS_OWNER": "Owns the warehouse",
}
_PRINCIPALS = ("user_name", "group_name", "service_principal_name")


class Warehouse:
    """The warehouse. Safe to use from many threads and processes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._file = layout.root / "warehouse.json"

    def get(self, number: str) -> Json:
        """The warehouse by its id. Raises NotFound."""
        _check(number)
        return self._shown()

    def start(self, number: str) -> None:
        """Let it be shown as running. Raises NotFound."""
        _check(number)
        self._change({"state": "RUNNING"})

    def stop(self, number: str) -> None:
        """Let it be shown as stopped, until a statement comes. Raises NotFound."""
        _check(number)
        self._change({"state": "STOPPED"})

    def wake(self) -> None:
        """A statement has come."""
        if self._facts().get("state") == "STOPPED":
            self._change({"state": "RUNNING"})

    def permissions(self, number: str) -> Json:
        """Who may do what. Raises NotFound."""
        _check(number)
        entries = []
        for entry in self._granted():
            name = next(one for one in _PRINCIPALS if one in entry)
            level = {"permission_level": entry["permission_level"], "inherited": False}
            entries.append(
                {name: entry[name], "display_name": entry[name], "all_permissions": [level]}
            )
        return {
            "object_id": f"/sql/warehouses/{number}",
            "object_type": "warehouses",
            "access_control_list": entries,
        }

    def set_permissions(
        self, number: str, requests: Sequence[Mapping[str, Any]], add: bool
    ) -> Json:
        """Replace the permissions, or add to them; of a principal the last level counts.

        Raises:
            NotFound: no such warehouse. InvalidParameterValue: an entry that isn't one.
        """
        _check(number)
        given = [_parsed(entry) for entry in requests]
        kept = {next(iter(e.items())): e for e in [*(self._granted() if add else []), *given]}
        self._change({"access_control_list": list(kept.values())})
        return self.permissions(number)

    def permission_levels(self, number: str) -> Json:
        """The levels that can be given. Raises NotFound."""
        _check(number)
        levels = [{"permission_level": one, "description": text} for one, text in _LEVELS.items()]
        return {"permission_levels": levels}

    def _granted(self) -> list[dict[str, str]]:
        usual = [{"user_name": user_name(), "permission_level": "IS_OWNER"}]
        kept: list[dict[str, str]] = self._facts().get("access_control_list", usual)
        return kept

    def _facts(self) -> Json:
        try:
            return read_json(self._file, "Delete it: the warehouse is as new then.")
        except FileNotFoundError:
            return {}

    def _change(self, facts: Json) -> None:
        with self._layout.writing("warehouse"):
            write_json(self._file, {**self._facts(), **facts})

    def _shown(self) -> Json:
        state = self._facts().get("state", "RUNNING")
        clusters = 1 if state == "RUNNING" else 0
        return {
            "id": WAREHOUSE_ID,
            "name": _NAME,
            "cluster_size": "2X-Small",
            "min_num_clusters": 1,
            "max_num_clusters": 1,
            "auto_stop_mins": 0,
            "creator_name": user_name(),
            "enable_photon": False,
            "enable_serverless_compute": False,
            "warehouse_type": "PRO",
            "num_clusters": clusters,
            "num_active_sessions": 0,
            "state": state,
            "health": {"status": "HEALTHY"},
            "odbc_params": {
                "hostname": "127.0.0.1",
                "path": f"/sql/1.0/warehouses/{WAREHOUSE_ID}",
                "protocol": "http",
                "port": 8765,
            },
        }

    # Last, because it hides the type of this name below it.
    def list(self) -> Json:
        """All warehouses: one."""
        return {"warehouses": [self._shown()]}


def _check(number: str) -> None:
    if number != WAREHOUSE_ID:
        raise NotFound(f"Warehouse {number:.60} does not exist; the one here is {WAREHOUSE_ID}.")


def _parsed(entry: Mapping[str, Any]) -> dict[str, str]:
    given = [name for name in _PRINCIPALS if entry.get(name)]
    level = entry.get("permission_level")
    if len(given) != 1 or level not in _LEVELS:
        raise InvalidParameterValue(
            f"access_control_list has {dict(entry)!r:.120}; expected one of {', '.join(_PRINCIPALS)} "
            f"and a permission_level, one of {', '.join(_LEVELS)}."
        )
    return {given[0]: str(entry[given[0]]), "permission_level": str(level)}
