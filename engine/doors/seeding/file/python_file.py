"""A program that sets a workspace up: a `.py` file with a function `seed(workspace)`.

It is run with its folder on the path, and the modules that it brings are forgotten afterwards, so that
two of them may have helpers of one name.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.core.values import shown
from engine.errors import BadSourceFile, VitrineError
from engine.workspace import Workspace

_NAME = "vitrine_seed"  # of the module, while it runs


def run_python(file: Path, workspace: Workspace) -> Any:
    """Run a file's `seed(workspace)`; returns what that returns: a mapping of resources, or None.

    A function that is `async` is awaited.

    Raises:
        BadSourceFile: no such file or function, an error in it, with the file's own lines, or what it
            returns is neither.
    """
    if not file.is_file():
        raise BadSourceFile("there is no such file", file=str(file))
    with _on_path(file.resolve().parent):
        spec = importlib.util.spec_from_file_location(_NAME, file.resolve())
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[_NAME] = module
        try:
            spec.loader.exec_module(module)
            seed = getattr(module, "seed", None)
            if callable(seed):
                return _resources(file, seed(workspace))
        except BadSourceFile:
            raise
        except (Exception, SystemExit) as error:
            raise _failed(file, error) from error
    raise BadSourceFile("it has no function `seed(workspace)`.", file=str(file))


def _resources(file: Path, returned: Any) -> Mapping[str, Any] | None:
    """What a program says is to be made; None for what it made by itself."""
    if inspect.iscoroutine(returned):
        returned = asyncio.run(returned)
    if returned is not None and not isinstance(returned, Mapping):
        raise BadSourceFile(
            f"seed(workspace) returned {shown(returned)}; expected None, or a mapping of sections such "
            "as tables.",
            file=str(file),
        )
    return returned


@contextlib.contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the program may have taken it away
            sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if name == _NAME or (origin and Path(origin).is_relative_to(folder)):
                del sys.modules[name]


def _failed(file: Path, error: BaseException) -> BadSourceFile:
    """The error of a program, with the lines of its own folder that led there."""
    folder = file.resolve().parent
    if isinstance(error, SyntaxError) and error.filename == str(file.resolve()):
        return BadSourceFile(f"SyntaxError: {error.msg}.", file=str(file), line=error.lineno)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(folder)
    ]
    own = [frame for frame in frames if frame.filename == str(file.resolve())]
    shown = "".join(traceback.format_list(frames)).rstrip()
    message = error.in_words if isinstance(error, VitrineError) else str(error)
    return BadSourceFile(
        f"{type(error).__name__}: {message}\n{shown}",
        file=str(file),
        line=own[-1].lineno if own else None,
    )
