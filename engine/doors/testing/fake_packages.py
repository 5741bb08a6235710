"""The fakes that the mock puts in place of the client packages: modules, and the SDK's client.

Truth: the names of databricks-ai-search and databricks-vectorsearch 0.81, module by module.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from engine import errors
from engine.doors.client import async_index, reranker
from engine.doors.client import client as local
from engine.doors.faults.faults import Faults
from engine.doors.testing.faulty_clients import FaultyCalls
from engine.workspace import Workspace

PACKAGES = ("databricks.ai_search", "databricks.vector_search")
SDK = "databricks.sdk"
SDK_CLIENT = "WorkspaceClient"
_VERSION = "0.81"  # of the packages whose names these are
Names = Mapping[str, Any]


class CredentialStrategy(Enum):
    """As in `databricks.ai_search.utils`; nothing here needs credentials."""

    MODEL_SERVING_USER_CREDENTIALS = 1


Modules = dict[str, ModuleType]

_EXCEPTIONS: Names = {
    name: getattr(errors, name)
    for name in (
        "AISearchException",
        "BadRequest",
        "InvalidInputException",
        "NotFound",
        "PermissionDenied",
        "ResourceConflict",
        "ResourceDoesNotExist",
        "TooManyRequests",
        "VectorSearchException",
    )
}
_RERANKERS: Names = {
    name: getattr(reranker, name)
    for name in ("Reranker", "DatabricksReranker", "ExperimentalDatabricksFinetunedReranker")
}
_INDEXES: Names = {
    "AISearchIndex": local.AISearchIndex,
    "VectorSearchIndex": local.VectorSearchIndex,
}
_ASYNC_INDEXES: Names = {
    "AsyncAISearchIndex": async_index.AsyncAISearchIndex,
    "AsyncVectorSearchIndex": async_index.AsyncVectorSearchIndex,
}
_UTILS: Names = {"CredentialStrategy": CredentialStrategy, **_EXCEPTIONS}


def build_modules(workspace: Workspace, faults: Faults) -> Modules:
    """Both packages with their modules, by full name; clients use the workspace and meet its faults."""
    client = _client_of(workspace, faults)
    clients = {"AISearchClient": client, "VectorSearchClient": client}
    contents: Mapping[str, Names] = {
        "client": {
            **clients, **_INDEXES, **_ASYNC_INDEXES, **_UTILS, "TARGET_QPS_RESET_TO_DEFAULT": -1
        },
        "index": {**_INDEXES, **_RERANKERS, "CredentialStrategy": CredentialStrategy},
        "async_index": {
            **_INDEXES, **_ASYNC_INDEXES, "Reranker": reranker.Reranker,
            "CredentialStrategy": CredentialStrategy,
        },
        "reranker": _RERANKERS,
        "exceptions": _EXCEPTIONS,
        "utils": _UTILS,
        "version": {"VERSION": _VERSION},
    }  # fmt: skip
    modules: Modules = {}
    for package in PACKAGES:
        modules[package] = module_of(package, {"__version__": _VERSION}, is_package=True)
        for name, names in contents.items():
            module = module_of(f"{package}.{name}", names)
            modules[module.__name__] = module
            setattr(modules[package], name, module)
    return modules


def _client_of(workspace: Workspace, faults: Faults) -> type[local.AISearchClient]:
    """The client's class, whose default workspace is this one; on it, calls meet faults."""
    default, calls = workspace, FaultyCalls(workspace, faults)

    class AISearchClient(local.AISearchClient):
        __doc__ = local.AISearchClient.__doc__

        def __init__(self, *args: Any, workspace: Any = None, **kwargs: Any) -> None:
            chosen = default if workspace is None else workspace
            super().__init__(*args, workspace=chosen, **kwargs)
            if chosen is default:
                calls.on_client(self)

    AISearchClient.__qualname__ = "AISearchClient"
    return AISearchClient


def module_of(name: str, names: Names, is_package: bool = False) -> ModuleType:
    """A module of that name which holds these names and nothing else."""
    module = ModuleType(name, "Put in place by vitrine's mock.")
    module.__spec__ = ModuleSpec(name, None, is_package=is_package)
    module.__package__ = name if is_package else name.rpartition(".")[0]
    if is_package:
        module.__path__ = []  # no file of it is on disk
    for key, value in names.items():
        setattr(module, key, value)
    return module


def sdk_client_of(workspace: Workspace, faults: Faults) -> type:
    """The class that `databricks.sdk.WorkspaceClient` is meanwhile; credentials and hosts are not read.

    Raises:
        MissingExtra: databricks-sdk is not installed.
    """
    from engine.doors import sdk

    class WorkspaceClient(sdk.WorkspaceClient):
        __doc__ = sdk.WorkspaceClient.__doc__

        def __init__(self, *_: Any, **__: Any) -> None:
            super().__init__(workspace=workspace, faults=faults)

    WorkspaceClient.__qualname__ = SDK_CLIENT
    return WorkspaceClient
