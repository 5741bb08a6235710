"""Whether an endpoint is stopped, as every query asks. Knows endpoints' files; not their life."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from engine.errors import BadRequest, CorruptFile, StorageFailed
from engine.store.endpoint_files import endpoint_file
from engine.store.layout import Layout, read_json

_Stamp = tuple[int, int, int]


class EndpointStates:
    """The states of a workspace's endpoints; a file is read again when it has changed."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        # By name: the file, its stamp when it was read, and whether it said STOPPED.
        self._known: dict[str, tuple[str, _Stamp, bool]] = {}

    def is_stopped(self, name: str) -> bool:
        """Whether an endpoint is stopped, at the cost of one `stat` of its file.

        An endpoint that does not exist, or can't be read, is not stopped: its indexes go on.
        """
        known = self._known.get(name)
        path = known[0] if known is not None else str(endpoint_file(self._layout, name))
        try:
            found = os.stat(path)  # noqa: PTH116  (a third of what Path.stat takes)
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if known is None or known[1] != stamp:
                stopped = False
                with contextlib.suppress(CorruptFile, StorageFailed):
                    stopped = read_json(Path(path)).get("state") == "STOPPED"
                known = (path, stamp, stopped)
                self._known[name] = known
        except (OSError, ValueError):  # or no name of a file at all
            return False
        return known[2]

    def refuse_stopped(self, name: str) -> None:
        """Refuse to work for an index of a stopped endpoint.

        Raises:
            BadRequest: it is stopped; says how to start it.
        """
        if self.is_stopped(name):
            raise BadRequest(stopped_message(name))

    def forget(self, name: str) -> None:
        """Drop what is known of an endpoint that was deleted."""
        self._known.pop(name, None)


def stopped_message(name: str) -> str:
    """What to say of a stopped endpoint: what it means, and what to do."""
    return (
        f"Endpoint {name} is STOPPED: its indexes keep their rows and serve nothing. Start it with "
        f"start_endpoint({name!r}) and try again."
    )
