"""The official library's server over the tools of an address. Knows the library; not what is called.

Its releases 1 and 2 both do: clients of the cloud need 1 today, in the environment that they share.
A server and its session manager are made for each request, so that no worker keeps a session, and
nothing of the library runs beside requests.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.types import Receive, Scope, Send

from engine import __version__
from engine.doors.mcp.parameters import Refused
from engine.doors.mcp.tool import Tools
from engine.errors import VitrineError
from engine.optional import check

T = TypeVar("T")
NamesOperation = Callable[[str], None]
_LOG = logging.getLogger("vitrine.http")
_INVALID, _INTERNAL = -32602, -32603  # JSON-RPC's codes
_THREADS = 16  # calls that wait for a model together; replies of as many are in memory at once


@dataclass(frozen=True)
class Library:
    """What is used of the library.

    Attributes:
        types: its messages. error: an error of JSON-RPC, of a code and a message.
    """

    server: Any
    manager: Any
    security: Any
    types: Any
    error: Callable[[int, str], Exception]

    @property
    def takes_handlers(self) -> bool:
        """Whether a server is given its handlers when it is made, as from release 2 on."""
        return "on_list_tools" in inspect.signature(self.server).parameters


@functools.cache
def load() -> Library:
    """Import the library, which takes a second. Raises MissingExtra."""
    check("mcp", "the managed MCP server")
    types = importlib.import_module("mcp.types")
    exceptions = importlib.import_module("mcp.shared.exceptions")

    def error(code: int, message: str) -> Exception:
        made: Exception
        if hasattr(exceptions, "MCPError"):
            made = exceptions.MCPError(code, message)
        else:
            made = exceptions.McpError(types.ErrorData(code=code, message=message))
        return made

    return Library(
        importlib.import_module("mcp.server.lowlevel").Server,
        importlib.import_module("mcp.server.streamable_http_manager").StreamableHTTPSessionManager,
        importlib.import_module("mcp.server.transport_security").TransportSecuritySettings,
        types,
        error,
    )


class Server:
    """Answers HTTP requests by the library; a reply is JSON, and no session begins."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(_THREADS)

    async def answer(
        self,
        tools: Tools,
        name_operation: NamesOperation,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer one request.

        Args:
            name_operation: is told what was asked for, for log and metrics.
        """
        library = load()
        # Which names this server has is for its owner to know: it may be asked under any. Pages of
        # other sites are refused before where nobody has to log in; else they have no credentials.
        security = library.security(enable_dns_rebinding_protection=False)
        manager = library.manager(
            _Handlers(library, tools, name_operation, self._limiter).server(),
            json_response=True,
            stateless=True,
            security_settings=security,
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)


class _Handlers:
    """What answers the messages of one request."""

    def __init__(
        self,
        library: Library,
        tools: Tools,
        name_operation: NamesOperation,
        limiter: CapacityLimiter,
    ) -> None:
        self._library, self._tools = library, tools
        self._name, self._limiter = name_operation, limiter

    def server(self) -> Any:
        """The library's server with these handlers."""
        types = self._library.types
        if self._library.takes_handlers:
            return self._library.server(
                "vitrine",
                version=__version__,
                on_list_tools=lambda context, params: self._list(),
                on_call_tool=lambda context, params: self._call(params),
            )

        async def list_tools(request: Any) -> Any:
            return types.ServerResult(await self._list())

        async def call_tool(request: Any) -> Any:
            return types.ServerResult(await self._call(request.params))

        server = self._library.server("vitrine", version=__version__)
        server.request_handlers[types.ListToolsRequest] = list_tools
        server.request_handlers[types.CallToolRequest] = call_tool
        return server

    async def _list(self) -> Any:
        self._name("mcp_list_tools")
        tools = await self._ran(self._tools.listed, refusals=VitrineError)
        listed = [
            {"name": t.name, "description": t.description, "inputSchema": t.input_schema}
            for t in tools
        ]
        return self._library.types.ListToolsResult.model_validate({"tools": listed})

    async def _call(self, params: Any) -> Any:
        self._name("mcp_call_tool")
        given: Mapping[str, Any] = params.model_dump(by_alias=True)
        arguments, meta = (given.get(name) or {} for name in ("arguments", "_meta"))
        work = functools.partial(self._tools.call, params.name, arguments, meta)
        try:
            text, failed = await self._ran(work, refusals=Refused), False
        except VitrineError as error:  # which an agent reads, and may mend
            text, failed = _text(error), True
        content = [{"type": "text", "text": text}]
        result = {"content": content, "isError": failed}
        return self._library.types.CallToolResult.model_validate(result)

    async def _ran(self, work: Callable[[], T], refusals: type[VitrineError]) -> T:
        """What some work gives, done in a thread; refusals become errors of JSON-RPC."""
        try:
            return await run_sync(work, limiter=self._limiter, abandon_on_cancel=True)
        except refusals as error:
            raise self._library.error(_INVALID, _text(error)) from None
        except VitrineError:
            raise
        except Exception:  # a caller learns no internals; the log has them
            _LOG.exception("a call of managed MCP failed")
            text = "INTERNAL_ERROR: The request failed inside the service."
            raise self._library.error(_INTERNAL, text) from None


def _text(error: VitrineError) -> str:
    return f"{error.error_code}: {error.in_words}"
