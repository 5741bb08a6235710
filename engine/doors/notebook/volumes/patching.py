"""`/Volumes/...` for `open`, `os`, `pathlib` and what is built on them, in this whole process.

For processes of a notebook's run alone, which end with it: nothing is put back. `builtins.open` and the
functions of `os` are replaced, as every library in Python calls these by name; of libraries that open
files in C, the functions listed in `_IN_C`. Loads the workspace when the first such path is seen.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib.abc
import importlib.machinery
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.doors.notebook.volumes.places import Places

_Real = Callable[[Sequence[Any], Mapping[str, Any]], tuple[list[Any], dict[str, Any]]]
_ROOT = "/Volumes"
_MOUNTED = "/dbfs/Volumes"
# Functions of `os` by how many paths they begin with; and whether these are written.
_READING = ("access", "chdir", "getxattr", "listxattr", "readlink", "statvfs", "pathconf")
_WRITING = ("chmod", "mkdir", "remove", "rmdir", "truncate", "unlink", "utime", "mkfifo")
_OF_TWO = ("rename", "replace", "link")
# What opens files in C, by module: functions and classes that take a path first.
_IN_C = {
    "pyarrow": ("memory_map", "OSFile", "input_stream", "output_stream", "create_memory_map"),
    "pyarrow.parquet": (
        "ParquetFile", "ParquetDataset", "ParquetWriter", "read_table", "read_metadata", "read_schema",
        "read_pandas", "write_metadata",
    ),
    "pyarrow.dataset": ("dataset", "parquet_dataset"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.json": ("read_json", "open_json"),
    "pyarrow.feather": ("read_table", "read_feather"),
    "cv2": ("imread",),
    "sqlite3": ("connect",),
}  # fmt: skip
# The same, with the path second or written.
_SECOND_IN_C = {
    "pyarrow.parquet": ("write_table", "write_to_dataset"),
    "pyarrow.dataset": ("write_dataset",),
    "pyarrow.csv": ("write_csv",),
    "pyarrow.feather": ("write_feather",),
}
_WRITTEN_IN_C = {"cv2": ("imwrite",)}
_PATH_NAMES = (
    "source",
    "where",
    "path",
    "root_path",
    "base_dir",
    "dest",
    "input_file",
    "output_file",
)


def patch(workspace: str) -> None:
    """Let `/Volumes/...` be found in a workspace, from now on.

    Args:
        workspace: its directory.
    """
    volumes = _Volumes(workspace)
    _patch_open(volumes)
    for name in (*_READING, *_WRITING):
        _replace(name, volumes, 1, name in _WRITING)
    for name in _OF_TWO:
        _replace(name, volumes, 2, True)
    for name in ("stat", "lstat"):
        _put(name, _stat(getattr(os, name), volumes))
    _put("listdir", _listdir(os.listdir, volumes))
    _put("scandir", _scandir(os.scandir, volumes))
    sys.meta_path.insert(0, _Hook(volumes))


class _Volumes:
    """Which paths are of volumes, and where they are; the workspace's code is loaded by the first."""

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace

    @functools.cached_property
    def places(self) -> Places:
        from engine.doors.notebook.volumes.places import Places

        return Places(self._workspace)

    def path(self, given: object) -> str | None:
        """The `/Volumes/...` path that was given; None for any other."""
        if type(given) is not str:
            if isinstance(given, (int, type(None))):
                return None
            try:
                given = os.fsdecode(given)  # type: ignore[arg-type]
            except TypeError:
                return None
        if given.startswith(_MOUNTED):
            given = given[len("/dbfs") :]
        elif not given.startswith(_ROOT):
            return None
        if ".." in given:  # where it leads out, it is no path of a volume
            given = os.path.normpath(given)
            if not given.startswith(_ROOT):
                return None
        return given if given[len(_ROOT) : len(_ROOT) + 1] in ("", "/") else None

    def real_path(self, given: Any, is_written: bool) -> Any:
        """As `real`, for what may be something else than a path too: a buffer, a table."""
        return self.real(given, is_written) if isinstance(given, (str, os.PathLike)) else given

    def real(self, given: Any, is_written: bool = False) -> Any:
        """Where a path lies; whatever isn't one of a volume as it was given."""
        path = self.path(given)
        return given if path is None else self.places.real(path, is_written)


# ------------------------------------------------------------------ functions of the system
def _put(name: str, replacement: Callable[..., Any]) -> None:
    """A function of `os` replaced; what is known of the one is true of the other."""
    original = getattr(os, name)
    for known in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if original in known:
            known.add(replacement)
    if original in os.supports_effective_ids:
        os.supports_effective_ids.add(replacement)
    setattr(os, name, replacement)


def _replace(name: str, volumes: _Volumes, paths: int, is_written: bool) -> None:
    original = getattr(os, name, None)
    if original is None:  # not on this system
        return

    @functools.wraps(original)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        real = [volumes.real(each, is_written) for each in args[:paths]]
        named = _real_names(volumes, kwargs, is_written)
        with _called_as_given(real, args):
            return original(*real, *args[paths:], **named)

    _put(name, replaced)


def _real_names(volumes: _Volumes, kwargs: dict[str, Any], is_written: bool) -> dict[str, Any]:
    """Paths that were given by name, as these functions call them."""
    for name in kwargs.keys() & {"path", "src", "dst", "file"}:
        kwargs[name] = volumes.real(kwargs[name], is_written)
    return kwargs


@contextlib.contextmanager
def _called_as_given(real: Sequence[Any], given: Sequence[Any]) -> Iterator[None]:
    """Errors of the system name the paths that the caller knows."""
    try:
        yield
    except OSError as error:
        names = dict(zip(map(str, real), given))
        if error.filename in names:
            error.filename = names[error.filename]
        if error.filename2 in names:
            error.filename2 = names[error.filename2]
        raise


def _patch_open(volumes: _Volumes) -> None:
    opened, low = builtins.open, os.open

    @functools.wraps(opened)
    def open_file(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        is_written = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        real = volumes.real(file, is_written)
        if real is file:
            return opened(file, mode, *args, **kwargs)
        with _called_as_given([real], [file]):
            return opened(real, mode, *args, **kwargs)

    @functools.wraps(low)
    def open_low(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        is_written = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
        real = volumes.real(path, is_written)
        with _called_as_given([real], [path]):
            return low(real, flags, *args, **kwargs)

    builtins.open = io.open = open_file
    _put("open", open_low)


def _stat(original: Callable[..., os.stat_result], volumes: _Volumes) -> Callable[..., Any]:
    @functools.wraps(original)
    def stat(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        found = volumes.path(path)
        if found is None:
            return original(path, *args, **kwargs)
        try:
            return original(volumes.places.real(found), *args, **kwargs)
        except (FileNotFoundError, NotADirectoryError) as error:
            if found.rstrip("/") == _ROOT or volumes.places.only_here(found):
                return original(volumes.places.stand_in)
            error.filename = path
            raise

    return stat


def _listdir(original: Callable[..., list[str]], volumes: _Volumes) -> Callable[..., Any]:
    @functools.wraps(original)
    def listdir(path: Any = ".") -> list[str]:
        found = volumes.path(path)
        if found is None:
            return original(path)
        only_here = volumes.places.only_here(found)
        try:
            names = original(volumes.places.real(found))
        except FileNotFoundError:
            if not only_here:
                raise
            names = []
        return [name for name in {*names, *only_here} if name != "volumes.json"]

    return listdir


class _Entry:
    """What `os.scandir` says of a file in a volume: as an `os.DirEntry`, with the path of the volume."""

    def __init__(self, folder: str, name: str) -> None:
        self.name, self.path = name, f"{folder.rstrip('/')}/{name}"

    def __fspath__(self) -> str:
        return self.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return (follow_symlinks or not self.is_symlink()) and Path(self.path).is_dir()

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return (follow_symlinks or not self.is_symlink()) and Path(self.path).is_file()

    def is_symlink(self) -> bool:
        return Path(self.path).is_symlink()

    def is_junction(self) -> bool:
        return False

    def inode(self) -> int:
        return os.lstat(self.path).st_ino

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return Path(self.path).stat() if follow_symlinks else os.lstat(self.path)


class _Entries:
    """What `os.scandir` returns, for a folder of a volume."""

    def __init__(self, folder: str) -> None:
        self._rest = (_Entry(folder, name) for name in os.listdir(folder))

    def __iter__(self) -> Iterator[_Entry]:
        return self._rest

    def __next__(self) -> _Entry:
        return next(self._rest)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is open."""


def _scandir(original: Callable[..., Any], volumes: _Volumes) -> Callable[..., Any]:
    @functools.wraps(original)
    def scandir(path: Any = ".") -> Any:
        found = volumes.path(path)
        return original(path) if found is None else _Entries(found)

    return scandir


# ------------------------------------------------------------------ libraries that open files in C
class _Hook(importlib.abc.MetaPathFinder):
    """Changes a module of `_IN_C` as soon as it was loaded."""

    def __init__(self, volumes: _Volumes) -> None:
        self._volumes = volumes

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The module's specification, with a loader that changes it; None for any other module."""
        if name not in _IN_C and name not in _SECOND_IN_C:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._volumes)
        return spec


class _Loader(importlib.abc.Loader):
    """Another loader, after which the module's functions know volumes."""

    def __init__(self, inner: Any, volumes: _Volumes) -> None:
        self._inner, self._volumes = inner, volumes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def create_module(self, spec: Any) -> ModuleType | None:
        """As the other does."""
        made: ModuleType | None = self._inner.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """As the other does, and then the functions are changed."""
        self._inner.exec_module(module)
        for place, is_written, listed in (
            (0, False, _IN_C),
            (0, True, _WRITTEN_IN_C),
            (1, True, _SECOND_IN_C),
        ):
            for name in listed.get(module.__name__, ()):
                if hasattr(module, name):
                    _teach(module, name, place, is_written, self._volumes)


def _teach(module: ModuleType, name: str, place: int, is_written: bool, volumes: _Volumes) -> None:
    """Let a function or a class of a module know volumes."""
    taught = getattr(module, name)

    def real(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        writes = is_written or {"w", "wb", "ab"}.intersection(map(str, (*args, *kwargs.values())))
        found = list(args)
        if len(found) > place:
            found[place] = volumes.real_path(found[place], bool(writes))
        named = {
            key: volumes.real_path(value, bool(writes)) if key in _PATH_NAMES else value
            for key, value in kwargs.items()
        }
        return found, named

    if not isinstance(taught, type):
        setattr(module, name, _taught_function(taught, real))
    elif "__init__" not in vars(taught):  # made in C
        setattr(module, name, _taught_class(taught, real))
    else:  # a class of Python's stays the one that it is
        init = _taught_method(vars(taught)["__init__"], real)
        type.__setattr__(taught, "__init__", init)


def _taught_function(taught: Callable[..., Any], real: _Real) -> Callable[..., Any]:
    @functools.wraps(taught)
    def called(*args: Any, **kwargs: Any) -> Any:
        found, named = real(args, kwargs)
        return taught(*found, **named)

    return called


def _taught_method(taught: Callable[..., Any], real: _Real) -> Callable[..., Any]:
    @functools.wraps(taught)
    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        found, named = real(args, kwargs)
        return taught(self, *found, **named)

    return called


def _taught_class(taught: type, real: _Real) -> type:
    def made(cls: type, *args: Any, **kwargs: Any) -> Any:
        found, named = real(args, kwargs)
        return taught.__new__(cls, *found, **named)

    return type(taught.__name__, (taught,), {"__new__": made, "__doc__": taught.__doc__})
