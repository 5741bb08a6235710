"""The faults of one cloud: the rules, and the record of its calls. Thread-safe; knows no transport."""

from __future__ import annotations

import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from engine.doors.faults.calls import Call, Calls
from engine.doors.faults.kinds import (
    BrokenConnection,
    Delay,
    Fault,
    PartialUpsert,
    Refusal,
    ShortLogin,
    is_number,
)
from engine.doors.faults.operations import check_target, is_meant, is_route
from engine.errors import InvalidInputException

_KEPT_CALLS = 10_000  # older ones are forgotten
_EXPIRED = Refusal(401)
UPSERTS = "upsert_data*"
_UPSERTS = ("upsert_data_vector_index", "upsert_data")


class UnusedFault(UserWarning):
    """A fault was asked for, and no call met it."""


@dataclass(eq=False)
class Rule:
    """Which calls meet a fault.

    Attributes:
        operation: an operation's name or a route; see `operations.check_target`.
        times: how many calls meet it, None for all. after: how many pass before.
        used: how many met it. passed: how many passed.
    """

    operation: str
    fault: Fault
    times: int | None = 1
    after: int = 0
    used: int = 0
    passed: int = 0

    def meets(self, call: Call) -> bool:
        """Whether a call meets the fault; counts it."""
        if self.times is not None and self.used >= self.times:
            return False
        if not is_meant(self.operation, call.operation, call.method, call.path):
            return False
        if self.passed < self.after:
            self.passed += 1
            return False
        self.used += 1
        return True

    def __str__(self) -> str:
        times = "always" if self.times is None else f"{self.times} times"
        after = f", after {self.after} calls" if self.after else ""
        return f"{self.operation}: {self.fault}, {times}{after}; {self.used} met it"

    __repr__ = __str__

    def as_dict(self) -> dict[str, Any]:
        """The rule as JSON."""
        names = ("operation", "times", "after", "used")
        return {**{name: getattr(self, name) for name in names}, "fault": str(self.fault)}


class Faults:
    """Faults on request, each for the next calls of an operation, in the order in which they were asked
    for; and every call that came.

        vitrine.faults.fail("query_index", times=2, status=429, retry_after=1)

    An operation is named as in the API ("query_index", "invocations", "files_upload", "login_token"), by
    a pattern ("upsert_data*", "*"), or by its route ("POST /api/2.0/vector-search/*/query"). `times` is
    how many calls meet the fault, None for all; `after` how many pass before. A call meets one fault: of
    the first rule that has some left. Nothing is random.

    Attributes:
        wait_scale: share of their waits that clients inside a mock really wait, before they try again or
            for a slow answer; `call.waited` has the whole. Clients over HTTP wait by themselves.
    """

    def __init__(self) -> None:
        self.wait_scale = 1.0
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self._began = time.monotonic()
        self._short: dict[str, float] = {}  # access tokens, and when they are no good any more
        self._closed = threading.Event()
        self._at_close: set[Callable[[], object]] = set()

    # ------------------------------------------------------------------ what is asked for
    def fail(
        self,
        operation: str,
        times: int | None = 1,
        status: int = 503,
        retry_after: int | None = None,
        code: str | None = None,
        message: str | None = None,
        after: int = 0,
    ) -> Rule:
        """Answer calls with an error in the API's form, and don't carry them out.

        Args:
            status: 429, 503, 500 or any other from 400 to 599.
            retry_after: whole seconds, for the header Retry-After; None for no header.
            code, message: of the body, else what goes with the status.

        Raises:
            InvalidInputException: a name, a number or a status that means nothing; so do the others.
        """
        return self._add(operation, Refusal(status, retry_after, code, message), times, after)

    def slow(self, operation: str, seconds: float, times: int | None = 1, after: int = 0) -> Rule:
        """Carry calls out so many seconds later; whoever gives up, or the end of the test, ends it."""
        return self._add(operation, Delay(seconds), times, after)

    def reset(
        self, operation: str, times: int | None = 1, mid_answer: bool = False, after: int = 0
    ) -> Rule:
        """Break the connection.

        Args:
            mid_answer: carry the call out and close in the middle of its answer; else the call is not
                carried out, and the connection is reset.
        """
        return self._add(operation, BrokenConnection(mid_answer), times, after)

    def expire_token(
        self,
        operation: str = "*",
        times: int | None = 1,
        status: int = 401,
        lifetime: float | None = None,
        after: int = 0,
    ) -> Rule:
        """Refuse the token of calls, as one that has expired.

        Args:
            status: 401, or 403 as for a personal access token that was revoked.
            lifetime: instead, grant access tokens that are good for so many seconds, as the answer of
                `login_token` says; older ones are refused. Clients ask for a new one before that.
        """
        if lifetime is not None:
            if operation not in ("*", "login_token"):
                raise InvalidInputException(
                    f"the operation is {operation!r:.80}, and a token's lifetime is for all; leave one "
                    "of them out."
                )
            return self._add("login_token", ShortLogin(lifetime), times, after)
        if status not in (401, 403):
            raise InvalidInputException(f"status is {status!r:.80}; expected 401 or 403.")
        return self._add(operation, Refusal(status), times, after)

    def partial_upsert(
        self,
        keys: Iterable[object] | None = None,
        share: float | None = None,
        times: int | None = 1,
        seed: int | None = None,
        after: int = 0,
        operation: str = UPSERTS,
    ) -> Rule:
        """Don't write some rows of upserts, and say so: PARTIAL_SUCCESS, or FAILURE where none is left.

        Args:
            keys: primary keys of the rows that fail.
            share: instead, the share of each call's rows that fails, more than 0 and up to 1: spread
                evenly, or chosen at random by `seed`.
            operation: a route, to say which index.
        """
        target = check_target(operation)
        if not is_route(target) and not any(fnmatchcase(name, target) for name in _UPSERTS):
            raise InvalidInputException(
                f"{target!r:.80} writes no rows; leave the operation out, or name a route."
            )
        if isinstance(keys, (str, bytes)):
            raise InvalidInputException(f"keys is {keys!r:.80}; expected a list of keys.")
        texts = None if keys is None else frozenset(map(str, keys))
        return self._add(operation, PartialUpsert(texts, share, seed), times, after)

    def _add(self, operation: str, fault: Fault, times: int | None, after: int) -> Rule:
        if times is not None and (type(times) is not int or times < 1):
            raise InvalidInputException(f"times is {times!r:.80}; expected 1 or more, or None.")
        if type(after) is not int or after < 0:
            raise InvalidInputException(f"after is {after!r:.80}; expected 0 or more calls.")
        rule = Rule(check_target(operation), fault, times, after)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules; what has begun goes on."""
        with self._lock:
            self._rules.clear()

    # ------------------------------------------------------------------ what came of it
    @property
    def rules(self) -> list[Rule]:
        """All rules, in order, with how many calls met each."""
        with self._lock:
            return list(self._rules)

    @property
    def unused(self) -> list[Rule]:
        """Rules that no call has met."""
        return [rule for rule in self.rules if not rule.used]

    @property
    def calls(self) -> Calls:
        """The calls that came so far, in order; at most the last 10,000."""
        with self._lock:
            return Calls(self._calls)

    def forget_calls(self) -> None:
        """Begin the record anew."""
        with self._lock:
            self._calls.clear()
            self._began = time.monotonic()

    def __repr__(self) -> str:
        return "\n".join(["faults:", *map(str, self.rules)]) if self.rules else "no faults"

    # ------------------------------------------------------------------ for transports
    def begin(self, call: Call) -> Call:
        """Record a call that has come."""
        with self._lock:
            call.at = time.monotonic() - self._began
            self._calls.append(call)
        return call

    def finish(self, call: Call, status: int | None) -> None:
        """Note how a call ended."""
        call.status = status
        call.seconds = time.monotonic() - self._began - call.at

    def take(self, call: Call, token: str = "") -> Fault | None:
        """The fault that a call meets, if any; it is noted in the call.

        Args:
            token: the access token that it brings.
        """
        if self._closed.is_set():
            return None
        with self._lock:
            fault: Fault | None = None
            if self._short.get(token, float("inf")) <= time.monotonic():
                fault = _EXPIRED
            else:
                fault = next((rule.fault for rule in self._rules if rule.meets(call)), None)
        if fault is not None:
            call.fault = str(fault)
        return fault

    def note_short(self, token: str, seconds: float) -> None:
        """Refuse an access token from so many seconds on."""
        with self._lock:
            self._short[token] = time.monotonic() + seconds

    def wait(self, seconds: float) -> None:
        """Wait, scaled, or until the faults are closed."""
        self._closed.wait(self.scaled(seconds))

    def scaled(self, seconds: float) -> float:
        """The seconds that a client inside a mock really waits."""
        if not is_number(self.wait_scale) or self.wait_scale < 0:
            raise InvalidInputException(
                f"wait_scale is {self.wait_scale!r:.80}; expected 0 or more."
            )
        return seconds * self.wait_scale

    def when_closed(self, action: Callable[[], object]) -> Callable[[], None]:
        """Do something when the faults are closed, at once if they are; returns what forgets it."""
        with self._lock:
            self._at_close.add(action)
            is_closed = self._closed.is_set()
        if is_closed:
            action()
        return lambda: self._at_close.discard(action)

    @property
    def is_closed(self) -> bool:
        """Whether the cloud whose faults these are has ended."""
        return self._closed.is_set()

    def close(self) -> None:
        """End slow answers and let every later call pass."""
        self._closed.set()
        with self._lock:
            actions, self._at_close = self._at_close, set()
        for action in actions:
            action()

    def tell_unused(self) -> None:
        """Say which rules no call has met, as a warning `UnusedFault`: a test that shows nothing."""
        if self.unused:
            told = "; ".join(map(str, self.unused))
            warnings.warn(UnusedFault(f"no call met these faults: {told}"), stacklevel=3)
