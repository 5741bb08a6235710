"""The group `vitrine bench` and its commands, which are imported when they are asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, MutableMapping

import click

from engine.doors.cli.options import Group

NAMES = (
    "retrieval",
    "ann",
    "filtered",
    "engines",
    "scale",
    "embedding",
    "serving",
    "report",
    "compare",
    "instructions",
)


class CommandsOnDemand(MutableMapping[str, click.Command]):
    """Commands by name, each the object of that name in the file of that name beside this one.

    So no other command pays for the benchmarks' imports, nor does the help of all commands.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._found: dict[str, click.Command | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> click.Command:
        command = self._found[name]
        if command is None:
            command = getattr(importlib.import_module(f"{__package__}.{name}"), name)
            assert isinstance(command, click.Command)
            self._found[name] = command
        return command

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


@click.group(cls=Group, commands=CommandsOnDemand(NAMES))
def bench() -> None:
    """Measure: models, indexes, filters, servers; beside others, with raw figures kept.

    Each command writes JSON lines (--out) that say what ran where and every value that was taken;
    `report` makes a page of them, `compare` says what changed between two runs.
    """
