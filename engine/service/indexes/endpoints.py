"""Endpoints: create, describe, change, stop, start, delete. Knows their life cycle and their indexes.

Truth: the Vector Search API's replies and refusals. Here a change is done when the call that asked for
it returns: the reply names the state on the way (PROVISIONING, STOPPING, STARTING), `get` from then on
the state reached (ONLINE, STOPPED); where the workspace's pace is not instant, after its time.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core import names
from engine.core.schema import EndpointType, IndexSpec
from engine.errors import (
    CorruptFile,
    InvalidParameterValue,
    InvalidState,
    NewerRelease,
    NotFound,
    ResourceConflict,
    StorageFailed,
)
from engine.service.authorship import now_ms, user_name
from engine.service.indexes import permissions
from engine.service.indexes.endpoint_settings import (
    change_target_qps,
    check_endpoint_type,
    checked_tags,
    new_policy,
    one_policy,
    set_target_qps,
)
from engine.service.indexes.endpoint_states import PROVISIONING, EndpointStates
from engine.service.indexes.registry import UNREADABLE, IndexRegistry
from engine.service.near_names import hint
from engine.service.pacing.clock import Clock
from engine.service.workspace_folder import WorkspaceFolder
from engine.settings import Settings
from engine.store.endpoint_files import (
    copied_endpoint,
    endpoint_file,
    endpoint_names,
    read_endpoint,
    write_endpoint,
)
from engine.store.layout import Layout, remove_twice

# Of an endpoint's file, not shown as they are.
_INTERNAL = ("state", "passing", "until", "target_qps", "access_control_list", "format")


class Endpoints:
    """The endpoints of a workspace. Safe to use from many threads and processes.

    Attributes:
        states: whether an endpoint is stopped, as every query asks.
    """

    def __init__(
        self,
        layout: Layout,
        settings: Settings,
        registry: IndexRegistry,
        folder: WorkspaceFolder,
        clock: Clock,
    ) -> None:
        """
        Args:
            settings: say whether an endpoint that has indexes is deleted.
            registry: says which indexes an endpoint has.
            folder: which folder the workspace is; said where an endpoint is not found in it.
            clock: says how long an endpoint passes through a state.
        """
        self._layout, self._registry, self._folder = layout, registry, folder
        self._strict = settings.strict_endpoints
        self.states = EndpointStates(layout, clock)

    def create(
        self,
        name: str,
        endpoint_type: str = "STANDARD",
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        target_qps: int | None = None,
    ) -> dict[str, Any]:
        """Create an endpoint; the reply says PROVISIONING, `get` says ONLINE from then on.

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
        kind = check_endpoint_type(endpoint_type)
        policy = one_policy(budget_policy_id, usage_policy_id)
        facts: dict[str, Any] = {"name": name, "endpoint_type": kind, "state": "ONLINE"}
        if target_qps is not None:
            set_target_qps(facts, target_qps)
        facts |= policy
        with self._layout.writing("endpoints"):
            kept = self._refuse_taken(name, endpoint_type)
            changed = _changed_now()
            facts = {**_birth(changed), **kept, **facts, **changed}
            facts |= self.states.passage(PROVISIONING)
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
            kinds = {
                spec.endpoint_type
                for spec in self._registry.on_endpoint(name)
                if isinstance(spec, IndexSpec)
            }
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
            NotFound: no such endpoint.
        """
        try:
            return self._shown(self._read(name))
        except UNREADABLE as error:
            return self._unreadable(name, error.message)

    def exists(self, name: str) -> bool:
        """Whether an endpoint has this name, a damaged one too."""
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
        """Delete an endpoint, a damaged one too. Its indexes stay behind, and are not found any more.

        Their files stay, as do source and write-back tables; an endpoint of the same name has none of
        them. A crash on the way leaves the endpoint, which may have lost some: delete it again.

        Raises:
            NotFound: no such endpoint. InvalidState: it still has indexes, and the workspace is strict.
            NewerRelease: another release made it or an index on it, which must delete that.
        """
        with contextlib.suppress(CorruptFile, StorageFailed):
            self._read(name)  # before the lock, which would make the workspace's folder
        with self._layout.writing("endpoints"):
            facts: dict[str, Any] = {}
            with contextlib.suppress(CorruptFile, StorageFailed):
                facts = self._read(name)
            self._refuse_living(name)
            facts = facts or copied_endpoint(self._layout, name) or {}
            self._registry.orphan(name, facts.get("id", name))
            remove_twice(endpoint_file(self._layout, name))
        self.states.forget(name)

    def _refuse_living(self, name: str) -> None:
        """In a strict workspace, refuse to delete an endpoint that has indexes."""
        living = [index.name for index in self._registry.on_endpoint(name)] if self._strict else []
        if living:
            raise InvalidState(
                f"Endpoint {name} still has indexes: {', '.join(living)}. Delete them first. (This "
                "workspace is strict about endpoints.)"
            )

    # ------------------------------------------------------------------ stop and start
    def stop(self, name: str) -> dict[str, Any]:
        """Stop serving: the reply says STOPPING, `get` STOPPED. Stopped twice is stopped.

        Its indexes and their rows stay; queries and writes are refused until `start`.

        Raises:
            NotFound: no such endpoint.
        """
        return self._turn(name, "STOPPED", "STOPPING")

    def start(self, name: str) -> dict[str, Any]:
        """Serve again: the reply says STARTING, `get` ONLINE; see `stop`."""
        return self._turn(name, "ONLINE", "STARTING")

    def _turn(self, name: str, state: str, on_the_way: str) -> dict[str, Any]:
        if self._read(name).get("state", "ONLINE") == state:
            return self.get(name)
        passage = self.states.passage(on_the_way)

        def turn(facts: dict[str, Any]) -> None:
            for key in ("passing", "until"):
                facts.pop(key, None)
            facts.update(state=state, **passage)

        return self._shown(self._change(name, turn), on_the_way)

    # ------------------------------------------------------------------ changes
    def update(self, name: str, target_qps: int | None = None) -> dict[str, Any]:
        """Change how many queries a second are wanted; None changes nothing, -1 takes it back.

        Raises:
            NotFound: no such endpoint. InvalidParameterValue: not a positive integer or -1, or the
                endpoint is STORAGE_OPTIMIZED.
        """
        if target_qps is None:
            return self.get(name)
        changed = self._change(name, lambda facts: change_target_qps(facts, target_qps))
        return self._shown(changed)

    def update_budget_policy(self, name: str, budget_policy_id: str) -> dict[str, Any]:
        """Give an endpoint another budget policy; the reply holds the policies only.

        Raises:
            NotFound: no such endpoint. InvalidParameterValue: an empty policy.
        """
        policy = new_policy(budget_policy_id)
        self._change(name, lambda facts: facts.update(policy))
        return policy

    def update_custom_tags(self, name: str, custom_tags: object) -> dict[str, Any]:
        """Replace an endpoint's tags, `[{"key": ..., "value": ...}]`; an empty list takes them off.

        Raises:
            NotFound: no such endpoint. InvalidParameterValue: not of this form, or a key twice.
        """
        tags = checked_tags(custom_tags)
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
            NotFound: no such endpoint.
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
            NotFound: no such endpoint. InvalidParameterValue: not of this form.
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
            with contextlib.suppress(NotFound, *UNREADABLE):
                if self._read(name)["id"] == endpoint_id:
                    return name
        raise self._not_found(endpoint_id)

    # ------------------------------------------------------------------ files
    def _read(self, name: str) -> dict[str, Any]:
        """What is known of an endpoint.

        Raises:
            NotFound: no such endpoint. CorruptFile, NewerRelease, StorageFailed: it can't be read.
        """
        try:
            return read_endpoint(self._layout, names.endpoint_name(name))
        except (FileNotFoundError, InvalidParameterValue):
            raise self._not_found(name) from None

    def _not_found(self, name: str) -> NotFound:
        error = NotFound(f"Vector search endpoint {name} not found")
        error.hint = hint("endpoints", name, endpoint_names(self._layout), self._folder.describe())
        return error

    def _change(self, name: str, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        with self._layout.writing("endpoints"):
            facts = self._read(name)
            change(facts)
            facts |= _changed_now()
            write_endpoint(self._layout, facts)
        return facts

    def _shown(self, facts: dict[str, Any], state: str | None = None) -> dict[str, Any]:
        """The API's description; `state` is the one on the way, None the state that was reached."""
        seen = {key: value for key, value in facts.items() if key not in _INTERNAL and value != []}
        seen["endpoint_status"] = {"state": state or self.states.seen(facts)}
        seen["num_indexes"] = len(self._registry.on_endpoint(facts["name"]))
        if "target_qps" in facts:
            seen["scaling_info"] = {
                "requested_target_qps": facts["target_qps"],
                "state": "SCALING_CHANGE_APPLIED",
            }
        return seen

    def _unreadable(self, name: str, reason: str) -> dict[str, Any]:
        indexes = self._registry.on_endpoint(name)
        kinds = [spec.endpoint_type for spec in indexes if isinstance(spec, IndexSpec)]
        return {
            "name": name,
            "endpoint_type": kinds[0] if kinds else "STANDARD",
            "endpoint_status": {"state": "RED_STATE", "message": reason},
            "num_indexes": len(indexes),
        }


def _birth(changed: Mapping[str, Any]) -> dict[str, Any]:
    """What a new endpoint keeps for good: its id, and who made it when."""
    return {
        "id": str(uuid.uuid4()),
        "creator": changed["last_updated_user"],
        "creation_timestamp": changed["last_updated_timestamp"],
    }


def _changed_now() -> dict[str, Any]:
    return {"last_updated_user": user_name(), "last_updated_timestamp": now_ms()}
