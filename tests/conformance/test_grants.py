"""What is granted is told back: the same through every door, and by SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.needs import needs

needs("sdk", "clients")

from conformance.doors import Error, LocalDoor, PlainDoor
from conformance.world import World
from databricks.sdk.service import catalog as uc

Json = dict[str, Any]
BASE = "/api/2.1/unity-catalog"
# Operations: what is granted on a thing; that with what is handed down; changes to it.
Ask = Callable[..., Json]


def of_workspace(workspace: Any) -> tuple[Ask, Ask, Ask]:
    return workspace.get_grants, workspace.get_effective_grants, workspace.update_grants


def of_requests(url: str) -> tuple[Ask, Ask, Ask]:
    def ask(
        method: str, what: str, kind: str, name: str, body: object, principal: str | None
    ) -> Json:
        reply = httpx.request(
            method,
            f"{url}{BASE}/{what}/{kind}/{name}",
            json=body,
            params={} if principal is None else {"principal": principal},
            headers={"Authorization": "Bearer dapi-of-the-tests"},
            trust_env=False,
            timeout=60,
        )
        reply.raise_for_status()
        return reply.json()

    return (
        lambda kind, name, principal=None: ask("GET", "permissions", kind, name, None, principal),
        lambda kind, name, principal=None: ask(
            "GET", "effective-permissions", kind, name, None, principal
        ),
        lambda kind, name, changes: ask(
            "PATCH", "permissions", kind, name, {"changes": changes}, None
        ),
    )


def of_sdk(w: Any) -> tuple[Ask, Ask, Ask]:
    def update(kind: str, name: str, changes: list[Json]) -> Json:
        given = [uc.PermissionsChange.from_dict(one) for one in changes]
        return w.grants.update(kind, name, changes=given).as_dict()

    return (
        lambda kind, name, principal=None: w.grants.get(kind, name, principal=principal).as_dict(),
        lambda kind, name, principal=None: w.grants.get_effective(
            kind, name, principal=principal
        ).as_dict(),
        update,
    )


def operations(world: World, door: Any) -> tuple[Ask, Ask, Ask]:
    if isinstance(door, LocalDoor):
        return of_workspace(world.workspace)
    return of_requests(world.url) if isinstance(door, PlainDoor) else of_sdk(door.w)


def assigned(**held: list[Any]) -> Json:
    return {
        "privilege_assignments": [
            {"principal": who, "privileges": what} for who, what in held.items()
        ]
    }


@pytest.mark.parametrize("door_name", ["local", "http", "sdk", "sdk-in-process"])
def test_what_is_granted_is_told_back(world: World, door_name: str) -> None:
    door, workspace = world.door(door_name), world.workspace
    catalog = f"granted_{door_name.replace('-', '_')}"
    schema, table = f"{catalog}.s", f"{catalog}.s.t"
    workspace.create_catalog(catalog)
    workspace.create_schema("s", catalog)
    workspace.sql(f"CREATE TABLE {table} (id INT)")
    workspace.sql(f"CREATE VIEW {schema}.seen AS SELECT id FROM {table}")
    get, effective, update = operations(world, door)

    assert get("table", table).get("privilege_assignments", []) == []
    given = [
        {"principal": "ann", "add": ["SELECT", "MODIFY"]},
        {"principal": "bob", "add": ["ALL_PRIVILEGES"]},
    ]
    both = assigned(ann=["MODIFY", "SELECT"], bob=["ALL_PRIVILEGES"])
    assert update("table", table, given) == get("table", table) == both
    assert get("table", table, principal="ANN") == assigned(ann=["MODIFY", "SELECT"])
    taken = [{"principal": "ann", "remove": ["MODIFY"]}, {"principal": "bob", "remove": ["SELECT"]}]
    assert update("table", table, taken) == assigned(ann=["SELECT"], bob=["ALL_PRIVILEGES"])
    update("schema", schema, [{"principal": "ann", "add": ["USE_SCHEMA", "MODIFY"]}])
    inherited = {"inherited_from_type": "SCHEMA", "inherited_from_name": schema}
    from_schema = {"privilege": "MODIFY", **inherited}
    assert effective("table", table, principal="ann") == assigned(
        ann=[{"privilege": "SELECT"}, from_schema]
    )
    # By SQL it is the same: SHOW GRANTS tells of it, GRANT adds to it.
    shown = workspace.sql(f"SHOW GRANTS ann ON TABLE {table}").to_pylist()
    assert [(one["actionType"], one["objectKey"]) for one in shown] == [
        ("SELECT", table),
        ("MODIFY", schema),
    ]
    workspace.sql(f"GRANT USE CATALOG ON CATALOG {catalog} TO `some people`")
    assert get("catalog", catalog) == assigned(**{"some people": ["USE_CATALOG"]})
    assert update(
        "table", f"{schema}.seen", [{"principal": "ann", "add": ["REFRESH"]}]
    ) == assigned(ann=["REFRESH"])


@pytest.mark.parametrize("door_name", ["local", "http", "sdk", "sdk-in-process"])
def test_what_nobody_can_be_granted_changes_nothing(world: World, door_name: str) -> None:
    door, workspace = world.door(door_name), world.workspace
    catalog = f"refused_{door_name.replace('-', '_')}"
    workspace.create_catalog(catalog)
    get, _, update = operations(world, door)
    good = {"principal": "ann", "add": ["USE_CATALOG"]}
    wrong = {"principal": "ann", "add": ["USE_SCHEMA", "CREATE_CATALOG"]}
    refused = door.error_of(lambda: update("catalog", catalog, [good, wrong]))
    assert (refused.status, refused.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "Privilege CREATE_CATALOG is not applicable to a CATALOG" in refused.message
    assert get("catalog", catalog).get("privilege_assignments", []) == []
    gone = Error(404, "CATALOG_DOES_NOT_EXIST", "Catalog 'no_such' does not exist.")
    assert door.error_of(lambda: get("catalog", "no_such")) == gone
    other = door.error_of(lambda: get("metastore", "m"))
    assert other.status == 400 and "securable_type is 'metastore'" in other.message
    nobody = door.error_of(lambda: update("catalog", catalog, [{"principal": " ", "add": []}]))
    assert nobody.status == 400 and "principal" in nobody.message
