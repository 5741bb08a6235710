"""Serving endpoints that take their time: the former entity answers, or nothing does."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from support.needs import needs
from support.paced import SECONDS, paced

from engine import Workspace
from engine.errors import InvalidState, UpdateInProgress
from engine.settings import Settings

NOT_READY = {"ready": "NOT_READY", "config_update": "IN_PROGRESS"}
READY = {"ready": "READY", "config_update": "NOT_UPDATING"}
UPDATING = {"ready": "READY", "config_update": "IN_PROGRESS"}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return paced(tmp_path / "workspace")


def state(workspace: Workspace) -> dict[str, Any]:
    shown: dict[str, Any] = workspace.get_serving_endpoint("shop")["state"]
    return shown


def entity(workspace: Workspace, config: str = "config") -> str:
    shown = workspace.get_serving_endpoint("shop")[config]
    return str(shown["served_entities"][0]["entity_name"])


def test_a_new_endpoint_answers_after_its_time(workspace: Workspace) -> None:
    assert workspace.create_serving_endpoint("shop", "hashed")["state"] == NOT_READY
    again = paced(workspace.path)
    for seen in (workspace, again):
        assert state(seen) == NOT_READY
        assert "config" not in seen.get_serving_endpoint("shop")
        assert entity(seen, "pending_config") == "hashed"
        with pytest.raises(
            InvalidState, match="is being deployed: try again when its state is READY"
        ):
            seen.serving.encoder("shop")
    workspace.clock.advance(SECONDS)
    for seen in (workspace, again):
        assert state(seen) == READY
        assert entity(seen) == "hashed"
        assert seen.serving.encode_text("shop", "red").shape[0] > 0


def test_the_former_entity_answers_until_an_update_is_over(workspace: Workspace) -> None:
    workspace.create_serving_endpoint("shop", "hashed")
    workspace.clock.finish()
    shown = workspace.update_serving_endpoint("shop", {"output": "flat"})
    assert shown["state"] == state(workspace) == UPDATING
    endpoint = workspace.get_serving_endpoint("shop")
    assert endpoint["config"]["output"] == "vectors"
    assert endpoint["pending_config"]["output"] == "flat"
    with pytest.raises(UpdateInProgress):
        workspace.update_serving_endpoint("shop", {"output": "vectors"})
    workspace.clock.advance(SECONDS)
    endpoint = workspace.get_serving_endpoint("shop")
    assert (endpoint["state"], endpoint["config"]["output"]) == (READY, "flat")
    assert endpoint["config"]["config_version"] == 2
    assert "pending_config" not in endpoint


def test_tags_and_deletion_meanwhile(workspace: Workspace) -> None:
    workspace.create_serving_endpoint("shop", "hashed")
    workspace.update_serving_endpoint_tags("shop", [{"key": "team", "value": "a"}])
    assert state(workspace) == NOT_READY
    workspace.clock.advance(SECONDS)
    assert state(workspace) == READY
    assert workspace.get_serving_endpoint("shop")["tags"] == [{"key": "team", "value": "a"}]
    workspace.update_serving_endpoint("shop", {"output": "flat"})
    workspace.delete_serving_endpoint("shop")
    workspace.create_serving_endpoint("shop", "hashed")
    assert state(workspace) == NOT_READY


def test_waiting_ends_when_the_time_is_over(tmp_path: Path) -> None:
    workspace = paced(tmp_path, "0.1")
    workspace.create_serving_endpoint("shop", "hashed")
    assert workspace.wait_for_serving_endpoint("shop", timeout_seconds=60)["state"] == READY


def test_built_in_endpoints_are_always_there(workspace: Workspace) -> None:
    assert workspace.get_serving_endpoint("clip-multimodal-encoder")["state"] == READY


def test_instant_endpoints_have_files_as_ever(tmp_path: Path) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    assert workspace.create_serving_endpoint("shop", "hashed")["state"] == READY
    document = json.loads((tmp_path / "serving" / "shop.json").read_text())
    assert not {"until", "former"} & document.keys()
    late = paced(tmp_path / "late")
    late.create_serving_endpoint("shop", "hashed")
    instant = Workspace(settings=Settings(late.path, encoder="hashed"))
    assert instant.get_serving_endpoint("shop")["state"] == READY


def test_a_python_model_is_seen_after_the_time_though_it_was_deployed_before(
    workspace: Workspace, tmp_path: Path
) -> None:
    needs("mlflow")
    from support.python_models import clip_signature, save

    save(tmp_path / "model", clip_signature())
    config = {"served_entities": [{"entity_name": str(tmp_path / "model")}]}
    workspace.create_serving_endpoint("shop", config=config)
    for thread in threading.enumerate():
        if thread.name == "deploy shop":
            thread.join()
    assert state(workspace) == NOT_READY
    workspace.clock.advance(SECONDS)
    assert state(workspace) == READY
