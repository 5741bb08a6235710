"""Which state an endpoint is in, as every query asks. Knows endpoints' files; not their life.

A file says which state an endpoint was brought to. Where that takes its time, it also says by which
state the endpoint passes (`passing`), and until when by the workspace's clock (`until`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import BadRequest, CorruptFile, StorageFailed
from engine.service.pacing.clock import Clock
from engine.store.endpoint_files import endpoint_file
from engine.store.layout import Layout, read_json

ONLINE, STOPPED, PROVISIONING = "ONLINE", "STOPPED", "PROVISIONING"
_Stamp = tuple[int, int, int]


class EndpointStates:
    """The states of a workspace's endpoints; a file is read again when it has changed."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout, self._clock = layout, clock
        # By name: the file, its stamp when it was read, the state that it says, and what the
        # endpoint passes through until when.
        self._known: dict[str, tuple[str, _Stamp, str, str, int]] = {}

    def of(self, name: str) -> str:
        """The state of an endpoint, at the cost of one `stat` of its file.

        An endpoint that does not exist, or can't be read, is ONLINE: its indexes go on.
        """
        known = self._known.get(name)
        path = known[0] if known is not None else str(endpoint_file(self._layout, name))
        try:
            found = os.stat(path)  # noqa: PTH116  (a third of what Path.stat takes)
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if known is None or known[1] != stamp:
                facts: Mapping[str, Any] = {}
                with contextlib.suppress(CorruptFile, StorageFailed):
                    facts = read_json(Path(path))
                state = STOPPED if facts.get("state") == STOPPED else ONLINE
                passing, until = facts.get("passing"), facts.get("until")
                if not (isinstance(passing, str) and isinstance(until, int)):
                    passing, until = "", 0
                known = (path, stamp, state, passing, until)
                self._known[name] = known
        except (OSError, ValueError):  # or no name of a file at all
            return ONLINE
        return known[3] if known[4] and not self._clock.is_over(known[4]) else known[2]

    def until(self, name: str) -> int:
        """From when on an endpoint is online, by the workspace's clock; 0 where it is."""
        passing = self.of(name) not in (ONLINE, STOPPED)
        known = self._known.get(name)
        return known[4] if passing and known is not None else 0

    def seen(self, facts: Mapping[str, Any]) -> str:
        """The state of the endpoint that a file describes."""
        until = facts.get("until")
        if until and not self._clock.is_over(until):
            return str(facts["passing"])
        return str(facts.get("state") or ONLINE)

    def passage(self, through: str) -> dict[str, Any]:
        """What an endpoint's file says of a change that begins now and passes through a state."""
        if self._clock.pace.is_instant:
            return {}
        return {"passing": through, "until": self._clock.in_seconds(self._clock.pace.endpoint)}

    def is_stopped(self, name: str) -> bool:
        """Whether an endpoint is stopped, or is being stopped."""
        return self.of(name) in (STOPPED, "STOPPING")

    def refuse_stopped(self, name: str) -> None:
        """Refuse to make something on a stopped endpoint.

        Raises:
            BadRequest: it is stopped; says how to start it.
        """
        state = self.of(name)
        if state in (STOPPED, "STOPPING"):
            raise BadRequest(idle_message(name, state))

    def refuse_idle(self, name: str) -> None:
        """Refuse to work for an index of an endpoint that does not serve.

        Raises:
            BadRequest: it is stopped, or not online yet; says what to do.
        """
        state = self.of(name)
        if state != ONLINE:
            raise BadRequest(idle_message(name, state))

    def forget(self, name: str) -> None:
        """Drop what is known of an endpoint that was deleted."""
        self._known.pop(name, None)


def idle_message(name: str, state: str) -> str:
    """What to say of an endpoint that does not serve: what it means, and what to do."""
    if state in (STOPPED, "STOPPING"):
        return (
            f"Endpoint {name} is {state}: its indexes keep their rows and serve nothing. Start it with "
            f"start_endpoint({name!r}) and try again."
        )
    return f"Endpoint {name} is {state}: it serves nothing yet. Try again when it is ONLINE."
