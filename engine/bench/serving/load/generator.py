"""Requests made by a schedule or by clients in a row, and what became of them. One thread, one loop."""

from __future__ import annotations

import asyncio
import gc
import selectors
import time
from collections import Counter, deque
from collections.abc import Sequence

import numpy as np

from engine.bench.serving.load.connection import Connection
from engine.bench.serving.load.job import BROKEN, TIMED_OUT, Address, Call, Load, Outcome

LEAD_SECONDS = 0.02  # before the first request is due
LOOK_SECONDS = 0.02  # between looks for requests that wait too long
PAUSE_SECONDS = 0.05  # of a closed loop's client whose connection broke
FIRST_CONNECTIONS = 8  # that an open loop opens before it begins


def generate(address: Address, calls: Sequence[Call], load: Load) -> Outcome:
    """Make the load, wait until every request was answered or given up, and say what became of them.

    Timers of epoll are rounded up to a millisecond, those of select are not: requests go out when they
    are due. The collector of garbage rests meanwhile.
    """
    requests = [call.written(address) for call in calls]
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        return loop.run_until_complete(Generator(loop, address, requests, load).run())
    finally:
        loop.close()
        if was_collecting:
            gc.enable()


class Generator:
    """One load. Requests have numbers, counted from 0; each ends exactly once."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, address: Address, requests: list[bytes], load: Load
    ) -> None:
        self._loop, self._address, self._tls = loop, address, address.tls()
        self._requests, self._load = requests, load
        self._due: list[float] = []
        self._sent: list[float] = []
        self._answered: list[float] = []
        self._status: list[int | None] = []
        self._waiting: deque[int] = deque()  # due, and no connection was free
        self._pending: dict[int, Connection | None] = {}  # by number, so the oldest are first
        self._free: list[Connection] = []
        self._open: set[Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._replies: dict[int, bytes] = {}
        self._refusal = b""
        self._broken: Counter[str] = Counter()
        self._opened, self._start = 0, 0.0
        self._asks, self._ended = True, asyncio.Event()

    async def run(self) -> Outcome:
        is_closed = self._load.arrivals is None
        first = self._load.clients if is_closed else min(FIRST_CONNECTIONS, self._load.clients)
        for _ in range(first):  # one after the other, as people come: worker processes share them
            await self._connect()
        cpu = time.process_time()
        self._start = self._loop.time() + LEAD_SECONDS
        looking = self._loop.create_task(self._give_up_late_ones())
        await asyncio.sleep(LEAD_SECONDS)
        if self._load.arrivals is None:
            await self._closed()
        else:
            await self._by_schedule(self._load.arrivals)
        self._asks = False
        self._end_if_done()
        await self._ended.wait()
        cpu, wall = time.process_time() - cpu, self._now()
        looking.cancel()
        await asyncio.gather(looking, *self._opening, return_exceptions=True)
        for connection in list(self._open):
            connection.close()
        await asyncio.sleep(0)  # transports end in the loop's next round
        return self._outcome(cpu, wall)

    def _outcome(self, cpu: float, wall: float) -> Outcome:
        return Outcome(
            np.array(self._due),
            np.array(self._sent),
            np.array(self._answered),
            np.array(self._status, dtype=np.int32),
            self._load.timeout,
            self._replies,
            self._refusal,
            dict(self._broken),
            cpu,
            wall,
            self._opened,
        )

    def _now(self) -> float:
        return self._loop.time() - self._start

    # ------------------------------------------------------------------ when requests are made
    async def _by_schedule(self, arrivals: np.ndarray) -> None:
        for due in arrivals.tolist():
            ahead = due - self._now()
            if ahead > 0:
                await asyncio.sleep(ahead)
            self._ask(due)

    async def _closed(self) -> None:
        for _ in range(self._load.clients):
            self._ask_again()
        if self._load.requests is None:
            await asyncio.sleep(self._load.seconds)
        else:
            while len(self._status) < self._load.requests:
                await asyncio.sleep(LOOK_SECONDS)

    def _ask_again(self) -> None:
        most = self._load.requests
        if self._asks and (most is None or len(self._status) < most):
            self._ask(self._now())

    def _ask(self, due: float) -> None:
        number = len(self._status)
        self._due.append(due)
        self._sent.append(np.nan)
        self._answered.append(np.nan)
        self._status.append(None)
        self._pending[number] = None
        if self._free:
            self._send(self._free.pop(), number)
            return
        self._waiting.append(number)
        if len(self._open) + len(self._opening) < self._load.clients:
            task = self._loop.create_task(self._connect())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def _send(self, connection: Connection, number: int) -> None:
        self._sent[number] = self._now()
        self._pending[number] = connection
        connection.send(number, self._requests[number % len(self._requests)])

    # ------------------------------------------------------------------ connections
    async def _connect(self) -> None:
        try:
            _, connection = await asyncio.wait_for(
                self._loop.create_connection(
                    lambda: Connection(self._on_answer, self._on_loss),
                    self._address.host,
                    self._address.port,
                    ssl=self._tls,
                ),
                self._load.timeout,
            )
        except (OSError, asyncio.TimeoutError) as error:
            number = self._next_waiting()
            if number is not None:
                self._end_broken(number, error)
            return
        self._opened += 1
        self._open.add(connection)
        self._use(connection)

    def _use(self, connection: Connection) -> None:
        """Send what waits, or keep the connection for what comes."""
        number = self._next_waiting()
        if number is None:
            self._free.append(connection)
        else:
            self._send(connection, number)

    def _next_waiting(self) -> int | None:
        while self._waiting:
            number = self._waiting.popleft()
            if number in self._pending:  # and was not given up
                return number
        return None

    # ------------------------------------------------------------------ how requests end
    def _on_answer(self, connection: Connection, number: int, status: int, body: bytes) -> None:
        self._answered[number] = self._now()
        call = number % len(self._requests)
        if not 200 <= status < 300:
            self._refusal = self._refusal or body
        elif call < self._load.kept:
            self._replies.setdefault(call, body)
        if connection.is_reusable:
            self._use(connection)
        else:
            connection.close()
        self._end(number, status)

    def _on_loss(self, connection: Connection, number: int | None, error: Exception) -> None:
        self._open.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        if number is not None and number in self._pending:
            self._end_broken(number, error)

    def _end_broken(self, number: int, error: Exception) -> None:
        self._broken[type(error).__name__] += 1
        self._end(number, BROKEN)

    def _end(self, number: int, status: int) -> None:
        del self._pending[number]
        self._status[number] = status
        if self._load.arrivals is None and self._asks:
            if status == BROKEN:
                self._loop.call_later(PAUSE_SECONDS, self._ask_again)
            else:
                self._ask_again()
        self._end_if_done()

    def _end_if_done(self) -> None:
        if not self._asks and not self._pending:
            self._ended.set()

    async def _give_up_late_ones(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            oldest = self._now() - self._load.timeout
            late = []
            for number in self._pending:
                if self._due[number] > oldest:
                    break
                late.append(number)
            for number in late:
                connection = self._pending[number]
                if connection is not None:
                    connection.number = None
                    connection.close()
                self._end(number, TIMED_OUT)
