"""One call of an in-process client, try by try. Knows what a call meets; not how clients wait.

The steps are a generator, so that a client that blocks and one that is awaited go through the same:
`carried_out` and `carried_out_async` take them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from engine.doors.faults.calls import Call
from engine.doors.faults.faults import Faults
from engine.doors.faults.kinds import BrokenConnection, Delay, Fault, PartialUpsert
from engine.errors import InvalidState, VitrineError


@dataclass(frozen=True)
class Asked:
    """What a client asks for.

    Attributes:
        operation, method, path, query, content: as of `Call`.
        total_retries, backoff_factor: as the caller gave them. waited: seconds before the first try.
    """

    operation: str
    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    content: bytes = b""
    total_retries: int = 3
    backoff_factor: float = 1.0
    waited: float = 0.0


class Client(Protocol):
    """How a client takes faults."""

    def wait_after(self, attempt: int, fault: Fault, asked: Asked) -> float | None:
        """Seconds until it tries again; None where it doesn't. `attempt` is 0 after the first try."""

    def error(self, fault: Fault, asked: Asked) -> Exception:
        """What it raises in the end."""


@dataclass(frozen=True)
class Wait:
    """A step: wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class CarryOut:
    """A step: carry the call out, and send its reply back; without some rows where a fault says so."""

    fault: PartialUpsert | None = None


class Answer(NamedTuple):
    """What came of carrying a call out."""

    status: int
    reply: Any


Steps = Generator[Wait | CarryOut, Any, Answer]


def steps(faults: Faults, asked: Asked, client: Client) -> Steps:
    """The steps of a call; it returns the answer.

    Raises:
        Exception: the client's own, where it gives up. VitrineError: of the call, which is carried out.
        InvalidState: the client is of a mock that has ended.
    """
    if faults.is_closed:
        raise InvalidState(
            f"{asked.operation}: this client was made inside a mock of vitrine that has ended, and "
            "would work on what that had. Make it inside the one that it is used in; where the "
            "application keeps a client (in a global name, by lru_cache), let the test forget it."
        )
    attempt, waited = 0, asked.waited
    while True:
        call = Call(asked.operation, asked.method, asked.path, asked.query, asked.content)
        call.waited = waited
        fault = faults.take(faults.begin(call))
        if isinstance(fault, Delay):
            yield Wait(fault.seconds)
        is_broken = isinstance(fault, BrokenConnection)
        if fault is None or isinstance(fault, (Delay, PartialUpsert)):
            return (yield from _answered(faults, call, fault))
        if isinstance(fault, BrokenConnection) and fault.mid_answer:
            yield from _answered(faults, call, fault)
        faults.finish(call, None if is_broken else getattr(fault, "status", None))
        wait = client.wait_after(attempt, fault, asked)
        if wait is None:
            raise client.error(fault, asked)
        attempt, waited = attempt + 1, wait
        yield Wait(wait)


def _answered(faults: Faults, call: Call, fault: Fault | None) -> Steps:
    try:
        answer: Answer = yield CarryOut(fault if isinstance(fault, PartialUpsert) else None)
    except VitrineError as error:
        faults.finish(call, error.status_code)
        raise
    faults.finish(call, answer.status)
    return answer


def carried_out(
    faults: Faults, taken: Steps, carry_out: Callable[[PartialUpsert | None], Answer]
) -> Answer:
    """The answer to a call whose steps block."""
    try:
        step = next(taken)
        while True:
            if isinstance(step, Wait):
                faults.wait(step.seconds)
                step = next(taken)
                continue
            try:
                reply = carry_out(step.fault)
            except VitrineError as error:
                step = taken.throw(error)
            else:
                step = taken.send(reply)
    except StopIteration as end:
        found: Answer = end.value
        return found


async def carried_out_async(
    faults: Faults, taken: Steps, carry_out: Callable[[PartialUpsert | None], Awaitable[Answer]]
) -> Answer:
    """The answer to a call whose steps are awaited."""
    try:
        step = next(taken)
        while True:
            if isinstance(step, Wait):
                await _pause(faults, step.seconds)
                step = next(taken)
                continue
            try:
                reply = await carry_out(step.fault)
            except VitrineError as error:
                step = taken.throw(error)
            else:
                step = taken.send(reply)
    except StopIteration as end:
        found: Answer = end.value
        return found


async def _pause(faults: Faults, seconds: float) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    forget = faults.when_closed(lambda: loop.call_soon_threadsafe(ended.set))
    closed = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait({closed}, timeout=faults.scaled(seconds))
    finally:
        forget()
        closed.cancel()
