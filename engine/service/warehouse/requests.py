"""What a statement of the API asks for, checked once. Knows the API's words; not how statements run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidParameterValue
from engine.service.sql.session import TypedText
from engine.service.warehouse.result_forms import FORMATS

DISPOSITIONS = ("INLINE", "EXTERNAL_LINKS", "INLINE_OR_EXTERNAL_LINKS")
AT_TIMEOUT = ("CONTINUE", "CANCEL")
_SECONDS = re.compile(r"(\d{1,3})s")


@dataclass(frozen=True)
class StatementRequest:
    """A statement as the API asks for it.

    Attributes:
        warehouse_id: any: there is one warehouse, and a program of the cloud names its own.
        session_id: of a session that was opened; without one, `catalog` and `schema` count.
        row_limit, byte_limit: of the result, which is cut and says so.
        wait_timeout: seconds to wait for the result; 0 to answer at once.
        on_wait_timeout: CONTINUE or CANCEL what isn't done then.
    """

    statement: str
    warehouse_id: str
    catalog: str | None = None
    schema: str | None = None
    session_id: str | None = None
    parameters: Sequence[Mapping[str, Any]] = ()
    row_limit: int | None = None
    byte_limit: int | None = None
    disposition: str = "INLINE"
    format: str = "JSON_ARRAY"
    wait_timeout: str = "10s"
    on_wait_timeout: str = "CONTINUE"

    def __post_init__(self) -> None:
        _one_of("disposition", self.disposition, DISPOSITIONS)
        _one_of("format", self.format, FORMATS)
        _one_of("on_wait_timeout", self.on_wait_timeout, AT_TIMEOUT)
        if self.disposition == "INLINE" and self.format != "JSON_ARRAY":
            raise InvalidParameterValue(
                f"The format {self.format} is supported only with the EXTERNAL_LINKS disposition."
            )
        for name in ("row_limit", "byte_limit"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidParameterValue(f"{name} is {value}; expected 1 or more.")
        _ = self.seconds, self.values

    @property
    def seconds(self) -> int:
        """How long to wait. Raises InvalidParameterValue."""
        found = _SECONDS.fullmatch(self.wait_timeout)
        seconds = int(found[1]) if found else -1
        if seconds != 0 and not 5 <= seconds <= 50:
            raise InvalidParameterValue(
                f"wait_timeout is {self.wait_timeout!r:.40}; expected 0s, or 5s to 50s."
            )
        return seconds

    @property
    def values(self) -> dict[str, TypedText]:
        """The parameters by name. Raises InvalidParameterValue for one without, or one twice."""
        out: dict[str, TypedText] = {}
        for one in self.parameters:
            name = one.get("name")
            if not name:
                raise InvalidParameterValue("A parameter has no name; expected named parameters.")
            if name in out:
                raise InvalidParameterValue(f"The parameter {name!r:.80} is given twice.")
            value = one.get("value")
            text = value if value is None or isinstance(value, str) else str(value)
            out[name] = TypedText(text, one.get("type"))
        return out


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise InvalidParameterValue(f"{name} is {value!r:.60}; expected {', '.join(known)}.")
