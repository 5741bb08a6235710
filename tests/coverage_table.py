"""The coverage table: every call of the cloud's Python clients, what it does here, which test shows it.

Run it to write `tests/conformance/COVERAGE.md` again: `python tests/coverage_table.py`.

Calls and parameters are read from the installed packages. A test shows a parameter when it calls the
method with it, itself or by a helper; that is read from the tests' syntax, not by running them.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
FILE = TESTS / "conformance" / "COVERAGE.md"
if __name__ == "__main__":  # pytest's settings do both otherwise
    sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from calls_in_tests import Calls
from needs import needs

needs("sdk", "clients")

with warnings.catch_warnings():  # the old package's name is deprecated, and says so
    warnings.simplefilter("ignore")
    from databricks.ai_search.async_index import AsyncAISearchIndex as TheirAsyncIndex
    from databricks.ai_search.client import AISearchClient as TheirClient
    from databricks.ai_search.index import AISearchIndex as TheirIndex
    from databricks.ai_search.reranker import DatabricksReranker as TheirReranker
    from databricks.ai_search.reranker import (
        ExperimentalDatabricksFinetunedReranker as TheirFinetunedReranker,
    )
    from databricks.sdk.service.vectorsearch import (
        VectorSearchEndpointsAPI,
        VectorSearchIndexesAPI,
    )
    from databricks.vector_search import async_index as old_async_index
    from databricks.vector_search import client as old_client
    from databricks.vector_search import exceptions as old_exceptions
    from databricks.vector_search import index as old_index
    from databricks.vector_search import reranker as old_reranker

import engine
from engine.doors.client import client as local
from engine.doors.client import reranker as our_rerankers
from engine.doors.client.async_index import AsyncAISearchIndex
from engine.doors.client.index import AISearchIndex
from engine.doors.rest import ROUTES

# Test files of the mirrored client, and of the doors that have files of their own.
OTHER_DOORS = re.compile("test_(async|http|rest|sdk|serve|server).*")
OUR_TESTS = tuple(
    f"conformance/{path.name}"
    for path in sorted((TESTS / "conformance").glob("test_*.py"))
    if not OTHER_DOORS.fullmatch(path.name)
)
ASYNC = "conformance/test_async*.py"
NO_CLIENT = (
    "workspace",
    "made",
    "opened",
)  # what tests call a Workspace, which has such methods too

# Parameters whose effect exists only in the cloud: accepted, and nothing here depends on them.
INERT = {
    "azure_tenant_id": "names the directory that signs tokens; no token is needed",
    "azure_login_id": "names the application that signs tokens; no token is needed",
    "credential_strategy": "chooses where a token comes from; no token is needed",
    "oauth_scopes": "limits a token; no token is needed",
    "payload_logging_enabled": "kept, checked and shown; requests are logged nowhere",
}
MOST_INERT = 5

# Tests of what the syntax does not give away, by (class, method, parameter or "").
# Parameters of which there is nothing left to do here, by (method, parameter).
NOTHING_TO_DO = {
    ("similarity_search", "disable_notice"): "a query prints no notice",
}

_CREDENTIALS = "conformance/test_coverage.py::test_credentials_of_the_cloud_change_nothing"
SHOWN: dict[tuple[str, str, str], str] = {
    ("AISearchClient", "__init__", name): _CREDENTIALS
    for name in ("azure_tenant_id", "azure_login_id", "credential_strategy", "oauth_scopes")
}

# How the parameters of a call of databricks-sdk are named in the route's path.
IN_PATH = ("endpoint_name", "endpoint_id", "index_name", "name")
# Calls of databricks-sdk that make other calls: (the call, parameters that never leave the client).
MADE_OF = {
    "create_endpoint_and_wait": ("create_endpoint", {"timeout"}),
    "wait_get_endpoint_vector_search_endpoint_online": ("get_endpoint", {"timeout", "callback"}),
}
# Names that the old package's modules let through and that are no part of what it offers.
INTERNAL = {
    "OAuthTokenUtils", "RequestUtils", "AsyncRequestUtils", "UrlUtils", "authentication_warning",
    "get_model_serving_invoker_credentials", "is_in_model_serving_environment",
    "normalize_response_keys_to_snake_case", "CredentialStrategy",
}  # fmt: skip


HOMES = (engine, local, our_rerankers)


@dataclass(frozen=True)
class Surface:
    """One class of a package.

    Attributes:
        theirs: the class. ours: its mirror; None where the package's own class runs on our routes.
        files: patterns of the test files that call it. receiver: how tests name its object, or "".
        names: under which the class is called.
    """

    theirs: type
    ours: type | None
    files: tuple[str, ...]
    receiver: str = ""
    names: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.theirs.__module__}.{self.theirs.__name__}"

    def methods(self) -> Iterator[str]:
        """Public methods by name; the constructor where callers use it."""
        if self.names:
            yield "__init__"
        for name, member in sorted(vars(self.theirs).items()):
            if inspect.isfunction(member) and not name.startswith("_"):
                yield name


SURFACES = (
    Surface(
        TheirClient,
        local.AISearchClient,
        (*OUR_TESTS, ASYNC),
        names=("AISearchClient", "VectorSearchClient"),
    ),
    Surface(TheirIndex, AISearchIndex, OUR_TESTS),
    Surface(TheirAsyncIndex, AsyncAISearchIndex, (ASYNC,)),
    Surface(
        TheirReranker, our_rerankers.DatabricksReranker, OUR_TESTS, names=("DatabricksReranker",)
    ),
    Surface(
        TheirFinetunedReranker,
        our_rerankers.ExperimentalDatabricksFinetunedReranker,
        OUR_TESTS,
        names=("ExperimentalDatabricksFinetunedReranker",),
    ),
    Surface(
        VectorSearchEndpointsAPI, None, ("conformance/test_sdk.py",), "vector_search_endpoints"
    ),
    Surface(VectorSearchIndexesAPI, None, ("conformance/test_sdk.py",), "vector_search_indexes"),
)


@dataclass(frozen=True)
class Row:
    """A line of the table; `parameter` is empty for the method itself."""

    owner: str
    method: str
    parameter: str
    mark: str
    test: str


def parameters_of(theirs: type, method: str) -> list[str]:
    """Names of a method's parameters, without `self` and private ones."""
    names = list(inspect.signature(getattr(theirs, method)).parameters)[1:]
    return [name for name in names if not name.startswith("_")]


def mark_of(surface: Surface, method: str, parameter: str) -> str:
    """implemented, inert with the reason, missing, or unused: accepted, and then not looked at."""
    if surface.ours is not None:
        found = getattr(surface.ours, method, None)
        known = found is not None and (
            not parameter or parameter in inspect.signature(found).parameters
        )
        if known and parameter and not _is_used(found, parameter):
            reason = NOTHING_TO_DO.get((method, parameter))
            if reason is not None:
                return f"implemented: {reason}"
            if parameter not in INERT:
                return "unused"
    else:
        known = _in_a_route(surface, method, parameter)
    if not known:
        return "missing"
    return f"inert: {INERT[parameter]}" if parameter in INERT else "implemented"


def _is_used(function: Callable[..., object], parameter: str) -> bool:
    """Whether a function's body reads one of its parameters."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef))
    names = (node for part in tree.body for node in ast.walk(part) if isinstance(node, ast.Name))
    return any(name.id == parameter for name in names)


def _in_a_route(surface: Surface, method: str, parameter: str) -> bool:
    """Whether a route of this name reads the parameter that databricks-sdk sends to it."""
    method, own = MADE_OF.get(method, (method, set()))
    kind = "endpoint" if surface.receiver == "vector_search_endpoints" else "index"
    routes = [
        route for route in ROUTES if route.name == method and "ai-search" not in route.template
    ]
    if not routes or not parameter or parameter in own:
        return bool(routes)
    for route in routes:
        fields = {field.name for field in (*route.body, *route.query) if not field.ignored}
        if parameter in fields or (parameter in IN_PATH and "{" + kind in route.template):
            return True
    return False


def rows(calls: Calls, kept: dict[tuple[str, str, str], str] | None = None) -> list[Row]:
    """The whole table.

    Args:
        kept: tests that an earlier table names; they stay where they still show the parameter.
    """
    out = []
    for surface in SURFACES:
        for method in surface.methods():
            order = parameters_of(surface.theirs, method)
            for parameter in ["", *order]:
                key = (surface.title, method, parameter)
                tests = calls.showing(
                    surface.names if method == "__init__" else (method,),
                    parameter,
                    order,
                    surface.files,
                    surface.receiver,
                    NO_CLIENT,
                )
                own = SHOWN.get((surface.theirs.__name__, method, parameter))
                before = (kept or {}).get(key, "")
                test = own or (before if before in tests else next(iter(tests), ""))
                out.append(Row(*key, mark_of(surface, method, parameter), test))
    return out


def old_names() -> dict[str, bool]:
    """Names of the package's old modules, and whether `engine` or a door has them."""
    found = {}
    for module in (old_client, old_index, old_async_index, old_reranker, old_exceptions):
        for name, member in vars(module).items():
            home = getattr(member, "__module__", "") or ""
            if name.startswith("_") or name in INTERNAL or inspect.ismodule(member):
                continue
            if home.startswith("databricks.") or (name.isupper() and isinstance(member, int)):
                found[name] = any(hasattr(place, name) for place in HOMES)
    return dict(sorted(found.items()))


def written(table: list[Row]) -> str:
    """The table as Markdown."""
    lines = [
        "# Coverage of the cloud's Python clients",
        "",
        "Written by `python tests/coverage_table.py`; `test_coverage.py` compares it with the code.",
        "A line without parameter stands for the method. *implemented*: it has its effect, or a",
        "checked outcome that can be seen; *inert*: its effect exists only in the cloud. Objects of",
        "the index classes are made by `get_index` and `get_async_index`, so their constructors are",
        "not listed; private parameters are not either.",
        "",
        f"Methods: {sum(not row.parameter for row in table)}. Parameters: "
        f"{sum(bool(row.parameter) for row in table)}. Inert: "
        f"{', '.join(sorted(inert_parameters(table)))}.",
    ]
    owner = ""
    for row in table:
        if row.owner != owner:
            owner = row.owner
            lines += ["", f"## {owner}", ""]
            lines += ["| method | parameter | mark | test |", "| --- | --- | --- | --- |"]
        lines.append(f"| {row.method} | {row.parameter} | {row.mark} | {row.test} |")
    lines += ["", "## Names of databricks.vector_search", "", "| name | mark |", "| --- | --- |"]
    lines += [f"| {n} | {'implemented' if has else 'missing'} |" for n, has in old_names().items()]
    return "\n".join(lines) + "\n"


def read(text: str) -> dict[tuple[str, str, str], str]:
    """The tests that a written table names, by class, method and parameter."""
    found, owner = {}, ""
    for line in text.splitlines():
        if line.startswith("## "):
            owner = line[3:]
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and "::" in cells[3]:
            found[owner, cells[0], cells[1]] = cells[3]
    return found


def inert_parameters(table: list[Row]) -> set[str]:
    """Names of the parameters that are marked inert."""
    return {row.parameter for row in table if row.mark.startswith("inert")}


def current() -> list[Row]:
    """The table as it is now, with the tests of the file kept where they still serve."""
    kept = read(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return rows(Calls(TESTS), kept)


if __name__ == "__main__":
    made = current()
    FILE.write_text(written(made), encoding="utf-8")
    for row in made:
        if not row.test or row.mark in ("missing", "unused"):
            print(row.owner, row.method, row.parameter or "-", row.mark, row.test or "no test")
