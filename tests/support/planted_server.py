"""A server whose faults are known: it stalls once, fails some requests, or answers late."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.bench.serving.load.job import Address, Call

HEAD = "HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n"


@dataclass
class Planted:
    """Answers every request by `{"n": its number}`, but for what is planted.

    Attributes:
        stall_at: the number of a request before which nothing is answered for `stall` seconds.
        failing: every so manieth request is answered by 500. silent: is not answered at all.
        broken: has its connection closed. together: nothing is answered before so many have come.
        delay: seconds that each answer takes, one after the other.
    """

    stall_at: int | None = None
    stall: float = 0.5
    failing: int = 0
    silent: int = 0
    broken: int = 0
    together: int = 0
    delay: float = 0.0
    body: bytes | None = None
    seen: list[bytes] = field(default_factory=list)
    port: int = 0
    name: str = "planted"
    settings: Mapping[str, int] = field(default_factory=dict)
    pid: int | None = None
    better: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port)

    # ------------------------------------------------------------------ as a server of the harness
    def calls(self, kind: str) -> Sequence[Call]:
        return [Call("POST", f"/{kind}", b"{}")]

    def found(self, body: bytes) -> list[str]:
        return [str(key) for key in json.loads(body)["keys"]]

    def search_better(self) -> bool:
        if self.better:
            self.body = self.better.pop(0)
            return True
        return False

    def close(self) -> None:
        pass

    # ------------------------------------------------------------------ what it does
    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [x for x in head.lower().split(b"\r\n") if x.startswith(b"content-length")]
                if length:
                    await reader.readexactly(int(length[0].split(b":")[1]))
                self.seen.append(head)
                if not await self._answered(len(self.seen), writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the server ends
        finally:
            writer.close()

    async def _answered(self, number: int, writer: asyncio.StreamWriter) -> bool:
        if number == self.stall_at or self.delay:
            time.sleep(self.stall if number == self.stall_at else self.delay)
        while len(self.seen) < self.together:
            await asyncio.sleep(0.005)
        if self.broken and number % self.broken == 0:
            return False
        if self.silent and number % self.silent == 0:
            await asyncio.sleep(60)
        body = self.body or b'{"n": %d}' % number
        status = 500 if self.failing and number % self.failing == 0 else 200
        writer.write(HEAD.format(status, len(body)).encode() + body)
        return True


@contextmanager
def running(planted: Planted) -> Iterator[Planted]:
    """It serves, in a thread, on a port of its own."""
    ready, stops = threading.Event(), []

    async def serve() -> None:
        server = await asyncio.start_server(planted.answer, "127.0.0.1", 0, backlog=1000)
        planted.port = server.sockets[0].getsockname()[1]
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield planted
    finally:
        stops[0]()
        thread.join()
