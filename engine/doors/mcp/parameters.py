"""What a call of a tool asks for: its argument, and the parameters of `_meta`. Knows both; not MCP.

Truth: the vendor's page on `_meta` parameters; callers also send numbers as texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.query_request import QueryRequest
from engine.core.schema import suggestion
from engine.core.values import shown
from engine.doors.rest.data import filters_of
from engine.errors import BadRequest, InvalidParameterValue

ARGUMENT = "query"
QUERY_TYPES = ("ANN", "HYBRID")
RESULTS = 5  # rows where num_results is not given
# What MCP and its tracing put into `_meta` themselves; its other names have a slash.
_OF_THE_PROTOCOL = {"progressToken", "progress_token", "traceparent", "tracestate", "baggage"}


class Refused(BadRequest):
    """A call that can't be made: its address, its tool, its argument or a parameter is wrong."""


@dataclass(frozen=True)
class Search:
    """A call of a tool: what to ask the index for, and whether its rows show their scores."""

    request: QueryRequest
    include_score: bool


def search_of(
    name: str,
    columns: tuple[str, ...],
    arguments: Mapping[str, Any],
    meta: Mapping[str, Any],
    strict: bool = False,
) -> Search:
    """The search that a call stands for.

    Args:
        name: full name of the index. columns: those that are returned where none is named.
        strict: refuse an argument or a parameter that is not known, which is ignored else.

    Raises:
        Refused: names the argument or the parameter, what was given and what is expected.
    """
    if strict:
        check_known(arguments, meta, (ARGUMENT,), tuple(_READERS))
    given = {
        name: read(meta[name]) for name, read in _READERS.items() if meta.get(name) is not None
    }
    include_score = given.pop("include_score", False)
    asked: dict[str, Any] = {
        "columns": list(columns),
        "num_results": RESULTS,
        "query_type": QUERY_TYPES[0],
        **given,
    }
    return Search(QueryRequest(name, query_text=_text(arguments), **asked), include_score)


def _text(arguments: Mapping[str, Any]) -> str:
    text = arguments.get(ARGUMENT)
    if not isinstance(text, str):
        given = "it is missing" if text is None else f"it is {shown(text)}"
        raise Refused(f"Missing parameter value: {ARGUMENT} is the text to search for; {given}.")
    return text


def check_known(
    arguments: Mapping[str, Any],
    meta: Mapping[str, Any],
    takes: Sequence[str],
    meta_takes: Sequence[str],
) -> None:
    """Raises Refused for an argument, or a parameter of `_meta`, that a tool doesn't take."""
    own = [name for name in meta if name not in _OF_THE_PROTOCOL and "/" not in name]
    for kind, given, known in (
        ("argument", arguments, takes),
        ("_meta parameter", own, meta_takes),
    ):
        for name in given:
            if name not in known:
                raise Refused(
                    f"The tool takes no {kind} {name!r}.{suggestion(name, known)} It takes "
                    f"{', '.join(known) or 'none'}. (This workspace is strict about fields.)"
                )


def _refused(name: str, value: object, expected: str) -> Refused:
    return Refused(f"_meta.{name} is {shown(value)}; expected {expected}.")


def _names(name: str) -> Callable[[object], list[str]]:
    def read(value: object) -> list[str]:
        found = [part.strip() for part in value.split(",")] if isinstance(value, str) else []
        if not found or not all(found):
            raise _refused(name, value, 'names of columns with commas between, such as "id,text"')
        return found

    return read


def _filters(value: object) -> object:
    try:
        return filters_of(value if isinstance(value, str) else shown(value))
    except InvalidParameterValue:
        expected = "the JSON text of an object such as '{\"price <\": 50}', or of a list of them"
        raise _refused("filters", value, expected) from None


def _include_score(value: object) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise _refused("include_score", value, '"true" or "false"')
    return text == "true"


def _number(name: str, kind: type[int] | type[float]) -> Callable[[object], float]:
    def read(value: object) -> float:
        if isinstance(value, (str, kind)) and not isinstance(value, bool):
            try:
                return kind(value)
            except (ValueError, OverflowError):
                pass
        elif kind is float and isinstance(value, int) and not isinstance(value, bool):
            return value
        raise _refused(name, value, "a whole number" if kind is int else "a number")

    return read


def _query_type(value: object) -> str:
    if not isinstance(value, str) or value.upper() not in QUERY_TYPES:
        raise _refused("query_type", value, " or ".join(QUERY_TYPES))
    return value.upper()


_READERS: dict[str, Callable[[object], Any]] = {
    "columns": _names("columns"),
    "columns_to_rerank": _names("columns_to_rerank"),
    "filters": _filters,
    "include_score": _include_score,
    "num_results": _number("num_results", int),
    "query_type": _query_type,
    "score_threshold": _number("score_threshold", float),
}
