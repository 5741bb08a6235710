"""The operations that faults can name: the REST table's, and the server's own. Knows addresses."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from engine.doors.rest import ROUTES
from engine.doors.rest.routing import EndpointNotFound, find_route
from engine.errors import InvalidInputException
from engine.service.near_names import meant

_FILES, _DIRECTORIES = "/api/2.0/fs/files/*", "/api/2.0/fs/directories/*"
# Routes that only the server has, under the names by which it counts them.
SERVED: tuple[tuple[str, str, str], ...] = (
    ("GET", "/.well-known/databricks-config", "login_config"),
    ("GET", "/oidc/.well-known/oauth-authorization-server", "login_discovery"),
    ("GET", "/.well-known/oauth-authorization-server", "login_discovery"),
    ("POST", "/oidc/v1/token", "login_token"),
    ("GET", _FILES, "files_download"),
    ("HEAD", _FILES, "files_metadata"),
    ("PUT", _FILES, "files_upload"),
    ("DELETE", _FILES, "files_delete"),
    ("POST", _FILES, "files_initiate"),
    ("GET", _DIRECTORIES, "files_list"),
    ("HEAD", _DIRECTORIES, "files_directory_metadata"),
    ("PUT", _DIRECTORIES, "files_create_directory"),
    ("DELETE", _DIRECTORIES, "files_delete_directory"),
    ("POST", "/serving-endpoints/embeddings", "embeddings"),
    ("POST", "/serving-endpoints/chat/completions", "chat"),
    ("POST", "/serving-endpoints/responses", "responses"),
    ("POST", "/serving-endpoints/*/invocations", "invocations"),
    ("GET", "/api/2.0/preview/scim/v2/Me", "me"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# What the clients' methods are called, for who asks for a fault by that.
_METHODS_OF_CLIENTS = {
    "similarity_search": "query_index",
    "query": "query_index",
    "scan": "scan_index",
    "upsert": "upsert_data*",
    "delete": "delete_data*",
    "sync": "sync_index",
    "describe": "get_index",
    "token": "login_token",
}


@functools.cache
def known_operations() -> tuple[str, ...]:
    """The names of all operations, sorted."""
    return tuple(sorted({route.name for route in ROUTES} | {name for _, _, name in SERVED}))


def operation_of(method: str, path: str) -> str:
    """The operation of a request; "" where none is known.

    Args:
        path: percent-encoded, without query string.
    """
    for taken, pattern, name in SERVED:
        if taken == method and fnmatchcase(path, pattern):
            return name
    try:
        return find_route(ROUTES, method, path)[0].name
    except EndpointNotFound:
        return ""


def is_meant(target: str, operation: str, method: str, path: str) -> bool:
    """Whether a request is one of those that a target names; see `check_target`."""
    if not is_route(target):
        return fnmatchcase(operation, target)
    wanted, _, pattern = target.rpartition(" ")
    return wanted in ("", "*", method) and fnmatchcase(path, pattern)


def check_target(target: object) -> str:
    """The name of an operation or a route, of which `*` stands for any text.

    Args:
        target: `"query_index"`, `"files_*"`, `"*"`, or `"POST /api/2.0/vector-search/*/query"`, where
            the method may be left out.

    Raises:
        InvalidInputException: no text, or no operation is named so; says which may be meant.
    """
    if not isinstance(target, str) or not target.strip():
        raise InvalidInputException(
            f"the operation is {target!r:.80}; expected its name, such as 'query_index', or a route, "
            "such as 'POST /api/2.0/vector-search/*/query'."
        )
    target = re.sub(r"\s+", " ", target.strip())
    if is_route(target):
        method, _, path = target.rpartition(" ")
        if method not in ("", "*", *METHODS) or not path.startswith(("/", "*")):
            raise InvalidInputException(
                f"{target!r:.200} is no route; expected a method of {', '.join(METHODS)} or none, a "
                "blank, and a path that begins with a slash."
            )
        return target
    if not any(fnmatchcase(name, target) for name in known_operations()):
        raise InvalidInputException(f"no operation is called {target!r:.80}. {_hint(target)}")
    return target


def is_route(target: str) -> bool:
    """Whether a target is a route, and no operation's name."""
    return "/" in target or " " in target


def _hint(target: str) -> str:
    near: Sequence[str] = meant(target, known_operations())
    if target in _METHODS_OF_CLIENTS:
        near = [_METHODS_OF_CLIENTS[target]]
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"Operations: {', '.join(known_operations())}."
