"""A call is tried again for transient errors only, as often and as late as asked."""

from __future__ import annotations

import pytest
from support.sleeps import replace_sleep

from engine.doors.client import retries
from engine.doors.client.retries import is_transient, wait_before, with_retries
from engine.errors import (
    BadRequest,
    InvalidState,
    NotFound,
    StorageFailed,
    VitrineError,
    WrittenTooFast,
)

BUSY = WrittenTooFast("Index a.b.c changes too fast. Try again.")


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, failures: int, error: VitrineError = BUSY) -> None:
        self.failures, self.error, self.calls = failures, error, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "reply"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were asked for, in seconds; none is made."""
    made: list[float] = []
    replace_sleep(monkeypatch, made.append)
    monkeypatch.setattr(retries.random, "random", lambda: 0.5)
    return made


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (BUSY, True),
        (StorageFailed("not read"), True),
        (InvalidState("Endpoint e still has indexes."), False),
        (NotFound("no index"), False),
        (BadRequest("Index a.b.c is being written faster than it can be opened here."), False),
    ],
)
def test_which_errors_are_transient(error: VitrineError, transient: bool) -> None:
    assert is_transient(error) is transient


def test_each_wait_is_twice_the_last_with_its_jitter(waits: list[float]) -> None:
    call = Flaky(3)
    assert with_retries(call, 3, backoff_factor=2, backoff_jitter=0.5) == "reply"
    assert waits == [2 * 1.25, 4 * 1.25, 8 * 1.25]
    assert call.calls == 4


def test_the_last_error_is_raised_when_the_retries_are_used_up(waits: list[float]) -> None:
    call = Flaky(3, StorageFailed("not read"))
    with pytest.raises(StorageFailed):
        with_retries(call, 2)
    assert (call.calls, len(waits)) == (3, 2)


@pytest.mark.parametrize("total_retries", [0, -1])
def test_no_retries_is_one_try(waits: list[float], total_retries: int) -> None:
    call = Flaky(1)
    with pytest.raises(InvalidState):
        with_retries(call, total_retries)
    assert (call.calls, waits) == (1, [])


def test_an_error_that_stays_is_raised_at_once(waits: list[float]) -> None:
    call = Flaky(1, NotFound("no index"))
    with pytest.raises(NotFound):
        with_retries(call, 5)
    assert (call.calls, waits) == (1, [])


def test_an_answer_needs_no_wait(waits: list[float]) -> None:
    assert with_retries(Flaky(0)) == "reply"
    assert waits == []


@pytest.mark.parametrize("factor", [0, -1, 1e300])
def test_a_wait_is_never_negative_or_endless(factor: float) -> None:
    assert all(0 <= wait_before(n, factor, 0.2, 1.0) <= 120 for n in (0, 5, 5000))
