"""The client packages replaced by the in-process client for a time. Knows when; not what the classes do.

What is put in place is in `fake_packages`, names that were imported before are bound anew by
`rebinding`, instances that were made before refused by `real_clients`, calls to other machines by
`no_network`; the environment's changes are in `environment`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, TypeVar

from engine.doors.faults.calls import Calls
from engine.doors.faults.faults import Faults
from engine.doors.testing import environment, no_network
from engine.doors.testing.fake_packages import (
    PACKAGES,
    SDK,
    SDK_CLIENT,
    Modules,
    build_modules,
    module_of,
    sdk_client_of,
)
from engine.doors.testing.import_hook import ImportHook
from engine.doors.testing.real_clients import RealClients
from engine.doors.testing.rebinding import Bindings, Slot
from engine.errors import InvalidInputException, InvalidState
from engine.settings import Settings
from engine.workspace import Workspace

Call = TypeVar("Call", bound=Callable[..., Any])

_PARENT = "databricks"
_ABSENT = object()


class mock:  # noqa: N801 - called as a function: `with mock():`, `@mock()`
    """Let code that imports the client packages, installed or not, work on a workspace.

    Inside, `databricks.ai_search` and `databricks.vector_search` are modules of this engine, with the
    packages' own names in `client`, `index`, `async_index`, `reranker`, `exceptions`, `utils` and
    `version`, and `databricks.sdk.WorkspaceClient` is that of `engine.doors.sdk`. A client that is made
    inside without `workspace=` uses the mock's workspace; indexes come from it. When the mock is left,
    in whatever way, everything is what it was before.

        with mock() as workspace:
            from databricks.vector_search.client import VectorSearchClient
            client = VectorSearchClient()

    As a decorator, of functions and of `async` ones, each call has a mock of its own; the workspace is
    then `client.workspace`.

    Names that were imported before are bound anew, in every loaded module; who holds a package's class
    elsewhere (in a class, a default argument) gets the workspace's client from it all the same. A
    client that was made before is refused when it is used: it has a host and credentials of its own.
    The environment's are replaced by ones that log in nowhere, and a call to another machine is refused.

    Calls of clients that are made inside are recorded, and meet faults that were asked for:

        with (cloud := mock()):
            cloud.faults.fail("query_index", times=2, status=429, retry_after=1)
            ...
            assert cloud.calls.of("query_index").statuses == [429, 429, 200]

    All of this belongs to the process: other threads see the mock too, and while mocks of several
    threads overlap, the one that began last counts.
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
        self._entered: list[tuple[_Mocked, Path | None]] = []

    @property
    def faults(self) -> Faults:
        """The faults of the mock that was entered last.

        Raises:
            InvalidState: it is not entered; as a decorator, use `with (cloud := mock()):` instead.
        """
        if not self._entered:
            raise InvalidState("the mock was left, or not entered; its faults are there inside.")
        return self._entered[-1][0].faults

    @property
    def calls(self) -> Calls:
        """The calls of its clients, in order; see `faults`."""
        return self.faults.calls

    def __enter__(self) -> Workspace:
        temporary: Path | None = None
        if isinstance(self._given, Workspace):
            workspace = self._given
        elif self._given is not None:
            workspace = Workspace(self._given)
        else:
            temporary = Path(tempfile.mkdtemp(prefix="vitrine-mock-"))
            workspace = Workspace(settings=Settings(temporary, encoder="hashed"))
        mocked = _Mocked(workspace)
        _put(mocked)
        self._entered.append((mocked, temporary))
        return workspace

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        mocked, temporary = self._entered.pop()
        mocked.faults.close()
        _take(mocked)
        if temporary is not None:
            # A merge of segments in the background may still be writing there; it gives up by itself.
            shutil.rmtree(temporary, ignore_errors=True)
        if exc_type is None:
            mocked.faults.tell_unused()

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


class _Mocked:
    """What one mock puts in place.

    Attributes:
        modules: fakes by full name. workspace: what they work on. faults: what their calls meet.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.faults = Faults()
        self.modules: Modules = build_modules(workspace, self.faults)

    @functools.cached_property
    def sdk_client(self) -> type:
        """The SDK's client, made when the SDK is loaded."""
        return sdk_client_of(self.workspace, self.faults)

    def at(self, slot: Slot) -> object:
        """What stands at a place."""
        module, name = slot
        if slot == (SDK, SDK_CLIENT):
            return self.sdk_client
        return getattr(self.modules[module], name) if name else self.modules[module]

    def own(self) -> dict[int, Slot]:
        """The ids of what is this mock's alone: modules, and classes that know its workspace."""
        found = {id(module): (name, "") for name, module in self.modules.items()}
        for package in PACKAGES:
            slot = (f"{package}.client", "AISearchClient")
            found.setdefault(id(self.at(slot)), slot)
        if "sdk_client" in vars(self):
            found[id(self.sdk_client)] = (SDK, SDK_CLIENT)
        return found


# ------------------------------------------------------------------ putting them in place
class _Before:
    """What the process was before the first of the mocks that are on, and how to have it back."""

    def __init__(self, first: _Mocked) -> None:
        self.modules: dict[str, ModuleType] = {}
        if _PARENT in sys.modules and sys.modules[_PARENT] is None:
            self.modules[_PARENT] = sys.modules[_PARENT]  # a test's way of saying: not installed
        self.made_parent = _ensure_parent()
        self.parent = sys.modules[_PARENT]
        self.modules.update({name: sys.modules[name] for name in _present()})
        self.attributes = {
            short: vars(self.parent).get(short, _ABSENT)
            for short in (package.rpartition(".")[2] for package in PACKAGES)
        }
        self.real_slots = _real_slots(self.modules, first.modules)
        self.bindings = Bindings((*PACKAGES, "engine."))
        self.spent: list[_Mocked] = []  # held, so that no other object gets the id of one of theirs
        self.real_clients = RealClients(lambda slot: _active[-1].at(slot))
        self.real_clients.add(_client_classes(self.modules))
        changes = environment.for_mock(os.environ)
        self.environment = {name: os.environ.get(name) for name in changes}
        _set_environment(changes)
        no_network.block_network()
        self.finder = ImportHook({SDK: self.add_sdk, "uvloop": no_network.guard_uvloop})
        sys.meta_path.insert(0, self.finder)
        if SDK in sys.modules:
            self.add_sdk(sys.modules[SDK])

    def add_sdk(self, sdk: ModuleType) -> None:
        """Bind the names of the SDK's client too, now that it is loaded."""
        real = vars(sdk)[SDK_CLIENT]
        self.real_slots[id(real)] = (SDK, SDK_CLIENT)
        self.real_clients.add({(SDK, SDK_CLIENT): real})
        if _active:
            self.bind(_active[-1])

    def bind(self, mocked: _Mocked) -> None:
        """Let names of a package's objects, or of an earlier mock's, stand for this one's."""
        slots = dict(self.real_slots)
        for each in self.spent:
            slots.update(each.own())
        self.bindings.bind(slots, mocked.at)

    def restore(self) -> None:
        """Put everything back; real packages are loaded where a module wants names of theirs."""
        sys.meta_path.remove(self.finder)
        no_network.unblock_network()
        self.real_clients.release()
        _set_environment(self.environment)
        _remove_present()
        if self.made_parent:
            del sys.modules[_PARENT]
        else:
            for name, value in self.attributes.items():
                if value is not _ABSENT:
                    setattr(self.parent, name, value)
                elif name in vars(self.parent):
                    delattr(self.parent, name)
        sys.modules.update(self.modules)
        own: dict[int, Slot] = {}
        fakes: dict[int, Slot] = {}
        for each in self.spent:
            own.update(each.own())
            for module, content in each.modules.items():
                fakes.update({id(value): (module, name) for name, value in _public(content)})
        self.bindings.restore({**fakes, **own}, own, _real)


_lock = threading.RLock()
_active: list[_Mocked] = []  # of every mock that was entered and not left, the newest last
_before: _Before | None = None


def _put(mocked: _Mocked) -> None:
    global _before
    with _lock:
        if _before is None:
            _before = _Before(mocked)
        _active.append(mocked)
        _before.spent.append(mocked)
        _install(mocked, _before)


def _take(mocked: _Mocked) -> None:
    global _before
    with _lock:
        place = next(i for i, each in enumerate(_active) if each is mocked)
        del _active[place]
        assert _before is not None
        if _active:
            _install(_active[-1], _before)
            return
        before, _before = _before, None
        before.restore()


def _install(mocked: _Mocked, before: _Before) -> None:
    _remove_present()
    sys.modules.update(mocked.modules)
    for package in PACKAGES:
        setattr(before.parent, package.rpartition(".")[2], mocked.modules[package])
    before.bind(mocked)


def _ensure_parent() -> bool:
    """Have a package `databricks`, the installed one where there is one; True if it was made."""
    try:
        importlib.import_module(_PARENT)
    except ModuleNotFoundError:
        sys.modules[_PARENT] = module_of(_PARENT, {}, is_package=True)
        return True
    return False


def _present() -> list[str]:
    """Names of the packages' modules that are loaded, real ones or fakes."""
    return [
        name
        for name in list(sys.modules)
        if name in PACKAGES or name.startswith(tuple(f"{package}." for package in PACKAGES))
    ]


def _remove_present() -> None:
    for name in _present():
        del sys.modules[name]


def _public(module: ModuleType) -> list[tuple[str, object]]:
    """Classes of a module by name; numbers and texts are shared by all."""
    return [(name, value) for name, value in vars(module).items() if inspect.isclass(value)]


def _real_slots(real: dict[str, ModuleType], fakes: Modules) -> dict[int, Slot]:
    """The ids of the packages' objects that have a fake."""
    slots: dict[int, Slot] = {}
    for full_name, content in fakes.items():
        if full_name in real:
            slots[id(real[full_name])] = (full_name, "")
            for name, _ in _public(content):
                if inspect.isclass(vars(real[full_name]).get(name)):
                    slots[id(vars(real[full_name])[name])] = (full_name, name)
    return slots


def _client_classes(real: dict[str, ModuleType]) -> dict[Slot, type]:
    """The real classes whose instances call the cloud."""
    found: dict[Slot, type] = {}
    for package in PACKAGES:
        for module, name in (
            ("client", "AISearchClient"),
            ("client", "VectorSearchClient"),
            ("index", "AISearchIndex"),
            ("index", "VectorSearchIndex"),
            ("async_index", "AsyncAISearchIndex"),
            ("async_index", "AsyncVectorSearchIndex"),
        ):
            value = getattr(real.get(f"{package}.{module}"), name, None)
            if inspect.isclass(value) and value not in found.values():
                found[f"{package}.{module}", name] = value
    return found


def _real(slot: Slot) -> object:
    """The package's own object, loaded if need be; None where it can't be had."""
    module, name = slot
    if not module.startswith((*PACKAGES, SDK)):
        return None
    try:
        found = importlib.import_module(module)
    except (
        Exception
    ):  # not installed, or a warning where these are errors: whoever uses it, sees it
        return None
    return getattr(found, name, None) if name else found


def _set_environment(changes: dict[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
