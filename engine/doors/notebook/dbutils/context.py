"""The notebook's context, by which code finds host and token. Knows the calls; not servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.doors.http.login import WORKSPACE_ID
from engine.doors.notebook.dbutils.refusing import Refusing
from engine.errors import NotFound

_CONTEXT = "dbutils.notebook.entry_point.getDbutils().notebook().getContext()"


class Option:
    """A value that may be missing, as Java's and Scala's."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def get(self) -> str:
        """The value. Raises NotFound where there is none."""
        if self._value is None:
            raise NotFound("this is not known of a notebook that runs here.")
        return self._value

    def getOrElse(self, default: Any) -> Any:  # noqa: N802
        """The value, else another."""
        return default if self._value is None else self._value

    def isDefined(self) -> bool:  # noqa: N802
        """Whether there is a value."""
        return self._value is not None

    def isEmpty(self) -> bool:  # noqa: N802
        """Whether there is none."""
        return self._value is None

    def __str__(self) -> str:
        return "None" if self._value is None else f"Some({self._value})"


class Tags:
    """Texts by name, as a Scala map."""

    def __init__(self, tags: Mapping[str, str]) -> None:
        self._tags = tags

    def apply(self, name: str) -> str:
        """A tag. Raises NotFound."""
        return self.get(name).get()

    def get(self, name: str) -> Option:
        """A tag that may be missing."""
        return Option(self._tags.get(name))


class Context(Refusing):
    """`getContext()`: where the notebook is, and the server of its run."""

    called = _CONTEXT

    def __init__(self, url: str, token: str, path: str, user: str) -> None:
        self._url, self._token, self._path, self._user = url, token, path, user

    def apiUrl(self) -> Option:  # noqa: N802
        """The server's address, `http://127.0.0.1:...`."""
        return Option(self._url)

    def apiToken(self) -> Option:  # noqa: N802
        """A token that the server takes."""
        return Option(self._token)

    def browserHostName(self) -> Option:  # noqa: N802
        """Host and port of the server."""
        return Option(self._url.partition("://")[2])

    def notebookPath(self) -> Option:  # noqa: N802
        """The notebook's file, without its ending."""
        return Option(self._path)

    def userName(self) -> Option:  # noqa: N802
        """Who runs it."""
        return Option(self._user)

    def workspaceId(self) -> Option:  # noqa: N802
        """The number of the workspace, as the server says it."""
        return Option(WORKSPACE_ID)

    def clusterId(self) -> Option:  # noqa: N802
        """Missing."""
        return Option(None)

    def jobId(self) -> Option:  # noqa: N802
        """Missing: this is no job."""
        return Option(None)

    def currentRunId(self) -> Option:  # noqa: N802
        """Missing: this is no job."""
        return Option(None)

    def tags(self) -> Tags:
        """`user`, `browserHostName`, `notebook_path`, `orgId`."""
        return Tags(self._tags())

    def _tags(self) -> dict[str, str]:
        return {
            "user": self._user,
            "browserHostName": self.browserHostName().get(),
            "notebook_path": self._path,
            "orgId": WORKSPACE_ID,
        }

    def extraContext(self) -> Tags:  # noqa: N802
        """`api_url`, `api_token`, `notebook_path`."""
        return Tags({**self._extra(), "api_token": self._token})

    def _extra(self) -> dict[str, str]:
        return {"api_url": self._url, "notebook_path": self._path}

    def toJson(self) -> str:  # noqa: N802
        """The context without its token."""
        return json.dumps({"extraContext": self._extra(), "tags": self._tags()})

    safeToJson = toJson  # noqa: N815


class EntryPoint(Refusing):
    """`dbutils.notebook.entry_point`: a chain of calls that leads to the context."""

    called = "dbutils.notebook.entry_point"

    def __init__(self, context: Context) -> None:
        self._context = context

    def getDbutils(self) -> EntryPoint:  # noqa: N802
        """Itself."""
        return self

    def notebook(self) -> EntryPoint:
        """Itself."""
        return self

    def getContext(self) -> Context:  # noqa: N802
        """The context."""
        return self._context
