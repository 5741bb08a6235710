"""What can go wrong with a call: each kind of fault as a value. Knows statuses and bodies; no transport.

Truth: `REQUEST_LIMIT_EXCEEDED` and its text are the vendor's knowledge base's; other codes are those of
databricks-sdk's list of errors by status.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.doors.rest.routing import Json, error_body
from engine.errors import InvalidInputException

_BODIES = {
    400: ("BAD_REQUEST", "The request is not valid."),
    401: ("UNAUTHENTICATED", "The access token has expired; ask for a new one."),
    403: ("PERMISSION_DENIED", "Invalid access token."),
    404: ("RESOURCE_DOES_NOT_EXIST", "The resource does not exist."),
    409: ("RESOURCE_CONFLICT", "The resource is being changed."),
    429: (
        "REQUEST_LIMIT_EXCEEDED",
        "Your request was rejected since your organization has exceeded the rate limit. Please retry "
        "your request later.",
    ),
    500: ("INTERNAL_ERROR", "The request failed inside the service."),
    503: ("TEMPORARILY_UNAVAILABLE", "The service is temporarily unavailable. Please retry later."),
    504: ("DEADLINE_EXCEEDED", "The service did not answer in time."),
}
_DAY = 86_400  # seconds: the longest wait that is asked for; clocks take no number without bounds
_OTHER = ("UNKNOWN", "The request failed.")


@dataclass(frozen=True)
class Refusal:
    """The call is answered with an error, and not carried out.

    Attributes:
        status: 400 to 599.
        retry_after: whole seconds of the header Retry-After; None for no header. Clients take no
            fractions: one of them waits not at all then, another fails.
        code, message: of the body; None for those that go with the status.
    """

    status: int
    retry_after: int | None = None
    code: str | None = None
    message: str | None = None

    def __post_init__(self) -> None:
        if type(self.status) is not int or not 400 <= self.status <= 599:
            raise InvalidInputException(f"status is {self.status!r:.80}; expected 400 to 599.")
        if self.retry_after is not None and (
            type(self.retry_after) is not int or self.retry_after < 0
        ):
            raise InvalidInputException(
                f"retry_after is {self.retry_after!r:.80}; expected whole seconds, 0 or more."
            )
        for name, text in (("code", self.code), ("message", self.message)):
            if not isinstance(text, (str, type(None))):
                raise InvalidInputException(f"{name} is {text!r:.80}; expected a text.")

    @property
    def headers(self) -> dict[str, str]:
        """Of the answer."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def body(self, request_id: str | None = None) -> Json:
        """The error in the API's form."""
        code, message = _BODIES.get(self.status, _OTHER)
        return error_body(self.code or code, self.message or message, request_id=request_id)

    def __str__(self) -> str:
        return str(self.status)


@dataclass(frozen=True)
class Delay:
    """The call is carried out so many seconds later."""

    seconds: float

    def __post_init__(self) -> None:
        check_seconds("seconds", self.seconds)

    def __str__(self) -> str:
        return f"slow by {self.seconds:g} s"


@dataclass(frozen=True)
class BrokenConnection:
    """The connection is reset before the call is carried out, or closed in the middle of its answer."""

    mid_answer: bool = False

    def __post_init__(self) -> None:
        if type(self.mid_answer) is not bool:
            raise InvalidInputException(
                f"mid_answer is {self.mid_answer!r:.80}; expected true or false."
            )

    def __str__(self) -> str:
        return "closed mid-answer" if self.mid_answer else "reset"


@dataclass(frozen=True)
class ShortLogin:
    """An access token that is granted is good for so many seconds, as its answer says."""

    seconds: float

    def __post_init__(self) -> None:
        check_seconds("lifetime", self.seconds)

    def __str__(self) -> str:
        return f"token for {self.seconds:g} s"


@dataclass(frozen=True)
class PartialUpsert:
    """Some rows of an upsert are not written; the others are.

    Attributes:
        keys: primary keys of those that fail, as text; None where a share of them does.
        share: 0 to 1, of each call's rows; spread evenly, or chosen by `seed`.
    """

    keys: frozenset[str] | None = None
    share: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if (self.keys is None) == (self.share is None):
            raise InvalidInputException(
                "a partial upsert needs keys= or share=, and not both: which rows fail."
            )
        if self.share is not None and not (is_number(self.share) and 0 < self.share <= 1):
            raise InvalidInputException(
                f"share is {self.share!r:.80}; expected more than 0, up to 1."
            )
        if self.seed is not None and (type(self.seed) is not int or self.share is None):
            raise InvalidInputException(
                f"seed is {self.seed!r:.80}; expected a whole number, with share= alone."
            )

    def failing(self, rows: Sequence[Any], key: str) -> set[int]:
        """The places of the rows that fail."""
        if self.keys is not None:
            found = [str(row.get(key)) if isinstance(row, dict) else "" for row in rows]
            return {place for place, text in enumerate(found) if text in self.keys}
        assert self.share is not None
        if self.seed is not None:
            count = math.ceil(self.share * len(rows))
            return set(random.Random(self.seed).sample(range(len(rows)), count))
        share = self.share
        return {i for i in range(len(rows)) if math.ceil((i + 1) * share) > math.ceil(i * share)}

    def __str__(self) -> str:
        if self.keys is None:
            return f"{self.share:.0%} of rows fail"
        return f"rows fail: {', '.join(sorted(self.keys)):.80}"


Fault = Refusal | Delay | BrokenConnection | ShortLogin | PartialUpsert


def is_number(value: object) -> bool:
    """Whether it is a finite number, and no truth value."""
    return isinstance(value, (int, float)) and type(value) is not bool and math.isfinite(value)


def check_seconds(name: str, value: object) -> None:
    """Refuse what is no length of time.

    Raises:
        InvalidInputException: not a number from 0 to a day.
    """
    if not isinstance(value, (int, float)) or not is_number(value) or not 0 <= value <= _DAY:
        raise InvalidInputException(f"{name} is {value!r:.80}; expected seconds, 0 to {_DAY:,}.")
