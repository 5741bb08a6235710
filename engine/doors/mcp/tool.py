"""What tools are, whatever they call: told to agents, listed, and called by name. Knows no kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.doors.mcp.parameters import Refused

_BETWEEN = "__"  # the parts of a full name in its tool's


@dataclass(frozen=True)
class Tool:
    """What an agent is told: under which name something is called, what for, and with which arguments.

    Attributes:
        input_schema: JSON schema of the arguments.
    """

    name: str
    description: str
    input_schema: dict[str, Any]


class Tools(Protocol):
    """The tools of one address: all of a schema, or one. Safe to use from many threads."""

    def listed(self) -> list[Tool]:
        """The tools by name. Raises Refused: no such schema, or nothing of the address's name."""

    def call(self, name: str, arguments: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
        """What a tool answers, as text.

        Raises:
            Refused: no such tool at this address, or a wrong argument or parameter.
            VitrineError: what is asked for can't be done.
        """


def tool_name(full_name: str) -> str:
    """The name of the tool of something that has a full name."""
    return full_name.replace(".", _BETWEEN)


def last_part(tool: str, schema: str, only: str | None, noun: str) -> str:
    """The last part of the full name behind a tool's name, which may hold two underscores itself.

    Args:
        schema: `catalog.schema` of the address. only: the one that the address names.

    Raises:
        Refused: a tool of another address, or no name of one.
    """
    begin = tool_name(schema) + _BETWEEN
    part = tool.removeprefix(begin)
    if not tool.startswith(begin) or only not in (None, part):
        expected = f"{begin}{only or f'<{noun}>'}"
        raise Refused(
            f"Tool name {tool!r:.300} is malformed or not found here; expected {expected}."
        )
    return part
