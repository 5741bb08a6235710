"""A connection that can be broken on request. Knows sockets; not when, nor why."""

from __future__ import annotations

import socket
import struct

from engine.doors.http.connections import Connection

STATE = "connection"  # under which name a request's scope holds its connection
_LINGER = struct.pack("ii", 1, 0)  # what was not sent is dropped, and the other side is told so


class BreakableConnection(Connection):
    """One client's connection, which requests find in their scope's state."""

    def on_message_begin(self) -> None:
        """Let the request know its connection."""
        super().on_message_begin()
        self.scope["state"][STATE] = self

    def reset(self) -> None:
        """Reset it: the client sees no answer, as of a machine that went down."""
        used = self.transport.get_extra_info("socket")
        used.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self.transport.abort()

    def close(self) -> None:
        """Close it when what was written is sent."""
        self.transport.close()
