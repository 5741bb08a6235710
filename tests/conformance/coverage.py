"""Coverage: which names and arguments of the cloud's Python clients are here, and how.

Read from the installed packages, as moto counts the calls of its cloud: the mirrored classes are
compared by their signatures, and what databricks-sdk sends is given to the routes, which take it or
refuse it. Nothing is carried out: what a call does is shown by the tests of its room.

`PYTHONPATH=tests python -m conformance.coverage` writes it to `COVERAGE.md`.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import typing
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from unittest import mock

from support.needs import needs

needs("sdk", "clients")

from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service.vectorsearch import VectorSearchEndpointsAPI, VectorSearchIndexesAPI

import engine
from engine.doors import client as mirror
from engine.doors.rest import ROUTES
from engine.doors.rest.fields import read_body, read_query
from engine.doors.rest.routing import Route, find_route
from engine.doors.sdk import ApiClient
from engine.errors import VitrineError

FILE = Path(__file__).with_name("COVERAGE.md")
PACKAGES = ("databricks.ai_search", "databricks.vector_search")  # the second has older names too
INTERNAL = ("utils", "async_utils", "version")  # their modules that callers have no use for
MADE_BY_CLIENT = ("AISearchIndex", "AsyncAISearchIndex")  # nobody calls their constructors
SERVICES = (VectorSearchEndpointsAPI, VectorSearchIndexesAPI)
# What the service asks for, though databricks-sdk lets it be left out.
ALSO_ASKED = {
    "query_next_page": ("page_token",),
    "create": ("name", "catalog_name", "schema_name"),  # of a registered model
}
# Calls of databricks-sdk that make others, and send nothing of their own.
MADE_OF = {
    "create_endpoint_and_wait": "create_endpoint, then get_endpoint",
    "wait_get_endpoint_vector_search_endpoint_online": "get_endpoint",
}
# Arguments whose effect exists only in the cloud: taken, and nothing here depends on them.
INERT = {
    "azure_tenant_id": "names the directory that signs tokens; no token is needed",
    "azure_login_id": "names the application that signs tokens; no token is needed",
    "credential_strategy": "chooses where a token comes from; no token is needed",
    "oauth_scopes": "limits a token; no token is needed",
    "payload_logging_enabled": "kept, checked and shown; requests are logged nowhere",
}
OURS_ALONE = {("AISearchClient", "__init__", "workspace"): "the workspace that is opened"}
SAME, EMPTY = "same", inspect.Parameter.empty


@dataclass(frozen=True)
class Line:
    """How one thing of theirs is here.

    Attributes:
        owner: a class. method, argument: of it; empty for the class or the method itself.
        here: SAME, or how it differs.
        reason: why it is meant to differ, or to have no effect; empty where neither is.
        route: of a call of databricks-sdk.
    """

    owner: str
    method: str
    argument: str
    here: str
    reason: str = ""
    route: str = ""

    @property
    def is_wrong(self) -> bool:
        return self.here != SAME and not self.reason


# ------------------------------------------------------------------ the client packages
def names_of(package: str) -> dict[str, Any]:
    """The classes and numbers that a package offers, by name."""
    found: dict[str, Any] = {}
    with warnings.catch_warnings():  # the old package is deprecated, and says so
        warnings.simplefilter("ignore")
        home = importlib.import_module(package)
        parts = [part.name for part in pkgutil.iter_modules(home.__path__)]
        modules = [importlib.import_module(f"{package}.{n}") for n in parts if n not in INTERNAL]
    for name, member in itertools.chain(*(vars(module).items() for module in modules)):
        home_name = getattr(member, "__module__", "")
        is_theirs = home_name.startswith(PACKAGES) and not home_name.endswith(INTERNAL)
        is_number = name.isupper() and isinstance(member, int)
        if not name.startswith("_") and (is_number or (inspect.isclass(member) and is_theirs)):
            found[name] = member
    return dict(sorted(found.items()))


def ours(name: str) -> Any:
    """What `engine` or its mirrored client has under a name; None for nothing."""
    parts = [part.name for part in pkgutil.iter_modules(mirror.__path__)]
    places = [engine, *(importlib.import_module(f"{mirror.__name__}.{part}") for part in parts)]
    return next((getattr(place, name) for place in places if hasattr(place, name)), None)


def of_name(name: str, theirs: Any, own: Any) -> Iterator[Line]:
    """A name of their packages; a class with all that it has, another name of one by itself."""
    if own is None:
        yield Line(name, "", "", "missing")
    elif not inspect.isclass(theirs):
        yield Line(name, "", "", SAME if own == theirs else f"{own}; theirs {theirs}")
    elif name != theirs.__name__:
        yield Line(name, "", "", SAME if own is ours(theirs.__name__) else "another class")
    elif issubclass(theirs, Exception):
        yield from _of_error(theirs, own)
    else:
        yield Line(name, "", "", SAME)
        for method in sorted(_methods(theirs) | _methods(own)):
            a, b = getattr(theirs, method, None), getattr(own, method, None)
            yield from _of_method((name, method), a, b)


def _of_error(theirs: type[Exception], own: type[Exception]) -> Iterator[Line]:
    """What handlers read of an error: of which classes it is one, and its attributes."""
    bases = [base.__name__ for base in theirs.__mro__ if base.__module__.startswith(PACKAGES)]
    lacking = [base for base in bases if ours(base) is None or not issubclass(own, ours(base))]
    here = f"it is no {', '.join(lacking)}" if lacking else SAME
    yield Line(theirs.__name__, "", "", here)
    made = own("text")
    for name in vars(theirs("text")):
        yield Line(theirs.__name__, "", name, SAME if hasattr(made, name) else "missing")


def _methods(owner: type) -> set[str]:
    """Names of the public methods; the constructor where callers use it."""
    names = {name for name in dir(owner) if not name.startswith("_")}
    if owner.__name__ not in MADE_BY_CLIENT:
        names.add("__init__")
    return {name for name in names if inspect.isfunction(getattr(owner, name))}


def _of_method(place: tuple[str, str], theirs: Any, own: Any) -> Iterator[Line]:
    if theirs is None or own is None:
        yield Line(*place, "", "missing" if own is None else "not theirs")
        return
    awaited = inspect.iscoroutinefunction(theirs) == inspect.iscoroutinefunction(own)
    yield Line(*place, "", SAME if awaited else "awaited in one of them only")
    a, b = _arguments(theirs), _arguments(own)
    shared = [[name for name in one if name in other] for one, other in ((a, b), (b, a))]
    moved = {name for name, other in zip(*shared) if name != other}
    for name in dict.fromkeys([*a, *b]):
        if name not in b:
            here = "missing"
        elif name not in a:
            here = "not theirs"
        elif name in moved and a[name].kind is not inspect.Parameter.KEYWORD_ONLY:
            here = "in another place"
        elif (a[name].kind, a[name].default) != (b[name].kind, b[name].default):
            here = f"{b[name]} ({b[name].kind.description}); theirs {a[name]}"
        else:
            here = SAME
        alone = OURS_ALONE.get((*place, name), "") if name not in a else ""
        inert = INERT.get(name, "") if here == SAME else ""
        yield Line(*place, name, here, f"ours alone: {alone}" if alone else inert)


def _arguments(method: Any) -> dict[str, inspect.Parameter]:
    """Arguments by name, without `self`, private ones and what they are annotated with."""
    found = list(inspect.signature(method).parameters.values())[1:]
    plain = [one.replace(annotation=EMPTY) for one in found]
    return {one.name: one for one in plain if not one.name.startswith("_")}


# ------------------------------------------------------------------ databricks-sdk and the routes
def of_service(service: type, routes: Sequence[Route]) -> Iterator[Line]:
    """Each call of a service and each of its arguments: whether a route takes what is sent."""
    for name in sorted(_methods(service) - {"__init__"}):
        if name in MADE_OF:
            yield Line(service.__name__, name, "", SAME, f"by {MADE_OF[name]}")
            continue
        if name.startswith("wait_") or name.endswith("_and_wait"):
            continue  # of other calls too, which stand for it
        method = getattr(service, name)
        hints = typing.get_type_hints(method)
        arguments = _arguments(method)
        values = {argument: sample(hints[argument]) for argument in arguments}
        asked = ALSO_ASKED.get(name, ())
        least = {n: values[n] for n in values if arguments[n].default is EMPTY or n in asked}
        refused, route, _ = taken(service, name, least, routes)
        yield Line(service.__name__, name, "", refused or SAME, route=route)
        for argument, value in values.items():
            refused, _, read = taken(service, name, {**least, argument: value}, routes)
            unread = set(_leaves(value)) - _as_sent(read)
            here = refused or (f"not read: {sorted(map(str, unread))}" if unread else SAME)
            yield Line(service.__name__, name, argument, here)


def taken(
    service: type, name: str, arguments: Mapping[str, Any], routes: Sequence[Route]
) -> tuple[str, str, object]:
    """Why no route takes a call, or an empty text; its route; and what that reads of it."""
    sent: list[Any] = []

    def handle(_: object, *request: Any) -> tuple[int, dict[str, Any]]:
        sent.append(request)
        return 200, {"name": "made", "id": "made"}

    with mock.patch("engine.doors.sdk.handle", handle):
        client: Any = ApiClient(mock.sentinel.workspace)
        answer = getattr(service(client), name)(**arguments)
        if inspect.isgenerator(answer):
            list(answer)
    method, path, query, body = sent[0]
    try:
        route, parts = find_route(routes, method, path)
        read = [parts, read_query(query, route.query, True), read_body(body, route.body, True)]
    except VitrineError as error:
        return error.message, "", None
    return "", f"{route.method} {route.template}", read


_numbers = itertools.count(1000)


def sample(hint: Any) -> Any:
    """A value of a type that no other sample has, where the type has so many."""
    inner = [one for one in typing.get_args(hint) if one is not type(None)]
    if typing.get_origin(hint) is list:
        return [sample(inner[0])]
    if typing.get_origin(hint) is dict:
        return {sample(inner[0]): sample(inner[1])}
    if inner:
        return sample(inner[0])
    if is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return hint(**{field.name: sample(hints[field.name]) for field in fields(hint)})
    if issubclass(hint, Enum):
        return next(iter(hint))
    number = next(_numbers)
    if hint is FieldMask:
        return FieldMask([f"text{number}"])
    return {str: f"text{number}", int: number, float: number / 8, bool: True}[hint]


def _as_sent(read: object) -> set[Any]:
    """Texts and numbers that were read; a number of a path is read as its text."""
    found = set(_leaves(read))
    return found | {int(one) for one in found if isinstance(one, str) and one.isdigit()}


def _leaves(value: Any) -> Iterator[Any]:
    """Texts and numbers in a value, as they are sent."""
    if isinstance(value, Mapping):
        value = list(value.values())
    elif is_dataclass(value):
        value = list(value.as_dict().values())
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield value.value if isinstance(value, Enum) else value


# ------------------------------------------------------------------ the table
def table() -> list[Line]:
    """Every line, class by class."""
    offered = {name: theirs for package in PACKAGES for name, theirs in names_of(package).items()}
    lines = [line for name, theirs in offered.items() for line in of_name(name, theirs, ours(name))]
    return [*lines, *(line for service in SERVICES for line in of_service(service, ROUTES))]


_ABOVE = """# Coverage of the cloud's Python clients

Written by `PYTHONPATH=tests python -m conformance.coverage` from the installed packages: names, arguments,
their places and defaults are compared, and what databricks-sdk sends is read by its route. A last column that
is empty says: the same. *Inert* is what is taken, and has an effect only in the cloud. Constructors of index
classes are not compared: the client makes these. What behaves in another way is in
[DIFFERENCES.md](DIFFERENCES.md).
"""  # noqa: E501


def written(lines: Sequence[Line]) -> str:
    """The table as Markdown: a row for each method, with all its arguments."""
    methods = {(line.owner, line.method) for line in lines if line.method}
    arguments = [line for line in lines if line.method and line.argument]
    wrong = [line for line in lines if line.is_wrong]
    out = [
        _ABOVE,
        f"{len(methods)} methods with {len(arguments)} arguments; {len(wrong)} lines differ "
        "without a reason.",
    ]
    for owner, of_owner in itertools.groupby(lines, key=lambda line: line.owner):
        rows = [list(row) for _, row in itertools.groupby(of_owner, key=lambda line: line.method)]
        out += ["", f"## {owner}", ""]
        if len(rows) == len(rows[0]) == 1:
            out.append(_otherwise(rows[0][0]))
            continue
        out += ["| name | arguments or attributes | otherwise |", "| --- | --- | --- |"]
        out += [_row(row) for row in rows if row[0].method or len(row) > 1]
    return "\n".join(out) + "\n"


def _row(lines: Sequence[Line]) -> str:
    name = f"{lines[0].method or lines[0].owner} {f'({lines[0].route})' if lines[0].route else ''}"
    arguments = ", ".join(f"`{line.argument}`" for line in lines if line.argument)
    other = [
        f"{f'`{line.argument}`: ' if line.argument else ''}{_otherwise(line)}"
        for line in lines
        if line.reason or line.here != SAME
    ]
    return f"| {name.strip()} | {arguments} | {'; '.join(other)} |"


def _otherwise(line: Line) -> str:
    inert = "inert, " if line.argument in INERT else ""
    return f"{inert}{line.reason}" if line.reason else line.here


if __name__ == "__main__":
    from conformance import beside_search

    beside = beside_search.written(beside_search.table())
    FILE.write_text(f"{written(table())}\n{beside}", encoding="utf-8")
