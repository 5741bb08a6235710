"""The calls that came, in order, for tests to look at. Knows requests and statuses; no transport."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload
from urllib.parse import parse_qs

from engine.doors.faults.operations import check_target, is_meant

_FORM = "application/x-www-form-urlencoded"


@dataclass(repr=False)
class Call:
    """One call.

    Attributes:
        operation: its name in the API, such as "query_index"; "" where no route was found.
        method, path: GET and the like; the address without query string, percent-encoded.
        query: the parameters of the query string, lists of texts.
        content: the body's bytes; None where it was too large to be kept.
        at: seconds since recording began. seconds: until it was answered, None before.
        status: of the answer; None while there is none, and where the connection was broken.
        fault: what it met, in words; None for an ordinary answer.
        waited: seconds that an in-process client waited before this try, as it would have.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    content: bytes | None = b""
    content_type: str = "application/json"
    at: float = 0.0
    seconds: float | None = None
    status: int | None = None
    fault: str | None = None
    waited: float = 0.0

    @property
    def body(self) -> Any:
        """The body's values: of JSON, or of a form; its bytes where it is neither, None for no body."""
        if not self.content:
            return None
        if self.content_type.startswith(_FORM):
            return {k: v[-1] for k, v in parse_qs(self.content.decode("utf-8", "replace")).items()}
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return self.content

    def __str__(self) -> str:
        outcome = "no answer" if self.status is None else str(self.status)
        met = f" ({self.fault})" if self.fault else ""
        name = self.operation or "unknown"
        return f"{self.at:8.3f} s  {name:<26} {outcome}{met}  {self.method} {self.path}"

    __repr__ = __str__

    def as_dict(self) -> dict[str, Any]:
        """The call as JSON."""
        body = self.body
        return {
            "operation": self.operation,
            "method": self.method,
            "path": self.path,
            "query": {name: list(values) for name, values in self.query.items()},
            "body": body.decode("utf-8", "replace") if isinstance(body, bytes) else body,
            "at": round(self.at, 4),
            "seconds": None if self.seconds is None else round(self.seconds, 4),
            "status": self.status,
            "fault": self.fault,
        }


class Calls(Sequence[Call]):
    """Calls in the order in which they came. Shown, it is one line a call.

    assert vitrine.calls.of("query_index").statuses == [429, 429, 200]
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        self._calls = list(calls)

    @overload
    def __getitem__(self, place: int) -> Call: ...
    @overload
    def __getitem__(self, place: slice) -> Calls: ...
    def __getitem__(self, place: int | slice) -> Call | Calls:
        found = self._calls[place]
        return found if isinstance(found, Call) else Calls(found)

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls)

    def __repr__(self) -> str:
        if not self._calls:
            return "no calls"
        return "\n".join([f"{len(self)} calls:", *map(str, self._calls)])

    def of(self, operation: str) -> Calls:
        """Those of an operation or a route, `*` for any text.

        Raises:
            InvalidInputException: no operation has this name.
        """
        target = check_target(operation)
        return Calls(c for c in self._calls if is_meant(target, c.operation, c.method, c.path))

    @property
    def faulty(self) -> Calls:
        """Those that met a fault."""
        return Calls(call for call in self._calls if call.fault)

    @property
    def operations(self) -> list[str]:
        """The operations' names, in order."""
        return [call.operation for call in self._calls]

    @property
    def statuses(self) -> list[int | None]:
        """The answers' statuses, in order; None for a broken connection."""
        return [call.status for call in self._calls]

    @property
    def gaps(self) -> list[float]:
        """Seconds between the beginnings of one call and the next: one fewer than calls."""
        return [after.at - before.at for before, after in zip(self._calls, self._calls[1:])]
