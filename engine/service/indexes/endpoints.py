"""Endpoints: create, describe, change, stop, start, delete. Knows their life cycle; not indexes.

Truth: the Vector Search API's replies and refusals. Here a change is done when the call that asked for
it returns: the reply names the state on the way (PROVISIONING, STOPPING, STARTING), the next look the
state reached (ONLINE, STOPPED).
"""

from __future__ import annotations

import contextlib
import getpass
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from engine.core import names
from engine.core.schema import EndpointType, IndexSpec
from engine.errors import (
    BadRequest,
    CorruptFile,
    InvalidParameterValue,
    InvalidState,
    NewerRelease,
    NotFound,
    ResourceConflict,
    StorageFailed,
)
from engine.service.indexes import permissions
from engine.service.indexes.descriptions import Unreadable
from engine.service.near_names import hint
from engine.store.endpoint_files import (
    ENDPOINT_TYPES,
    copied_endpoint,
    endpoint_file,
    endpoint_names,
    read_endpoint,
    write_endpoint,
)
from engine.store.layout import Layout, read_json, remove_twice

RESET_QPS = -1  # the API's word for "no target any more"
_OWN = (
    "state",
    "target_qps",
    "access_control_list",
    "format",
)  # of the file, not shown as they are
_Stamp = tuple[int, int, int]


class Endpoints:
    """The endpoints of a workspace."""

    def __init__(
        self,
        layout: Layout,
        indexes_of: Callable[[str], list[IndexSpec | Unreadable]],
        whereabouts: Callable[[], str],
    ) -> None:
        """
        Args:
            indexes_of: the indexes of an endpoint.
            whereabouts: what to say of the workspace where something is not found in it.
        """
        self._whereabouts = whereabouts
        self._layout = layout
        self._indexes_of = indexes_of
        self._looks: dict[str, tuple[str, _Stamp, bool]] = {}

    def create(
        self,
        name: str,
        endpoint_type: str = "STANDARD",
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        target_qps: int | None = None,
    ) -> dict[str, Any]:
        """Create an endpoint; the reply says PROVISIONING, the next look ONLINE.

        One whose file is damaged is made again from its copy: its indexes, id, tags and permissions
        are its again, and what is not given stays as it was.

        Args:
            budget_policy_id, usage_policy_id: at most one; both are kept as the budget policy.
            target_qps: queries a second that are wanted, kept and shown only.

        Raises:
            InvalidParameterValue: a bad name or type, both policies, or a `target_qps` that is no
                positive integer or given for STORAGE_OPTIMIZED; another type than that of the
                damaged endpoint. ResourceConflict: the name is taken.
        """
        names.endpoint_name(name)
        if endpoint_type not in ENDPOINT_TYPES:
            raise InvalidParameterValue(
                f"endpoint_type is {endpoint_type!r}; expected {' or '.join(ENDPOINT_TYPES)}."
            )
        if budget_policy_id and usage_policy_id:
            raise InvalidParameterValue(
                "budget_policy_id and usage_policy_id were both given; give usage_policy_id alone."
            )
        facts: dict[str, Any] = {"name": name, "endpoint_type": endpoint_type, "state": "ONLINE"}
        if target_qps is not None:
            _check_qps(facts, target_qps)
            facts["target_qps"] = target_qps
        if policy := usage_policy_id or budget_policy_id:
            facts |= _policy(policy)
        with self._layout.writing("endpoints"):
            kept = self._refuse_taken(name, endpoint_type)
            now, user = now_ms(), user_name()
            birth = {"id": str(uuid.uuid4()), "creator": user, "creation_timestamp": now}
            facts = {**birth, **kept, **facts}
            facts |= {"last_updated_user": user, "last_updated_timestamp": now}
            write_endpoint(self._layout, facts)
        return self._shown(facts, "PROVISIONING")

    def _refuse_taken(self, name: str, endpoint_type: str) -> dict[str, Any]:
        """Refuse a name that is taken; of a damaged endpoint, what its copy says."""
        taken = f"Vector search endpoint with name {name} already exists"
        try:
            self._read(name)
        except NotFound:
            return {}
        except CorruptFile:
            kept = copied_endpoint(self._layout, name) or {}
            kinds = {spec.endpoint_type for spec in self._indexes_of(name) if _is_read(spec)}
            kinds |= {kept["endpoint_type"]} if kept else set()
            if kinds - {endpoint_type}:
                raise InvalidParameterValue(
                    f"endpoint_type is {endpoint_type}; the damaged endpoint {name} or its indexes are "
                    f"of {', '.join(sorted(kinds))}. Give that type."
                ) from None
            return kept
        except (NewerRelease, StorageFailed) as error:
            raise ResourceConflict(f"{taken}. {error.message}") from None
        raise ResourceConflict(taken)

    def get(self, name: str) -> dict[str, Any]:
        """An endpoint as the API shows it; of one that can't be read, why, in the state RED_STATE.

        Raises:
            NotFound: there is none of this name.
        """
        try:
            return self._shown(self._read(name))
        except (CorruptFile, NewerRelease, StorageFailed) as error:
            return self._unreadable(name, error.message)

    def exists(self, name: str) -> bool:
        """Whether there is an endpoint of this name, a damaged one too."""
        with contextlib.suppress(NotFound):
            return bool(self.get(name))
        return False

    def type_of(self, name: str) -> EndpointType:
        """STANDARD or STORAGE_OPTIMIZED.

        Raises:
            NotFound: no such endpoint. CorruptFile, NewerRelease, StorageFailed: it can't be read.
        """
        kind: EndpointType = self._read(name)["endpoint_type"]
        return kind

    def list(self) -> list[dict[str, Any]]:
        """All endpoints, by name.

        Those that are made or deleted meanwhile may be among them or not.
        """
        found = []
        for name in endpoint_names(self._layout):
            with contextlib.suppress(NotFound):  # deleted just now
                found.append(self.get(name))
        return found

    def delete(self, name: str) -> None:
        """Delete an endpoint that has no indexes, a damaged one too.

        Raises:
            NotFound: there is none. InvalidState: it still has indexes.
            NewerRelease: another release made it, which must delete it.
        """
        with self._layout.writing("endpoints"):
            with contextlib.suppress(CorruptFile, StorageFailed):
                self._read(name)
            living = [index.name for index in self._indexes_of(name)]
            if living:
                raise InvalidState(
                    f"Endpoint {name} still has indexes: {', '.join(living)}. Delete them first."
                )
            remove_twice(endpoint_file(self._layout, name))
        self._looks.pop(name, None)

    # ------------------------------------------------------------------ stop and start
    def stop(self, name: str) -> dict[str, Any]:
        """Stop serving: the reply says STOPPING, the next look STOPPED. Stopped twice is stopped.

        Its indexes and their rows stay; queries and writes are refused until `start`.

        Raises:
            NotFound: there is none of this name.
        """
        return self._turn(name, "STOPPED", "STOPPING")

    def start(self, name: str) -> dict[str, Any]:
        """Serve again: the reply says STARTING, the next look ONLINE; see `stop`."""
        return self._turn(name, "ONLINE", "STARTING")

    def _turn(self, name: str, state: str, on_the_way: str) -> dict[str, Any]:
        if self._read(name).get("state", "ONLINE") == state:
            return self.get(name)
        return self._shown(self._change(name, lambda facts: facts.update(state=state)), on_the_way)

    def is_stopped(self, name: str) -> bool:
        """Whether an endpoint is stopped, by one look at its file's time of change.

        An endpoint that isn't there, or can't be read, is not stopped: its indexes go on.
        """
        known = self._looks.get(name)
        path = known[0] if known is not None else str(endpoint_file(self._layout, name))
        try:
            found = os.stat(path)  # noqa: PTH116  (a third of what Path.stat takes)
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if known is None or known[1] != stamp:
                stopped = False
                with contextlib.suppress(CorruptFile, StorageFailed):
                    stopped = read_json(Path(path)).get("state") == "STOPPED"
                known = (path, stamp, stopped)
                self._looks[name] = known
        except (OSError, ValueError):  # or no name of a file at all
            return False
        return known[2]

    def refuse_stopped(self, name: str) -> None:
        """Refuse to work for an index of a stopped endpoint.

        Raises:
            BadRequest: it is stopped; says how to start it.
        """
        if self.is_stopped(name):
            raise BadRequest(stopped_message(name))

    # ------------------------------------------------------------------ changes
    def update(self, name: str, target_qps: int | None = None) -> dict[str, Any]:
        """Change how many queries a second are wanted; None changes nothing, -1 takes it back.

        Raises:
            NotFound: there is none. InvalidParameterValue: not a positive integer or -1, or the
                endpoint is STORAGE_OPTIMIZED.
        """
        if target_qps is None:
            return self.get(name)

        def change(facts: dict[str, Any]) -> None:
            if target_qps == RESET_QPS:
                facts.pop("target_qps", None)
                return
            _check_qps(facts, target_qps)
            facts["target_qps"] = target_qps

        return self._shown(self._change(name, change))

    def update_budget_policy(self, name: str, budget_policy_id: str) -> dict[str, Any]:
        """Give an endpoint another budget policy; the reply holds the policies only.

        Raises:
            NotFound: there is none. InvalidParameterValue: an empty policy.
        """
        if not isinstance(budget_policy_id, str) or not budget_policy_id:
            raise InvalidParameterValue(
                f"budget_policy_id is {budget_policy_id!r}; expected the policy's id as text."
            )
        policy = _policy(budget_policy_id)
        self._change(name, lambda facts: facts.update(policy))
        return policy

    def update_custom_tags(self, name: str, custom_tags: object) -> dict[str, Any]:
        """Replace an endpoint's tags, `[{"key": ..., "value": ...}]`; an empty list takes them off.

        Raises:
            NotFound: there is none. InvalidParameterValue: not of this form, or a key twice.
        """
        tags = _tags(custom_tags)
        self._change(name, lambda facts: facts.update(custom_tags=tags))
        return {"name": name, "custom_tags": tags}

    def metrics(
        self,
        name: str,
        start_time: str | None = None,
        end_time: str | None = None,
        granularity_in_seconds: int | None = None,
        metrics: Sequence[Mapping[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> dict[str, Any]:
        """An endpoint's measurements of a time: none, whatever is asked for. Raises NotFound."""
        self._read(name)
        return {"metric_values": []}

    # ------------------------------------------------------------------ permissions
    def permissions(self, endpoint_id: str) -> dict[str, Any]:
        """Who may do what on an endpoint, as it was set; kept and shown, never enforced.

        Args:
            endpoint_id: the `id` of its description, or its name.

        Raises:
            NotFound: there is none.
        """
        return permissions.shown(self._read(self._name_of(endpoint_id)))

    def set_permissions(
        self, endpoint_id: str, access_control_list: object = None
    ) -> dict[str, Any]:
        """Replace an endpoint's permissions; see `permissions`.

        Args:
            access_control_list: a user, group or service principal each, with
                a `permission_level`.

        Raises:
            NotFound: there is none. InvalidParameterValue: not of this form.
        """
        return self._grant(endpoint_id, access_control_list, add=False)

    def update_permissions(
        self, endpoint_id: str, access_control_list: object = None
    ) -> dict[str, Any]:
        """Add to an endpoint's permissions, keeping those of others; see `set_permissions`."""
        return self._grant(endpoint_id, access_control_list, add=True)

    def _grant(self, endpoint_id: str, requests: object, add: bool) -> dict[str, Any]:
        granted = permissions.parsed(requests)

        def change(facts: dict[str, Any]) -> None:
            before = permissions.granted(facts) if add else []
            facts["access_control_list"] = permissions.merged(before, granted)

        return permissions.shown(self._change(self._name_of(endpoint_id), change))

    def permission_levels(self, endpoint_id: str) -> dict[str, Any]:
        """The levels that can be given, each with what it allows. Raises NotFound."""
        self._name_of(endpoint_id)
        return permissions.levels()

    def _name_of(self, endpoint_id: str) -> str:
        for name in endpoint_names(self._layout):
            if name == endpoint_id:
                return name
            with contextlib.suppress(NotFound, CorruptFile, NewerRelease, StorageFailed):
                if self._read(name)["id"] == endpoint_id:
                    return name
        raise self._not_found(endpoint_id)

    # ------------------------------------------------------------------ files
    def _read(self, name: str) -> dict[str, Any]:
        """What is known of an endpoint.

        Raises:
            NotFound: there is none. CorruptFile, NewerRelease, StorageFailed: it can't be read.
        """
        try:
            return read_endpoint(self._layout, names.endpoint_name(name))
        except (FileNotFoundError, InvalidParameterValue):
            raise self._not_found(name) from None

    def _not_found(self, name: str) -> NotFound:
        error = NotFound(f"Vector search endpoint {name} not found")
        error.hint = hint("endpoints", name, endpoint_names(self._layout), self._whereabouts())
        return error

    def _change(self, name: str, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        with self._layout.writing("endpoints"):
            facts = self._read(name)
            change(facts)
            facts |= {"last_updated_user": user_name(), "last_updated_timestamp": now_ms()}
            write_endpoint(self._layout, facts)
        return facts

    def _shown(self, facts: dict[str, Any], state: str | None = None) -> dict[str, Any]:
        """The API's description; `state` is the one on the way, None the state that was reached."""
        seen = {key: value for key, value in facts.items() if key not in _OWN and value != []}
        seen["endpoint_status"] = {"state": state or facts.get("state", "ONLINE")}
        seen["num_indexes"] = len(self._indexes_of(facts["name"]))
        if "target_qps" in facts:
            seen["scaling_info"] = {
                "requested_target_qps": facts["target_qps"],
                "state": "SCALING_CHANGE_APPLIED",
            }
        return seen

    def _unreadable(self, name: str, reason: str) -> dict[str, Any]:
        indexes = self._indexes_of(name)
        kinds = [spec.endpoint_type for spec in indexes if _is_read(spec)]
        return {
            "name": name,
            "endpoint_type": kinds[0] if kinds else "STANDARD",
            "endpoint_status": {"state": "RED_STATE", "message": reason},
            "num_indexes": len(indexes),
        }


def _is_read(index: IndexSpec | Unreadable) -> TypeGuard[IndexSpec]:
    return isinstance(index, IndexSpec)


def stopped_message(name: str) -> str:
    """What to say of a stopped endpoint: what it means, and what to do."""
    return (
        f"Endpoint {name} is STOPPED: its indexes keep their rows and serve nothing. Start it with "
        f"start_endpoint({name!r}) and try again."
    )


def _policy(policy: str) -> dict[str, str]:
    return {"budget_policy_id": policy, "effective_budget_policy_id": policy}


def _check_qps(facts: dict[str, Any], target_qps: object) -> None:
    if isinstance(target_qps, bool) or not isinstance(target_qps, int) or target_qps < 1:
        raise InvalidParameterValue(f"target_qps is {target_qps!r}; expected a positive integer.")
    if facts["endpoint_type"] == "STORAGE_OPTIMIZED":
        raise InvalidParameterValue(
            f"Endpoint {facts['name']} is STORAGE_OPTIMIZED; only STANDARD endpoints take target_qps."
        )


def _tags(given: object) -> list[dict[str, str]]:
    """Tags as the API keeps them; a tag without value has an empty one."""
    if not isinstance(given, (list, tuple)):
        raise InvalidParameterValue(f"custom_tags is {given!r:.80}; expected a list of tags.")
    tags = []
    for tag in given:
        key = tag.get("key") if isinstance(tag, dict) else None
        value = (tag.get("value") or "") if isinstance(tag, dict) else None
        if not isinstance(key, str) or not key or not isinstance(value, str):
            raise InvalidParameterValue(
                f'custom_tags has {tag!r:.80}; expected {{"key": text, "value": text}}.'
            )
        tags.append({"key": key, "value": value})
    keys = [tag["key"] for tag in tags]
    if len(set(keys)) < len(keys):
        raise InvalidParameterValue(f"custom_tags has a key twice: {', '.join(keys)}.")
    return tags


def now_ms() -> int:
    """Milliseconds since the epoch, as the API counts them."""
    return time.time_ns() // 1_000_000


def user_name() -> str:
    """The login name of whoever runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no login name in some containers
        return "unknown"
