"""Connections fall evenly on workers, whatever their numbers, and none waits for a worker that can't."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import ssl
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.children import LONGEST, started
from support.needs import needs

from engine.doors.http.listening import accepting
from engine.doors.http.listening.accepting import Acceptor
from engine.doors.http.listening.shares import Shares, open_board
from engine.errors import InvalidState

FOR_EVER = 1e9  # seconds of patience, so that a slow machine changes nothing


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.contextmanager
def lines(number: int, clock: Clock | None = None, started: int = 1) -> Iterator[list[Shares]]:
    """What each of some workers knows, as if all of them were processes; `started` together."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        open_board(Path(folder))
        given = {} if clock is None else {"clock": clock}
        patience = 0.2 if clock else FOR_EVER
        made = [Shares(Path(folder), started, patience, **given) for _ in range(number)]
        for each in made:
            stack.callback(each.close)
            if started == 1:
                each.sign()
        yield made


# ---------------------------------------------------------------------- whose turn it is
@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.integers(0, n - 1), max_size=80)))
def test_whoever_takes_in_its_turn_never_gets_two_ahead_in_whatever_order_they_ask(
    order: list[int],
) -> None:
    with lines(max(order, default=0) + 1) as workers:
        asked: set[int] = set()
        for which in order:  # each asks, and takes when it comes to it again
            if which in asked:
                asked.remove(which)
                workers[which].held += 1
            elif workers[which].is_turn():
                asked.add(which)
            held = [each.held for each in workers]
            assert max(held) - min(held) <= 1, held


def test_somebodys_turn_it_always_is() -> None:
    with lines(3) as workers:
        for held in ((0, 0, 0), (5, 5, 5), (9, 1, 1), (2, 3, 4)):
            for each, number in zip(workers, held, strict=True):
                each.held = number
            assert [each.is_turn() for each in workers] == [n == min(held) for n in held]


def test_a_worker_without_a_sign_is_not_waited_for() -> None:
    clock = Clock()
    with lines(2, clock) as (hung, other):
        other.held = 3
        assert not other.is_turn()
        clock.now += 0.25
        assert other.is_turn()
        hung.sign()  # it goes on
        assert not other.is_turn() and hung.is_turn()
        hung.leave()
        assert other.is_turn()


def test_a_new_worker_begins_where_a_killed_one_had_its_line(tmp_path: Path) -> None:
    open_board(tmp_path)
    code = (
        "import os, sys, pathlib; from engine.doors.http.listening.shares import Shares\n"
        "shares = Shares(pathlib.Path(sys.argv[1])); shares.held = 7; shares.sign()\n"
        "os.kill(os.getpid(), 9)"
    )
    with started([sys.executable, "-c", code, str(tmp_path)]) as child:
        assert child.wait(LONGEST) == -signal.SIGKILL
    one, two = Shares(tmp_path, 1, FOR_EVER), Shares(tmp_path, 1, FOR_EVER)
    assert (one.held, two.held) == (0, 0)
    one.held = 3
    assert one.is_turn()  # neither the killed one nor one that has not begun counts
    two.sign()
    assert not one.is_turn()
    one.close()
    two.close()


def test_more_workers_than_lines_are_refused(tmp_path: Path) -> None:
    open_board(tmp_path)
    made = [Shares(tmp_path) for _ in range(128)]
    with pytest.raises(InvalidState, match="at most 128 worker processes"):
        Shares(tmp_path)
    made.pop(60).close()
    made.append(Shares(tmp_path))
    for each in made:
        each.close()


# ---------------------------------------------------------------------- taking connections
class Echo(asyncio.Protocol):
    """Answers each line with the worker's number."""

    def __init__(self, number: int) -> None:
        self._number = number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"%d\n" % self._number)


class Port:
    """A port that some workers listen on, all of them in one event loop."""

    def __init__(self, workers: Sequence[Shares], context: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        first = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.number, self.workers = first.getsockname()[1], workers
        self.acceptors = [
            Acceptor(
                loop,
                each,
                socket.socket(fileno=os.dup(first.fileno())),
                lambda number=number: Echo(number),  # type: ignore[misc]
                ssl=context,
                backlog=500,
            )
            for number, each in enumerate(workers)
        ]
        first.close()

    async def ask(self) -> tuple[int, asyncio.StreamWriter]:
        """Which worker answers a new connection, which stays open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number)
        writer.write(b"who?\n")
        return int(await reader.readline()), writer

    async def held(self, *numbers: int) -> None:
        """Wait until each worker holds so many."""
        while tuple(each.held for each in self.workers) != numbers:
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def port(
    workers: Sequence[Shares], context: ssl.SSLContext | None = None
) -> AsyncIterator[Port]:
    opened = Port(workers, context)
    try:
        yield opened
    finally:
        for each in opened.acceptors:
            each.close()
            await each.wait_closed()


async def close(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize(("workers", "connections"), [(1, 3), (2, 4), (2, 9), (3, 100), (7, 20)])
@pytest.mark.parametrize("at_once", [True, False])
def test_lasting_connections_differ_by_one_at_most(
    workers: int, connections: int, at_once: bool
) -> None:
    async def run() -> None:
        with lines(workers) as shares:
            async with port(shares) as opened:
                if at_once:
                    asked = await asyncio.gather(*(opened.ask() for _ in range(connections)))
                else:
                    asked = [await opened.ask() for _ in range(connections)]
                found = Counter(number for number, _ in asked)
                held = [each.held for each in shares]
                assert [found[n] for n in range(workers)] == held and sum(held) == connections
                assert max(held) - min(held) <= 1
                await close(*(writer for _, writer in asked))
                await opened.held(*[0] * workers)

    asyncio.run(run())


def test_workers_begin_together_so_that_the_first_one_does_not_get_all() -> None:
    async def run() -> None:
        with lines(2, started=2) as (first, late):
            async with port((first,)) as opened:
                asking = [asyncio.create_task(opened.ask()) for _ in range(6)]
                await asyncio.sleep(0.05)
                assert first.held == -1 and not any(each.done() for each in asking)
                listener = socket.socket(fileno=os.dup(opened.acceptors[0].listener.fileno()))
                loop = asyncio.get_running_loop()
                opened.acceptors.append(Acceptor(loop, late, listener, lambda: Echo(1)))
                asked = await asyncio.gather(*asking)
                assert (first.held, late.held) == (3, 3)
                await close(*(writer for _, writer in asked))

    asyncio.run(run())


def test_one_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "START_SECONDS", 0.05)

    async def run() -> None:
        with lines(2, started=3) as workers:
            async with port(workers) as opened:
                asked = [await opened.ask() for _ in range(4)]
                assert [each.held for each in workers] == [2, 2]
                await close(*(writer for _, writer in asked))

    asyncio.run(run())


def test_new_connections_fill_what_closed_ones_left() -> None:
    async def run() -> None:
        with lines(2) as shares:
            async with port(shares) as opened:
                asked = [await opened.ask() for _ in range(12)]
                await close(*(writer for number, writer in asked if number == 0))
                await opened.held(0, 6)
                more = [await opened.ask() for _ in range(6)]
                assert [number for number, _ in more] == [0] * 6
                await close(*(writer for _, writer in asked + more))

    asyncio.run(run())


def test_many_short_connections_are_all_served() -> None:
    async def short(opened: Port) -> int:
        number, writer = await opened.ask()
        await close(writer)
        return number

    async def run() -> None:
        with lines(3) as shares:
            async with port(shares) as opened:
                found: Counter[int] = Counter()
                for _ in range(10):
                    found.update(await asyncio.gather(*(short(opened) for _ in range(50))))
                assert found.total() == 500 and set(found) == {0, 1, 2}
                await opened.held(0, 0, 0)

    asyncio.run(run())


def test_a_worker_that_hangs_starves_nobody() -> None:
    async def run() -> None:
        clock = Clock()
        with lines(3, clock) as (hung, one, two):
            async with port((one, two)) as opened:
                kept = [await opened.ask(), await opened.ask()]
                assert (hung.held, one.held, two.held) == (0, 1, 1)
                waiting = asyncio.create_task(opened.ask())
                await asyncio.sleep(0.02)
                assert not waiting.done()  # it is the other's, which may just be about to take it
                clock.now += 0.25
                one.sign()
                two.sign()
                kept.append(await asyncio.wait_for(waiting, LONGEST))
                kept.append(await asyncio.wait_for(opened.ask(), LONGEST))
                assert (hung.held, one.held, two.held) == (0, 2, 2)
                await close(*(writer for _, writer in kept))

    asyncio.run(run())


class Short(socket.socket):
    """A listening socket of a worker that may open no more files."""

    short = True

    def accept(self) -> tuple[socket.socket, object]:
        if self.short:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_a_worker_at_its_limit_leaves_connections_to_others_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accepting, "SHORTAGE_SECONDS", 0.05)

    async def run() -> None:
        told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, c: told.append(c["message"]))
        with lines(2) as (poor, other):
            async with port((other,)) as opened:
                listener = Short(fileno=os.dup(opened.acceptors[0].listener.fileno()))
                loop = asyncio.get_running_loop()
                opened.acceptors.append(Acceptor(loop, poor, listener, lambda: Echo(7)))
                asked = [await opened.ask() for _ in range(4)]
                assert [number for number, _ in asked] == [0] * 4
                assert (poor.held, other.held) == (0, 4)
                assert told and "no connection can be taken" in told[0]
                listener.short = False
                while not poor.held:
                    asked.append(await opened.ask())
                await close(*(writer for _, writer in asked))

    asyncio.run(run())


def test_a_worker_that_closes_finishes_what_it_has_and_takes_no_more() -> None:
    async def run() -> None:
        with lines(2) as shares:
            async with port(shares) as opened:
                asked = [await opened.ask() for _ in range(4)]
                opened.acceptors[0].close()
                await opened.acceptors[0].wait_closed()
                assert not opened.acceptors[0].is_serving() and opened.acceptors[1].is_serving()
                asked += [await opened.ask() for _ in range(4)]
                assert [number for number, _ in asked[4:]] == [1] * 4
                assert [each.held for each in shares] == [2, 6]
                await close(*(writer for _, writer in asked))
                await opened.held(0, 0)

    asyncio.run(run())


def test_a_client_that_speaks_no_tls_is_counted_no_more(tmp_path: Path) -> None:
    needs("https")
    from engine.doors.http.certificates.authority import kept_certificate
    from engine.store.layout import Layout

    certificate = kept_certificate(Layout(tmp_path), ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certfile, certificate.keyfile)

    async def run() -> None:
        with lines(1) as shares:
            async with port(shares, context) as opened:
                reader, writer = await asyncio.open_connection("127.0.0.1", opened.number)
                await opened.held(1)
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                await opened.held(0)
                await close(writer)

    asyncio.run(run())
