"""Room for bodies and replies, and turns of the event loop: in order, bounded, nothing leaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.doors.http.admission import Budget, Turns
from engine.doors.http.deadline import Deadline, Deadlines
from engine.errors import TooManyRequests

STEADY = settings(derandomize=True, deadline=None)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


@STEADY
@given(
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 5), st.booleans()), max_size=40),
)
def test_what_is_held_fits_and_comes_in_order(
    total: int, wishes: list[tuple[int, int, bool]]
) -> None:
    async def all_of_them() -> None:
        budget = Budget(total, 1000, 60, "Bodies")
        held: dict[int, int] = {}
        order: list[int] = []

        async def one(number: int, size: int, steps: int) -> None:
            async with budget.held(size):
                held[number] = size
                order.append(number)
                nonzero = [size for size in held.values() if size]
                assert sum(nonzero) <= total or len(nonzero) == 1
                assert budget.used >= sum(held.values())
                try:
                    for _ in range(steps):
                        await asyncio.sleep(0)
                finally:
                    del held[number]

        tasks = [asyncio.create_task(one(n, *wish[:2])) for n, wish in enumerate(wishes)]
        await asyncio.sleep(0)
        for task, wish in zip(tasks, wishes):
            if wish[2]:
                task.cancel()  # a caller that goes away, before or after it was let in
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            assert task.cancelled() or task.exception() is None
        assert budget.used == 0
        assert order == sorted(order)

    run(all_of_them())


def test_who_waits_too_long_or_behind_too_many_is_refused() -> None:
    async def work() -> None:
        budget = Budget(10, most_waiting=1, wait_seconds=0.05, what="Bodies")
        async with budget.held(10):
            waiting = asyncio.create_task(budget.held(1).__aenter__())
            await asyncio.sleep(0)
            with pytest.raises(TooManyRequests, match=r"Bodies of other requests.*Try again in 2"):
                async with budget.held(1):
                    raise AssertionError("there was room")
            with pytest.raises(TooManyRequests):
                await waiting
        assert budget.used == 0
        async with budget.held(5):
            assert budget.used == 5

    run(work())


def test_a_hold_grows_only_into_free_room_and_alone_as_it_likes() -> None:
    async def work() -> None:
        budget = Budget(10, 10, 60, "Bodies")
        async with budget.held(4) as first:
            first.grow(9)
            async with budget.held(1):
                with pytest.raises(TooManyRequests):
                    first.grow(10)
            first.grow(100)
            assert budget.used == 100
            first.grow(50)  # never shrinks
            assert budget.used == 100
        assert budget.used == 0

    run(work())


def test_a_smaller_reply_than_thought_lets_others_in() -> None:
    async def work() -> None:
        budget = Budget(10, 10, 60, "Replies")
        async with budget.held(10) as hold:
            other = asyncio.create_task(budget.held(3).__aenter__())
            await asyncio.sleep(0)
            assert not other.done()
            hold.resize(7)
            await other
            assert budget.used == 10

    run(work())


def test_between_two_turns_the_loop_looks_at_everything_else() -> None:
    async def work() -> None:
        turns, seen = Turns(), []

        async def worker(number: int) -> None:
            await turns.take()
            seen.append("turn")

        async def ticker() -> None:
            while seen.count("turn") < 20:
                seen.append("tick")
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(worker(n)) for n in range(20)]
        await asyncio.gather(*tasks, ticker())
        assert seen.count("turn") == 20
        assert " ".join(seen).count("turn turn") <= 1  # not one behind the other
        await turns.take()  # and whoever comes alone doesn't wait

    run(work())


def test_a_turn_that_was_given_up_goes_to_the_next() -> None:
    async def work() -> None:
        turns, done = Turns(), []

        async def worker(number: int) -> None:
            await turns.take()
            done.append(number)

        tasks = [asyncio.create_task(worker(n)) for n in range(6)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert done == [0, 1, 3, 4, 5]

    run(work())


def test_a_deadline_gives_up_what_is_awaited_and_nothing_else() -> None:
    async def work() -> None:
        with pytest.raises(asyncio.TimeoutError), Deadline(0.01):
            await asyncio.sleep(60)
        with Deadline(60), pytest.raises(asyncio.TimeoutError), Deadline(0.01):
            await asyncio.sleep(60)
        await asyncio.sleep(0)  # nothing of it is left
        with pytest.raises(asyncio.TimeoutError), Deadline(0.01), Deadline(60):
            await asyncio.sleep(60)
        with Deadline(None), Deadline(60):
            await asyncio.sleep(0)
        with pytest.raises(ValueError, match="own"), Deadline(60):
            raise ValueError("own")

        async def waiting() -> None:
            with Deadline(60):
                await asyncio.sleep(60)

        task = asyncio.create_task(waiting())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(work())


def test_deadlines_with_one_timer_are_each_their_own() -> None:
    alike = Deadlines(0.05)

    async def waiting(before: float, seconds: float) -> float | None:
        """When it was given up; None where it was not."""
        await asyncio.sleep(before)
        started = time.monotonic()
        try:
            with alike.new():
                await asyncio.sleep(seconds)
        except asyncio.TimeoutError:
            return time.monotonic() - started
        return None

    async def work() -> None:
        asked = [(0.0, 60), (0.0, 0), (0.03, 60), (0.03, 0.001), (0.2, 60)]
        found = await asyncio.gather(*[waiting(*each) for each in asked])
        assert [each is None for each in found] == [False, True, False, True, False]
        assert all(each >= 0.04 for each in found if each is not None)

    for _ in range(2):  # another loop has another timer
        run(work())
