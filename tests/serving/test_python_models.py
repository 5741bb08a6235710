"""Python models that MLflow logged, behind serving endpoints: the users' own encoder among them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from support.needs import needs
from support.server import CREDENTIALS

needs("mlflow")

from support import python_models
from support.python_models import CODE, DIMENSION, NAME, clip_signature, photo, save, vector_of

from engine import (
    InvalidParameterValue,
    ModelUnavailable,
    NotFound,
    PermissionDenied,
    Settings,
    Workspace,
)
from engine.doors.http.server import BackgroundServer
from engine.errors import InvalidState, UpdateInProgress
from engine.service.serving.invocations import invoke

Json = dict[str, Any]
SLOW = (
    CODE.replace("import numpy as np\n", "import numpy as np, pathlib, time\n")
    + """
pathlib.Path("{gate}.asked").touch()
while not pathlib.Path("{gate}").exists():
    time.sleep(0.01)
"""
)
BROKEN = 'raise RuntimeError("no weights here")\n'
TABLE_OUT = """
import mlflow, pandas as pd


class Lengths(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        lengths = [len(name) * count for name, count in model_input.values]
        return pd.DataFrame({"length": lengths, "half": [n / 2 for n in lengths]})


mlflow.models.set_model(Lengths())
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the users' encoder."""
    python_models.mlflow()
    return save(tmp_path_factory.mktemp("models") / "clip", clip_signature())


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(settings=Settings(tmp_path / "workspace", encoder="hashed"))


def of(source: object, version: str | None = None) -> Json:
    entity = {"entity_name": str(source)}
    return {
        "served_entities": [entity if version is None else {**entity, "entity_version": version}]
    }


def deployed(workspace: Workspace, name: str, source: object, **more: Any) -> Json:
    workspace.create_serving_endpoint(name, config={**of(source), **more})
    shown: Json = workspace.wait_for_serving_endpoint(name)
    assert shown["state"] == {"ready": "READY", "config_update": "NOT_UPDATING"}, shown
    return shown


def asked(workspace: Workspace, name: str, *records: Any) -> Any:
    return invoke(workspace.serving, name, {"dataframe_records": list(records)})["predictions"]


# ------------------------------------------------------------------ answers
def test_the_users_encoder_answers_nested_lists(workspace: Workspace, clip: Path) -> None:
    deployed(workspace, "clip", clip)
    both = {"text": "red", "image": photo()}
    found = asked(workspace, "clip", {"text": "red"}, {"image": photo()}, both, {"text": "blue"})
    red, picture = vector_of(b"red"), vector_of(b"a photo")
    mean = np.mean([picture, red], axis=0)
    expected = [red, picture, mean / np.linalg.norm(mean), vector_of(b"blue")]
    assert np.allclose(found, expected, atol=1e-12)
    # Some clients send both keys, one of them empty or null.
    odd = asked(workspace, "clip", {"text": "red", "image": ""}, {"text": "red", "image": None})
    assert np.allclose(odd, [red, red], atol=1e-12)


@pytest.mark.parametrize(
    ("payload", "texts"),
    [
        ({"dataframe_split": {"columns": ["text"], "data": [["red"], ["blue"]]}}, ["red", "blue"]),
        ({"inputs": {"text": ["red", "blue"]}}, ["red", "blue"]),
        ({"inputs": ["red"]}, ["red"]),
        ({"instances": [{"text": "red"}]}, ["red"]),
    ],
    ids=str,
)
def test_every_format_of_a_payload(
    workspace: Workspace, clip: Path, payload: Json, texts: list[str]
) -> None:
    deployed(workspace, "clip", clip)
    found = invoke(workspace.serving, "clip", payload)["predictions"]
    assert np.allclose(found, [vector_of(text.encode()) for text in texts], atol=1e-12)


def test_openai_input_and_a_flat_answer(workspace: Workspace, clip: Path) -> None:
    deployed(workspace, "clip", clip, output="flat")
    assert np.allclose(asked(workspace, "clip", {"text": "red"}), vector_of(b"red"))
    assert np.shape(asked(workspace, "clip", {"text": "red"}, {"text": "blue"})) == (2, DIMENSION)
    reply = invoke(workspace.serving, "clip", {"input": ["red", "blue"]})
    assert np.allclose(reply["data"][1]["embedding"], vector_of(b"blue"), atol=1e-6)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"colour": "red"}, "record 0 has 'colour'; the model of endpoint clip takes text: string"),
        ({"text": 5}, r"record 0: text is 5; .* takes text: string \(optional\), image: string"),
        ({"text": ["red"]}, r"record 0: text is \['red'\]"),
        (5, "record 0 is 5; expected an object with text: string"),
        ({}, "record 0 is {}; expected an object"),
        ({"text": "break"}, "endpoint: clip. RuntimeError: the weights are broken"),
        ({"text": ""}, "ValueError: a record needs 'text' or 'image'"),
    ],
    ids=str,
)
def test_what_the_signature_or_the_model_refuses(
    workspace: Workspace, clip: Path, record: Any, words: str
) -> None:
    deployed(workspace, "clip", clip)
    with pytest.raises(InvalidParameterValue, match=words):
        asked(workspace, "clip", record)


def test_a_model_of_any_columns_answers_with_its_frame(
    workspace: Workspace, tmp_path: Path
) -> None:
    given = python_models.signature(("string", "name", True), ("long", "count", True))
    shown = deployed(workspace, "lengths", save(tmp_path / "m", given, TABLE_OUT))
    assert "task" not in shown
    found = asked(workspace, "lengths", {"name": "ab", "count": 3}, {"name": "c", "count": 5})
    assert found == [{"length": 6, "half": 3.0}, {"length": 5, "half": 2.5}]
    with pytest.raises(InvalidParameterValue, match="record 0 has 'name', not 'count'"):
        asked(workspace, "lengths", {"name": "ab"})
    with pytest.raises(InvalidParameterValue, match=r"record 0: count is 1.5; .* count: long"):
        asked(workspace, "lengths", {"name": "ab", "count": 1.5})
    with pytest.raises(
        InvalidParameterValue, match="makes no vectors: its signature has no column"
    ):
        workspace.serving.encode_text("lengths", "red")
    body = workspace.get_serving_endpoint_open_api("lengths")["paths"]
    schema = body["/serving-endpoints/lengths/invocations"]["post"]["requestBody"]
    records = schema["content"]["application/json"]["schema"]["properties"]["dataframe_records"]
    assert records["items"]["properties"]["count"] == {"type": "integer"}
    assert records["items"]["required"] == ["name", "count"]


def test_a_model_without_a_signature_gets_what_is_given(
    workspace: Workspace, tmp_path: Path
) -> None:
    deployed(workspace, "clip", save(tmp_path / "m"))
    found = asked(workspace, "clip", {"text": "red", "more": 1})
    assert np.allclose(found, [vector_of(b"red")])


# ------------------------------------------------------------------ indexes
def test_an_index_has_its_vectors_from_a_model(workspace: Workspace, clip: Path) -> None:
    deployed(workspace, "clip", clip)
    workspace.create_endpoint("search")
    names = [f"product {i}" for i in range(300)]
    workspace.write_table("main.shop.products", pa.table({"id": range(300), "name": names}))
    workspace.create_index(
        "main.shop.i",
        endpoint="search",
        source_table="main.shop.products",
        primary_key="id",
        source_column="name",
        model_endpoint="clip",
    )
    reply = workspace.query_index(
        "main.shop.i", columns=["id"], query_text="product 7", num_results=1
    )
    assert reply["result"]["data_array"][0] == [7, pytest.approx(1.0)]
    again = Workspace(workspace.path)
    found = again.serving.embed_texts("clip", ["product 7"])
    assert np.allclose(found[0], vector_of(b"product 7"), atol=1e-6)


# ------------------------------------------------------------------ where models come from
def test_a_registered_model_is_served_by_version_and_alias(
    workspace: Workspace, clip: Path, tmp_path: Path
) -> None:
    first = workspace.register_model(NAME, clip, alias="champion")
    other = save(tmp_path / "other", clip_signature(), salt="2")
    second = workspace.register_model(NAME, other)
    assert first == {"name": NAME, "version": "1", "aliases": ["champion"]}
    assert second == {"name": NAME, "version": "2", "aliases": []}
    given = {
        "one": of(NAME, "1"),
        "two": of(NAME, "2"),
        "last": of(NAME),
        "uri": of(f"models:/{NAME}/1"),
        "alias": of(f"models:/{NAME}@champion"),
    }
    for name, config in given.items():
        workspace.create_serving_endpoint(name, config=config)
        workspace.wait_for_serving_endpoint(name)
    salts = {n: "2" if n in ("two", "last") else "" for n in given}
    for name, salt in salts.items():
        assert np.allclose(asked(workspace, name, {"text": "red"}), [vector_of(b"red", salt)])
    (entity,) = workspace.get_serving_endpoint("one")["config"]["served_entities"]
    assert (entity["name"], entity["entity_version"]) == ("clip_multimodal_encoder-1", "1")
    with pytest.raises(NotFound, match=r"has no version '3'. Its versions: 1, 2"):
        workspace.create_serving_endpoint("three", config=of(NAME, "3"))
    with pytest.raises(NotFound, match=r"has no alias 'best'.*aliases: champion"):
        workspace.create_serving_endpoint("three", config=of(f"models:/{NAME}@best"))


def test_mlflows_own_registry_and_runs(workspace: Workspace, tmp_path: Path) -> None:
    with python_models.tracked(tmp_path / "runs") as mlflow:
        with mlflow.start_run() as run:
            mlflow.pyfunc.log_model(
                name="model",
                python_model=python_models.code_file(tmp_path / "code"),
                signature=clip_signature(),
                pip_requirements=[],
                registered_model_name=NAME,
            )
        mlflow.MlflowClient().set_registered_model_alias(NAME, "champion", "1")
        given = {
            "version": of(f"models:/{NAME}/1"),
            "alias": of(f"models:/{NAME}@champion"),
            "run": of(f"runs:/{run.info.run_id}/model"),
            "name": of(NAME, "1"),
        }
        for name, config in given.items():
            workspace.create_serving_endpoint(name, config=config)
            workspace.wait_for_serving_endpoint(name)
        assert workspace.register_model("a.b.c", f"models:/{NAME}/1")["version"] == "1"
        workspace.create_serving_endpoint("gone", config=of(f"models:/{NAME}/7"))
        failed = workspace.wait_for_serving_endpoint("gone")
    assert failed["state"] == {"ready": "NOT_READY", "config_update": "UPDATE_FAILED"}
    (entity,) = failed["pending_config"]["served_entities"]
    assert "can't be had from MLflow" in entity["state"]["deployment_state_message"]
    again = Workspace(workspace.path)  # which knows nothing of MLflow's folder
    for name in given:
        assert np.allclose(asked(again, name, {"text": "red"}), [vector_of(b"red")])


def test_a_model_in_a_folder_that_callers_can_write_to_is_refused(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = save(tmp_path / "uploads" / "m", clip_signature())
    workspace.register_volume("/Volumes/main/shop/files", folder.parent)
    with pytest.raises(PermissionDenied, match="A Python model is a program: register it"):
        workspace.create_serving_endpoint("clip", config=of(folder))
    inside = save(workspace.path / "volumes" / "main" / "m", clip_signature())
    with pytest.raises(PermissionDenied):
        workspace.create_serving_endpoint("clip", config=of(inside))
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(PermissionDenied):
        workspace.create_serving_endpoint("clip", config=of(link))
    assert "clip" not in [e["name"] for e in workspace.list_serving_endpoints()]


def test_what_is_no_model_is_not_registered(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="holds no file MLmodel"):
        workspace.register_model(NAME, tmp_path)
    with pytest.raises(ModelUnavailable, match="nobody said where MLflow keeps its models"):
        workspace.register_model(NAME, "models:/nothing/1")
    assert not list((workspace.path / "model_versions" / NAME).glob("*"))


# ------------------------------------------------------------------ deployments
def test_a_deployment_takes_its_time_and_the_former_entity_answers(
    workspace: Workspace, clip: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    slow = save_slow(tmp_path, gate)
    created = workspace.create_serving_endpoint("shop", config=of(slow))
    assert created["state"] == {"ready": "NOT_READY", "config_update": "IN_PROGRESS"}
    assert "config" not in created
    (entity,) = created["pending_config"]["served_entities"]
    assert entity["state"] == {"deployment": "DEPLOYMENT_CREATING"}
    with pytest.raises(InvalidState, match="is being deployed"):
        asked(workspace, "shop", {"text": "red"})
    with pytest.raises(UpdateInProgress, match="is being updated"):
        workspace.update_serving_endpoint("shop", of("hashed"))
    with pytest.raises(InvalidParameterValue, match="still being deployed"):
        workspace.wait_for_serving_endpoint("shop", timeout_seconds=0.01)
    gate.touch()
    assert workspace.wait_for_serving_endpoint("shop")["state"]["ready"] == "READY"
    gate.unlink()
    updated = workspace.update_serving_endpoint("shop", of(save_slow(tmp_path / "b", gate, "2")))
    assert updated["state"] == {"ready": "READY", "config_update": "IN_PROGRESS"}
    assert updated["config"]["config_version"] == 1
    assert updated["pending_config"]["config_version"] == 2
    assert np.allclose(asked(workspace, "shop", {"text": "red"}), [vector_of(b"red", "1")])
    gate.touch()
    done = workspace.wait_for_serving_endpoint("shop")
    assert "pending_config" not in done and done["config"]["config_version"] == 2
    assert np.allclose(asked(workspace, "shop", {"text": "red"}), [vector_of(b"red", "2")])


def save_slow(folder: Path, gate: Path, salt: str = "1") -> Path:
    """A model that is opened when a file is there; it is there while the model is saved."""
    folder.mkdir(exist_ok=True)
    gate.touch()
    made = save(folder / "slow", clip_signature(), SLOW, gate=gate, salt=salt)
    gate.unlink()
    gate.with_name(f"{gate.name}.asked").unlink()
    return made


def test_a_model_that_can_not_be_opened_leaves_the_former_one(
    workspace: Workspace, clip: Path, tmp_path: Path
) -> None:
    broken = save(tmp_path / "broken", clip_signature())
    (code,) = broken.glob("model.py")
    code.write_text(BROKEN)
    deployed(workspace, "shop", clip)
    workspace.update_serving_endpoint("shop", of(broken))
    failed = workspace.wait_for_serving_endpoint("shop")
    assert failed["state"] == {"ready": "READY", "config_update": "UPDATE_FAILED"}
    (entity,) = failed["pending_config"]["served_entities"]
    assert entity["state"]["deployment"] == "DEPLOYMENT_FAILED"
    assert "no weights here" in entity["state"]["deployment_state_message"]
    assert np.allclose(asked(workspace, "shop", {"text": "red"}), [vector_of(b"red")])
    workspace.update_serving_endpoint("shop", of("hashed"))
    assert workspace.get_serving_endpoint("shop")["state"]["config_update"] == "NOT_UPDATING"
    workspace.create_serving_endpoint("new", config=of(broken))
    workspace.wait_for_serving_endpoint("new")
    with pytest.raises(InvalidState, match=r"could not be deployed: .*no weights here"):
        asked(workspace, "new", {"text": "red"})


def test_a_deployment_goes_on_where_a_process_was_killed(
    workspace: Workspace, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    slow = save_slow(tmp_path, gate)
    program = (
        "import os, sys, time; from engine import Workspace; w = Workspace(sys.argv[1]);"
        "w.create_serving_endpoint('shop', config={'served_entities': [{'entity_name': sys.argv[2]}]});"
        "time.sleep(0.2); os._exit(9)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(workspace.path), str(slow)], timeout=120, check=False
    )
    assert run.returncode == 9
    assert workspace.get_serving_endpoint("shop")["state"]["config_update"] == "IN_PROGRESS"
    gate.touch()
    assert workspace.wait_for_serving_endpoint("shop")["state"]["ready"] == "READY"
    assert np.allclose(asked(workspace, "shop", {"text": "red"}), [vector_of(b"red", "1")])


def test_copies_go_with_their_endpoints(workspace: Workspace, clip: Path) -> None:
    copies = workspace.path / "served_models"
    deployed(workspace, "one", clip)
    deployed(workspace, "two", clip)
    assert len(list(copies.iterdir())) == 2
    workspace.update_serving_endpoint("one", of("hashed"))
    assert len(list(copies.iterdir())) == 1
    assert np.allclose(asked(workspace, "two", {"text": "red"}), [vector_of(b"red")])
    workspace.delete_serving_endpoint("two")
    assert not list(copies.iterdir())


def test_deleted_while_it_is_deployed(workspace: Workspace, tmp_path: Path, clip: Path) -> None:
    gate = tmp_path / "gate"
    workspace.create_serving_endpoint("shop", config=of(save_slow(tmp_path, gate)))
    while not (tmp_path / "gate.asked").exists():  # it is being opened, and nobody waits for that
        time.sleep(0.01)
    workspace.delete_serving_endpoint("shop")
    gate.touch()
    for thread in threading.enumerate():
        if thread.name == "deploy shop":
            thread.join()
    with pytest.raises(NotFound):
        workspace.get_serving_endpoint("shop")
    deployed(workspace, "shop", clip)
    assert len(list((workspace.path / "served_models").iterdir())) == 1


# ------------------------------------------------------------------ MLflow's own client
@pytest.fixture
def client(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    mlflow = python_models.mlflow()
    with BackgroundServer(workspace, CREDENTIALS) as server:
        monkeypatch.setenv("DATABRICKS_HOST", server.url)
        monkeypatch.setenv("DATABRICKS_TOKEN", CREDENTIALS.token)
        monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(workspace.path / "none"))
        import mlflow.deployments

        yield mlflow.deployments.get_deploy_client("databricks")


@pytest.mark.filterwarnings("ignore")
def test_mlflows_deployment_client(client: Any, workspace: Workspace, clip: Path) -> None:
    made = client.create_endpoint(config={"name": "shop", "config": of(clip)})
    assert made.name == "shop"
    until = time.monotonic() + 60
    while client.get_endpoint("shop").state["config_update"] == "IN_PROGRESS":
        assert time.monotonic() < until
    assert client.get_endpoint("shop").state["ready"] == "READY"
    assert "shop" in [endpoint["name"] for endpoint in client.list_endpoints()]
    answered = client.predict(
        endpoint="shop", inputs={"dataframe_records": [{"text": "red"}, {"image": photo()}]}
    )
    assert np.allclose(answered.predictions, [vector_of(b"red"), vector_of(b"a photo")])
    updated = client.update_endpoint_config("shop", of("hashed"))
    assert updated.config["served_entities"][0]["entity_name"] == "hashed"
    assert client.update_endpoint("shop", of("embedded")).config["config_version"] == 3
    tagged = client.update_endpoint_tags("shop", {"add_tags": [{"key": "a", "value": "b"}]})
    assert tagged["tags"] == [{"key": "a", "value": "b"}]
    with pytest.raises(Exception, match="already exists"):
        client.create_endpoint(name="shop", config=of("hashed"))
    client.create_endpoint(name="older", config=of("hashed"))
    for name in ("shop", "older"):
        client.delete_endpoint(name)
    assert not {"shop", "older"} & {endpoint["name"] for endpoint in client.list_endpoints()}
    with pytest.raises(Exception, match="The given endpoint does not exist"):
        client.predict(endpoint="shop", inputs={"inputs": ["red"]})


def test_a_model_over_http_by_the_sdk(workspace: Workspace, clip: Path) -> None:
    needs("sdk")
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.serving import EndpointCoreConfigInput

    workspace.register_model(NAME, clip)
    with BackgroundServer(workspace, CREDENTIALS) as server:
        w = WorkspaceClient(host=server.url, token=CREDENTIALS.token)
        config = EndpointCoreConfigInput.from_dict(of(NAME, "1"))
        made = w.serving_endpoints.create_and_wait("clip-multimodal-encoder", config=config)
        assert made.state is not None and made.state.ready is not None
        assert made.state.ready.value == "READY"
        found = w.serving_endpoints.query(
            "clip-multimodal-encoder", dataframe_records=[{"text": "red"}, {"image": photo()}]
        )
        assert np.allclose(found.predictions or [], [vector_of(b"red"), vector_of(b"a photo")])
        login = {"Authorization": f"Bearer {CREDENTIALS.token}"}
        url = f"{server.url}/serving-endpoints/clip-multimodal-encoder/invocations"
        reply = httpx.post(
            url, json={"inputs": {"colour": ["red"]}}, headers=login, trust_env=False
        )
        assert reply.status_code == 400 and "takes text: string" in reply.json()["message"]
        w.serving_endpoints.delete("clip-multimodal-encoder")


# ------------------------------------------------------------------ the process
def test_mlflow_is_imported_for_such_a_model_alone_and_tells_nobody(
    clip: Path, tmp_path: Path
) -> None:
    program = """
import os, sys, warnings
from engine import Workspace
before = dict(os.environ)
w = Workspace(sys.argv[1])
w.create_serving_endpoint("plain", "hashed")
w.serving.embed_texts("plain", ["red"])
w.list_serving_endpoints()
w.register_model("a.b.c", sys.argv[2])
assert "mlflow" not in sys.modules, "imported too early"
filters = list(warnings.filters)
w.create_serving_endpoint("clip", config={"served_entities": [{"entity_name": "a.b.c"}]})
assert w.wait_for_serving_endpoint("clip")["state"]["ready"] == "READY"
w.serving.encode_text("clip", "red")
assert "mlflow" in sys.modules
from mlflow.telemetry import get_telemetry_client
assert get_telemetry_client() is None
assert dict(os.environ) == before
assert warnings.filters == filters
"""
    environment = {k: v for k, v in os.environ.items() if k not in ("CI", "DO_NOT_TRACK")}
    given = {k: v for k, v in environment.items() if not k.startswith(("MLFLOW_", "PYTEST_"))}
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "w"), str(clip)],
        env=given,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["w"]


def test_the_command_registers_serves_and_changes(clip: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from engine.doors.cli.command import main

    folder = tmp_path / "workspace"

    def said(*words: str, code: int = 0) -> str:
        run = CliRunner().invoke(main, ["serving", *words, "-w", str(folder)])
        assert run.exit_code == code, run.output
        return run.output

    assert "version 1" in said("register", NAME, str(clip), "--alias", "champion")
    uri = f"models:/{NAME}@champion"
    assert "created serving endpoint shop" in said("create", "shop", "--model", uri)
    assert "models:/main.fashion_demo.clip" in said("list")
    found = asked(Workspace(folder), "shop", {"text": "red"})
    assert np.allclose(found, [vector_of(b"red")])
    said("update", "shop", "--model", NAME, "--output", "flat")
    assert np.ndim(asked(Workspace(folder), "shop", {"text": "red"})) == 1
    assert "can't be given together" in said(
        "create", "x", "--model", "a", "--encoder", "b", code=2
    )
    broken = save(tmp_path / "broken", clip_signature())
    (broken / "model.py").write_text(BROKEN)
    assert "no weights here" in said("create", "new", "--model", str(broken), code=1)
