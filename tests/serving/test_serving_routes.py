"""Serving endpoints through every door: made, changed, asked, deleted; and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from support.needs import needs
from support.server import CREDENTIALS

from engine import InvalidParameterValue, NotFound, ResourceConflict, Settings, Workspace
from engine.doors.http.server import BackgroundServer
from engine.doors.rest import handle
from engine.service.serving.invocations import invoke

BASE = "/api/2.0/serving-endpoints"
HASHED = {"served_entities": [{"entity_name": "hashed"}]}
EMBEDDED = {"served_entities": [{"name": "mine", "entity_name": "embedded"}]}
Json = dict[str, Any]


class Refused(Exception):
    """An error of a door: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class RestDoor:
    """The table of routes, in-process or over HTTP."""

    def __init__(self, send: Callable[[str, str, Any], tuple[int, Json]]) -> None:
        self._send = send

    def _do(self, method: str, path: str, body: Any = None) -> Json:
        status, reply = self._send(method, path, body)
        if status >= 400:
            raise Refused(reply["error_code"], reply["message"])
        return reply

    def create(self, name: str, config: Json, **more: Any) -> Json:
        return self._do("POST", BASE, {"name": name, "config": config, **more})

    def update(self, name: str, config: Json) -> Json:
        return self._do("PUT", f"{BASE}/{name}/config", config)

    def get(self, name: str) -> Json:
        return self._do("GET", f"{BASE}/{name}")

    def names(self) -> list[str]:
        return [endpoint["name"] for endpoint in self._do("GET", BASE)["endpoints"]]

    def delete(self, name: str) -> None:
        assert self._do("DELETE", f"{BASE}/{name}") == {}

    def query(self, name: str, payload: Json) -> Any:
        path = f"/serving-endpoints/{name}/invocations"
        return self._do("POST", path, payload)["predictions"]

    def open_api(self, name: str) -> Json:
        return self._do("GET", f"{BASE}/{name}/openapi")

    def tag(self, name: str, add: list[Json], delete: list[str]) -> list[Json]:
        body = {"add_tags": add, "delete_tags": delete}
        tags: list[Json] = self._do("PATCH", f"{BASE}/{name}/tags", body)["tags"]
        return tags


class SdkDoor:
    """The real SDK's service, over HTTP or in-process."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def _do(self, call: Callable[[], Any]) -> Any:
        from databricks.sdk.errors import DatabricksError

        try:
            return call()
        except DatabricksError as error:
            raise Refused(str(error.error_code), str(error)) from error

    def create(self, name: str, config: Json, **more: Any) -> Json:
        from databricks.sdk.service.serving import EndpointCoreConfigInput, EndpointTag

        if "tags" in more:
            more["tags"] = [EndpointTag.from_dict(tag) for tag in more["tags"]]
        given = EndpointCoreConfigInput.from_dict(config)
        wait = self._do(lambda: self._service.create(name, config=given, **more))
        shown: Json = wait.response.as_dict()
        assert wait.result().state.config_update.value == "NOT_UPDATING"
        return shown

    def update(self, name: str, config: Json) -> Json:
        from databricks.sdk.service.serving import EndpointCoreConfigInput

        given = EndpointCoreConfigInput.from_dict(config)
        entities, models = given.served_entities, given.served_models
        shown: Json = self._do(
            lambda: self._service.update_config_and_wait(
                name,
                served_entities=entities,
                served_models=models,
                traffic_config=given.traffic_config,
            )
        ).as_dict()
        return shown

    def get(self, name: str) -> Json:
        shown: Json = self._do(lambda: self._service.get(name)).as_dict()
        return shown

    def names(self) -> list[str]:
        return [str(endpoint.name) for endpoint in self._do(lambda: list(self._service.list()))]

    def delete(self, name: str) -> None:
        self._do(lambda: self._service.delete(name))

    def query(self, name: str, payload: Json) -> Any:
        return self._do(lambda: self._service.query(name, **payload)).predictions

    def open_api(self, name: str) -> Json:
        import json

        shown: Json = json.loads(self._do(lambda: self._service.get_open_api(name)).contents.read())
        return shown

    def tag(self, name: str, add: list[Json], delete: list[str]) -> list[Json]:
        from databricks.sdk.service.serving import EndpointTag

        tags = [EndpointTag.from_dict(tag) for tag in add]
        found = self._do(lambda: self._service.patch(name, add_tags=tags, delete_tags=delete))
        return [tag.as_dict() for tag in found.tags]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    workspace = Workspace(settings=Settings(tmp_path_factory.mktemp("served"), encoder="hashed"))
    with BackgroundServer(workspace, CREDENTIALS) as server:
        yield workspace, server.url


@pytest.fixture(params=["rest", "http", "sdk", "sdk-in-process"])
def door(request: pytest.FixtureRequest, served: tuple[Workspace, str]) -> Iterator[Any]:
    workspace, url = served
    if request.param == "rest":
        yield RestDoor(lambda method, path, body: handle(workspace, method, path, body=body))
    elif request.param == "http":
        login = {"Authorization": f"Bearer {CREDENTIALS.token}"}
        with httpx.Client(base_url=url, headers=login, trust_env=False, timeout=60) as client:

            def send(method: str, path: str, body: Any) -> tuple[int, Json]:
                reply = client.request(method, path, json=body)
                return reply.status_code, reply.json()

            yield RestDoor(send)
    else:
        needs("sdk")
        if request.param == "sdk":
            from databricks.sdk import WorkspaceClient

            client_ = WorkspaceClient(host=url, token=CREDENTIALS.token)
            yield SdkDoor(client_.serving_endpoints)
        else:
            from engine.doors.sdk import WorkspaceClient as InProcess

            yield SdkDoor(InProcess(workspace=workspace).serving_endpoints)
    for endpoint in workspace.list_serving_endpoints():
        if not workspace.serving.is_built_in(endpoint["name"]):
            workspace.delete_serving_endpoint(endpoint["name"])


def refused(call: Callable[[], Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


def entity_of(shown: Json) -> Json:
    (entity,) = shown["config"]["served_entities"]
    found: Json = entity
    return found


# ------------------------------------------------------------------ bodies
def test_an_endpoint_lives_through_a_door(door: Any) -> None:
    made = door.create("shop", HASHED, tags=[{"key": "team", "value": "fashion"}])
    assert made["name"] == "shop" and made["id"]
    shown = door.get("shop")
    assert shown["state"] == {"ready": "READY", "config_update": "NOT_UPDATING"}
    assert shown["tags"] == [{"key": "team", "value": "fashion"}]
    assert entity_of(shown)["entity_name"] == "hashed"
    assert entity_of(shown)["state"]["deployment"] == "DEPLOYMENT_READY"
    assert "shop" in door.names()
    first = door.query("shop", {"dataframe_records": [{"text": "red"}, {"text": "blue"}]})
    door.update("shop", EMBEDDED)
    updated = door.get("shop")
    assert updated["config"]["config_version"] == 2 and updated["id"] == shown["id"]
    assert entity_of(updated)["name"] == "mine"
    assert updated["config"]["traffic_config"]["routes"] == [
        {"served_model_name": "mine", "traffic_percentage": 100}
    ]
    second = door.query("shop", {"dataframe_records": [{"text": "red"}, {"text": "blue"}]})
    assert np.shape(second) == (2, 512) and not np.array_equal(first, second)
    described = door.open_api("shop")["paths"]["/serving-endpoints/shop/invocations"]["post"]
    body = described["requestBody"]["content"]["application/json"]["schema"]
    records = body["properties"]["dataframe_records"]["items"]
    assert set(records["properties"]) == {"text", "image"}
    door.delete("shop")
    assert "shop" not in door.names()
    assert refused(lambda: door.get("shop")).code == "RESOURCE_DOES_NOT_EXIST"


def test_the_older_fields_say_the_same(door: Any) -> None:
    older = {"served_models": [{"model_name": "hashed", "model_version": "1"}]}
    given = {**older, "traffic_config": {"routes": [
        {"served_model_name": "hashed-1", "traffic_percentage": 100}]}}  # fmt: skip
    for model in given["served_models"]:
        model.update(workload_size="Small", scale_to_zero_enabled=True)  # type: ignore[attr-defined]
    door.create("older", given)
    entity = entity_of(door.get("older"))
    assert (entity["name"], entity["entity_name"]) == ("hashed-1", "hashed")
    assert (entity["workload_size"], entity["scale_to_zero_enabled"]) == ("Small", True)


def test_tags_come_and_go(door: Any) -> None:
    door.create("tagged", HASHED, tags=[{"key": "a", "value": "1"}])
    tags = door.tag("tagged", [{"key": "b", "value": "2"}], ["a"])
    assert tags == door.get("tagged")["tags"] == [{"key": "b", "value": "2"}]


def test_a_taken_name(door: Any) -> None:
    door.create("taken", HASHED)
    error = refused(lambda: door.create("taken", HASHED))
    assert error.code == "RESOURCE_ALREADY_EXISTS"
    assert "Serving endpoint with name taken already exists" in error.message


BAD_CONFIGS: dict[str, tuple[Json, str, str]] = {
    "no entity": ({"served_entities": []}, "INVALID_PARAMETER_VALUE", "list of one entity"),
    "two entities": (
        {"served_entities": [{"entity_name": "hashed"}, {"entity_name": "embedded"}]},
        "INVALID_PARAMETER_VALUE",
        "Several entities behind one endpoint are not offered",
    ),
    "no name": (
        {"served_entities": [{"name": "x"}]},
        "INVALID_PARAMETER_VALUE",
        "served_entities[0].entity_name is",
    ),
    "traffic elsewhere": (
        {**HASHED, "traffic_config": {"routes": [
            {"served_model_name": "other", "traffic_percentage": 100}]}},
        "INVALID_PARAMETER_VALUE",
        "gives 100 percent to 'hashed'",
    ),
    "an external model": (
        {"served_entities": [{"entity_name": "x", "external_model": {
            "name": "gpt", "provider": "openai", "task": "llm/v1/chat"}}]},
        "NOT_IMPLEMENTED",
        "external_model is not offered",
    ),
    "variables": (
        {"served_entities": [{"entity_name": "hashed", "environment_vars": {"A": "b"}}]},
        "NOT_IMPLEMENTED",
        "environment_vars is not offered",
    ),
    "an unknown registered model": (
        {"served_entities": [{"entity_name": "main.shop.nothing", "entity_version": "1"}]},
        "RESOURCE_DOES_NOT_EXIST",
        "Registered model 'main.shop.nothing' does not exist",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_CONFIGS)
def test_a_bad_configuration_is_refused_and_changes_nothing(door: Any, what: str) -> None:
    config, code, words = BAD_CONFIGS[what]
    error = refused(lambda: door.create("bad", config))
    assert error.code == code and words in error.message
    assert "bad" not in door.names()
    door.create("good", HASHED)
    before = door.get("good")
    if what != "no entity":  # an update without one changes the rest
        assert refused(lambda: door.update("good", config)).code == code
    assert door.get("good") == before


def test_an_endpoint_that_is_not_there(door: Any) -> None:
    for call in (
        lambda: door.update("nothing", HASHED),
        lambda: door.delete("nothing"),
        lambda: door.query("nothing", {"inputs": ["red"]}),
        lambda: door.open_api("nothing"),
    ):
        error = refused(call)
        assert error.code == "RESOURCE_DOES_NOT_EXIST"
        assert "The given endpoint does not exist" in error.message


def test_a_built_in_name_is_taken_over_and_given_back(door: Any) -> None:
    asked = {"dataframe_records": [{"text": "red"}]}
    refused(lambda: door.query("clip-image-encoder", asked))  # photos only
    door.create("clip-image-encoder", EMBEDDED)
    assert np.shape(door.query("clip-image-encoder", asked)) == (1, 512)
    door.delete("clip-image-encoder")
    assert "takes 'image' only" in refused(lambda: door.query("clip-image-encoder", asked)).message
    assert refused(lambda: door.delete("clip-image-encoder")).code == "INVALID_STATE"


# ------------------------------------------------------------------ what holds for all doors
@pytest.mark.parametrize("name", ["mine", "clip-image-encoder", "clip-multimodal-encoder"])
def test_one_record_is_answered_flat_or_nested(tmp_path: Path, name: str) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    send = RestDoor(lambda method, path, body: handle(workspace, method, path, body=body))
    send.create(name, {**HASHED, "output": "flat"})
    asked = {"dataframe_records": [{"text": "red"}]}
    assert np.ndim(send.query(name, asked)) == 1
    again = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    assert np.ndim(invoke(again.serving, name, asked)["predictions"]) == 1
    send.update(name, {"output": "vectors"})
    assert np.ndim(invoke(again.serving, name, asked)["predictions"]) == 2
    assert again.get_serving_endpoint(name)["config"]["config_version"] == 2
    assert refused(lambda: send.update(name, {"output": "round"})).code == "INVALID_PARAMETER_VALUE"


def test_a_built_in_endpoint_is_updated_as_it_stands(tmp_path: Path) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    workspace.update_serving_endpoint("clip-multimodal-encoder", {"output": "flat"})
    shown = Workspace(tmp_path).get_serving_endpoint("clip-multimodal-encoder")
    assert (shown["config"]["output"], entity_of(shown)["entity_name"]) == ("flat", "default")


def test_one_of_many_writers_gets_the_name(tmp_path: Path) -> None:
    spaces = [Workspace(settings=Settings(tmp_path, encoder="hashed")) for _ in range(8)]
    start = threading.Barrier(len(spaces))

    def create(workspace: Workspace) -> bool:
        start.wait()
        try:
            workspace.create_serving_endpoint("shop", "hashed")
        except ResourceConflict:
            return False
        return True

    with ThreadPoolExecutor(len(spaces)) as pool:
        assert sum(pool.map(create, spaces)) == 1


def test_writers_of_one_endpoint_lose_nothing(tmp_path: Path) -> None:
    Workspace(tmp_path).create_serving_endpoint("shop", "hashed")
    spaces = [Workspace(tmp_path) for _ in range(6)]

    def tag(place: int) -> None:
        spaces[place].update_serving_endpoint_tags("shop", [{"key": f"k{place}", "value": "v"}])

    with ThreadPoolExecutor(len(spaces)) as pool:
        list(pool.map(tag, range(len(spaces))))
    tags = Workspace(tmp_path).get_serving_endpoint("shop")["tags"]
    assert sorted(tag["key"] for tag in tags) == [f"k{place}" for place in range(len(spaces))]


def test_an_index_whose_endpoint_is_gone_says_what_to_do(tmp_path: Path) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    workspace.create_endpoint("search")
    workspace.create_serving_endpoint("texts", "hashed")
    rows = pa.table({"id": [1, 2], "name": ["red dress", "blue jeans"]})
    workspace.write_table("main.shop.products", rows)
    workspace.create_index(
        "main.shop.i",
        endpoint="search",
        source_table="main.shop.products",
        primary_key="id",
        source_column="name",
        model_endpoint="texts",
    )
    asked: Json = {"columns": ["id"], "query_text": "red dress", "num_results": 1}
    assert workspace.query_index("main.shop.i", **asked)["result"]["data_array"][0][0] == 1
    workspace.delete_serving_endpoint("texts")
    with pytest.raises(NotFound, match=r"workspace.create_serving_endpoint\('texts'"):
        workspace.query_index("main.shop.i", **asked)
    workspace.create_serving_endpoint("texts", "hashed")
    assert workspace.query_index("main.shop.i", **asked)["result"]["data_array"][0][0] == 1


def test_an_endpoint_deleted_while_it_is_asked_answers_or_is_not_found(tmp_path: Path) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    workspace.create_serving_endpoint("shop", "hashed")
    gone = threading.Event()

    def ask() -> list[str]:
        seen = []
        while True:
            is_gone = gone.is_set()
            try:
                invoke(workspace.serving, "shop", {"inputs": ["red"]})
                seen.append("answered")
            except NotFound:
                seen.append("not found")
            if is_gone:
                return seen

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask) for _ in range(4)]
        Workspace(tmp_path).delete_serving_endpoint("shop")
        gone.set()
        for each in asked:
            seen = each.result()
            assert seen == sorted(seen) and seen[-1] == "not found"


def test_a_name_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(NotFound, match=r"workspace.register_model\('a.b.c'"):
        workspace.create_serving_endpoint("shop", "a.b.c")
    with pytest.raises(InvalidParameterValue, match="alias is"):
        workspace.register_model("a.b.c", tmp_path, alias="1")
    with pytest.raises(InvalidParameterValue, match="Model name is"):
        workspace.register_model("../c", tmp_path)
