"""The client packages replaced by the in-process client. Knows modules; not what the classes do.

Truth: the names of databricks-ai-search and databricks-vectorsearch 0.81, module by module.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from enum import Enum
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, TypeVar

from engine import errors
from engine.doors import async_index, local, reranker
from engine.errors import InvalidInputException
from engine.service.workspace import Workspace
from engine.settings import Settings

Call = TypeVar("Call", bound=Callable[..., Any])
Names = Mapping[str, Any]

_PARENT = "databricks"
_PACKAGES = ("databricks.ai_search", "databricks.vector_search")
_VERSION = "0.81"  # of the packages whose names these are
_ABSENT = object()


class CredentialStrategy(Enum):
    """As in `databricks.ai_search.utils`; nothing here needs credentials."""

    MODEL_SERVING_USER_CREDENTIALS = 1


class mock:  # noqa: N801 - called as a function: `with mock():`, `@mock()`
    """Let code that imports the client packages, installed or not, work on a workspace.

    Inside, `databricks.ai_search` and `databricks.vector_search` are modules of this engine, with the
    packages' own names in `client`, `index`, `async_index`, `reranker`, `exceptions`, `utils` and
    `version`. A client that is made inside without `workspace=` uses the mock's workspace; indexes come
    from it. When the mock is left, in whatever way, every module is what it was before.

        with mock() as workspace:
            from databricks.vector_search.client import VectorSearchClient
            client = VectorSearchClient()

    As a decorator, of functions and of `async` ones, each call has a mock of its own; the workspace is
    then `client.workspace`.

    What was imported before stays: a module that did `from databricks.vector_search.client import
    VectorSearchClient` at its top, before the mock began, keeps the package's class. Import it inside,
    or use the HTTP server. `databricks.sdk` is never replaced.

    Modules belong to the process: other threads see the mock too, and while mocks of several threads
    overlap, the one that began last counts.
    """

    def __init__(self, workspace: Workspace | str | Path | None = None) -> None:
        """
        Args:
            workspace: a Workspace, its directory, or None for a temporary one, with encoder "hashed",
                whose files are removed at the end.

        Raises:
            InvalidInputException: none of these; for a bare `@mock` too, which must be `@mock()`.
        """
        if not isinstance(workspace, (Workspace, str, Path, type(None))):
            raise InvalidInputException(
                f"workspace is {workspace!r:.80}; expected a Workspace, a directory or None. As a "
                "decorator it is written @mock(), with parentheses."
            )
        self._given = workspace
        self._entered: list[tuple[_Modules, Path | None]] = []

    def __enter__(self) -> Workspace:
        temporary: Path | None = None
        if isinstance(self._given, Workspace):
            workspace = self._given
        elif self._given is not None:
            workspace = Workspace(self._given)
        else:
            temporary = Path(tempfile.mkdtemp(prefix="vitrine-mock-"))
            workspace = Workspace(settings=Settings(temporary, encoder="hashed"))
        modules = _build_modules(workspace)
        _put(modules)
        self._entered.append((modules, temporary))
        return workspace

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        modules, temporary = self._entered.pop()
        _take(modules)
        if temporary is not None:
            # A merge of segments in the background may still be writing there; it gives up by itself.
            shutil.rmtree(temporary, ignore_errors=True)

    def __call__(self, function: Call) -> Call:
        """Decorate a function, so that each call of it runs inside a mock.

        Raises:
            InvalidInputException: something that is no function; of a class, decorate the methods.
        """
        if not inspect.isroutine(function) or inspect.isgeneratorfunction(function):
            raise InvalidInputException(
                f"mock() was put on {function!r:.80}; expected a function that is no generator. Use "
                "`with mock():` inside it."
            )

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with mock(self._given):
                return function(*args, **kwargs)

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with mock(self._given):
                return await function(*args, **kwargs)

        return awaited if inspect.iscoroutinefunction(function) else inside  # type: ignore[return-value]


# ------------------------------------------------------------------ what the modules hold
_Modules = dict[str, ModuleType]

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


def _build_modules(workspace: Workspace) -> _Modules:
    """Both packages with their modules, by full name; clients use the workspace."""
    client = _client_of(workspace)
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
    modules: _Modules = {}
    for package in _PACKAGES:
        modules[package] = _module(package, {"__version__": _VERSION}, is_package=True)
        for name, names in contents.items():
            module = _module(f"{package}.{name}", names)
            modules[module.__name__] = module
            setattr(modules[package], name, module)
    return modules


def _client_of(workspace: Workspace) -> type[local.AISearchClient]:
    """The client's class, whose default workspace is this one."""
    default = workspace

    class AISearchClient(local.AISearchClient):
        __doc__ = local.AISearchClient.__doc__

        def __init__(self, *args: Any, workspace: Any = None, **kwargs: Any) -> None:
            chosen = default if workspace is None else workspace
            super().__init__(*args, workspace=chosen, **kwargs)

    AISearchClient.__qualname__ = "AISearchClient"
    return AISearchClient


def _module(name: str, names: Names, is_package: bool = False) -> ModuleType:
    module = ModuleType(name, "Put in place by vitrine's mock.")
    module.__spec__ = ModuleSpec(name, None, is_package=is_package)
    module.__package__ = name if is_package else name.rpartition(".")[0]
    if is_package:
        module.__path__ = []  # nothing is looked for on disk
    for key, value in names.items():
        setattr(module, key, value)
    return module


# ------------------------------------------------------------------ putting them in place
_lock = threading.Lock()
_active: list[_Modules] = []  # of every mock that was entered and not left, the newest last
_before: dict[str, ModuleType] = {}  # the packages' modules, as they were before the first one
_attributes: dict[str, object] = {}  # of the parent package, likewise
_made_parent = False


def _put(modules: _Modules) -> None:
    global _made_parent
    with _lock:
        if not _active:
            if _PARENT in sys.modules and sys.modules[_PARENT] is None:
                _before[_PARENT] = sys.modules[_PARENT]  # a test's way of saying: not installed
            _made_parent = _ensure_parent()
            parent = sys.modules[_PARENT]
            _before.update({name: sys.modules[name] for name in _present()})
            for package in _PACKAGES:
                short = package.rpartition(".")[2]
                _attributes[short] = vars(parent).get(short, _ABSENT)
        _active.append(modules)
        _install(modules)


def _take(modules: _Modules) -> None:
    with _lock:
        place = next(i for i, each in enumerate(_active) if each is modules)
        del _active[place]
        if _active:
            _install(_active[-1])
            return
        _remove_present()
        if _made_parent:
            del sys.modules[_PARENT]
        else:
            _restore_attributes(sys.modules[_PARENT])
        sys.modules.update(_before)
        _before.clear()
        _attributes.clear()


def _restore_attributes(parent: ModuleType) -> None:
    for name, value in _attributes.items():
        if value is not _ABSENT:
            setattr(parent, name, value)
        elif name in vars(parent):
            delattr(parent, name)


def _install(modules: _Modules) -> None:
    _remove_present()
    sys.modules.update(modules)
    for package in _PACKAGES:
        setattr(sys.modules[_PARENT], package.rpartition(".")[2], modules[package])


def _ensure_parent() -> bool:
    """Have a package `databricks`, the installed one where there is one; True if it was made."""
    try:
        importlib.import_module(_PARENT)
    except ModuleNotFoundError:
        sys.modules[_PARENT] = _module(_PARENT, {}, is_package=True)
        return True
    return False


def _present() -> list[str]:
    """Names of the packages' modules that are loaded, real ones or this file's."""
    return [
        name
        for name in list(sys.modules)
        if name in _PACKAGES or name.startswith(tuple(f"{package}." for package in _PACKAGES))
    ]


def _remove_present() -> None:
    for name in _present():
        del sys.modules[name]
