"""One measured line: who, what, under which settings, and every value that was taken."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from engine.errors import InvalidParameterValue

Better = Literal["lower", "higher", "neither"]
Setting = str | int | float | bool | None
BETTER: tuple[Better, ...] = ("lower", "higher", "neither")


@dataclass(frozen=True)
class Floor:
    """What the machine itself takes for the least of the work, in the unit of the line.

    A time is never below it; a rate never above it. `of` says which work it is.
    """

    of: str
    value: float


@dataclass(frozen=True)
class Line:
    """A quantity of one contestant in one case.

    Attributes:
        case: the question: `ann`, `filtered`, `retrieval`, ...
        contestant: who was measured.
        what: the quantity: `latency`, `recall@10`, `build`, `memory`, ...
        unit: `ms`, `s`, `queries/s`, `MB`, `share`, ...
        values: all that was taken, in the order in which it was; never rounded.
        settings: what the line was measured under (rows, k, filter, ...). Two runs' lines are the same
            line where case, contestant, what and settings are equal.
        better: which way is good; `neither` where there is none.
        floor: the machine's own, or None where there is none to name.
        more: what explains a line and doesn't tell it apart (versions, targets, notes).
    """

    case: str
    contestant: str
    what: str
    unit: str
    values: tuple[float, ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    better: Better = "lower"
    floor: Floor | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.values:
            raise InvalidParameterValue(f"{self.key}: a line has at least one value")
        if self.better not in BETTER:
            raise InvalidParameterValue(f"better={self.better!r}; expected one of {list(BETTER)}")

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it apart from other lines of a run, and finds it in another run."""
        return (self.case, self.contestant, self.what, *sorted(self.settings.items()))

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def floors(self) -> float | None:
        """The median as a multiple of the machine's floor: 1 is as good as the machine allows."""
        if self.floor is None or self.floor.value <= 0:
            return None
        return self.median / self.floor.value

    def document(self) -> dict[str, Any]:
        return {"kind": "line", **asdict(self), "values": list(self.values)}


@dataclass(frozen=True)
class LeftOut:
    """A contestant or a part that was not measured, and why: shown in the report, never dropped."""

    case: str
    contestant: str
    reason: str
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {"kind": "left_out", **asdict(self)}


Measured = Line | LeftOut
Record = Callable[[Measured], None]  # takes a line as soon as it is known


def one(value: float) -> tuple[float, ...]:
    """The values of a line that was measured once."""
    return (float(value),)


def many(values: Iterable[float]) -> tuple[float, ...]:
    """The values of a line that was measured so often."""
    return tuple(float(value) for value in values)
