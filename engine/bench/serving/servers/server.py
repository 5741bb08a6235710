"""What a server is to the harness. A newcomer is a file with `started(served, folder) -> Server`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.bench.records.line import Setting
from engine.bench.serving.load.job import Address, Call
from engine.bench.serving.served import Kind
from engine.errors import VitrineError


class NotServed(VitrineError):
    """This server has nothing of that kind; the sentence says why, and the report shows it."""


class Server(Protocol):
    """A server that runs, holds the rows, and can be asked.

    Attributes:
        name: and version, as the report shows it.
        settings: what tells its lines apart from others of the name: `workers`.
        pid: of its first process, all of whose descendants belong to it; None where it runs elsewhere.
    """

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Setting]: ...

    @property
    def address(self) -> Address: ...

    @property
    def pid(self) -> int | None: ...

    def calls(self, kind: Kind) -> Sequence[Call]:
        """One call for each query of the kind, in their order. Raises NotServed."""

    def found(self, body: bytes) -> list[str]:
        """The keys of a reply's rows as text, best first. Raises ValueError: it is no such reply."""

    def search_better(self) -> bool:
        """Answer more exactly, at a higher cost, from now on; False where there is no more to give."""

    def close(self) -> None:
        """End what was started, with all that it holds."""
