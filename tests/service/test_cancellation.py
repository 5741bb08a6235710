"""The flag that ends long work: seen across threads, free where nobody set one."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading

import pytest

from engine.service.cancellation import Cancelled, cancelled_by, check


def test_without_a_token_nothing_is_ever_cancelled() -> None:
    check()


def test_a_set_token_raises_and_an_unset_one_does_not() -> None:
    token = threading.Event()
    with cancelled_by(token):
        check()
        token.set()
        with pytest.raises(Cancelled):
            check()
    check()


def test_an_inner_token_hides_the_outer_one_until_its_block_ends() -> None:
    outer, inner = threading.Event(), threading.Event()
    with cancelled_by(outer):
        outer.set()
        with cancelled_by(inner):
            check()
        with pytest.raises(Cancelled):
            check()


def test_it_is_no_exception_that_services_turn_into_a_result() -> None:
    token = threading.Event()
    token.set()
    with cancelled_by(token), pytest.raises(Cancelled), contextlib.suppress(Exception):
        check()


def test_blocks_that_undo_on_any_error_run() -> None:
    token, undone = threading.Event(), []
    token.set()
    with pytest.raises(Cancelled), cancelled_by(token):
        try:
            check()
        except BaseException:
            undone.append(True)
            raise
    assert undone == [True]


def outcome(of: list[str]) -> None:
    """Appends how `check` ends."""
    try:
        check()
        of.append("goes on")
    except Cancelled:
        of.append("ends")


def test_a_thread_sees_it_only_where_it_carries_the_context() -> None:
    token, carried, plain = threading.Event(), [], []
    token.set()
    with cancelled_by(token):
        context = contextvars.copy_context()
        threads = [
            threading.Thread(target=context.run, args=(outcome, carried)),
            threading.Thread(target=outcome, args=(plain,)),
        ]
    for thread in threads:
        thread.start()
        thread.join()
    assert (carried, plain) == (["ends"], ["goes on"])


def test_asyncio_threads_carry_it() -> None:
    async def run() -> list[str]:
        token, seen = threading.Event(), []
        with cancelled_by(token):
            await asyncio.to_thread(outcome, seen)
            token.set()
            await asyncio.to_thread(outcome, seen)
        await asyncio.to_thread(outcome, seen)
        return seen

    assert asyncio.run(run()) == ["goes on", "ends", "goes on"]
