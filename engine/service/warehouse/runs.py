"""Statements that run by themselves: submitted, waited for, asked after, cancelled, forgotten.

They live in the process that took them. Knows states and results; not SQL.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final

import pyarrow as pa

from engine.errors import (
    InvalidParameterValue,
    NotFound,
    NotSupported,
    TooManyRequests,
    VitrineError,
)
from engine.service.cancellation import Cancelled, cancelled_by, check
from engine.service.sql.session import Session
from engine.service.warehouse.requests import StatementRequest
from engine.service.warehouse.result_forms import WRITERS, schema_of, text_rows
from engine.service.warehouse.warehouse import Warehouse
from engine.store.layout import Layout

Json = dict[str, Any]
Execute = Callable[[str, dict[str, Any], Session], pa.Table]

INLINE_BYTES = 25 << 20  # of a result that is answered inline; the cloud's limit
CHUNK_BYTES = 20 << 20  # of a piece of a result behind links
LINK_SECONDS = 900
_RUNNING = 8  # statements at a time; others wait as PENDING
_WAITING = 1000
_KEPT = 1000  # finished statements, and their bytes together
_KEPT_BYTES = 1 << 30
_LOG = logging.getLogger("engine.sql")


@dataclass(eq=False)
class Run:
    """One statement and what became of it.

    Attributes:
        state: PENDING, RUNNING, SUCCEEDED, FAILED, CANCELED or CLOSED.
        chunk_rows: rows of each piece of the result.
        secret: what the links to the result carry in place of credentials.
    """

    request: StatementRequest
    session: Session
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "PENDING"
    error: Json | None = None
    result: pa.Table | None = None
    truncated: bool = False
    chunk_rows: int = 1
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    token: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def is_linked(self) -> bool:
        return self.request.disposition != "INLINE"

    @property
    def chunks(self) -> int:
        rows = self.result.num_rows if self.result is not None else 0
        return -(-rows // self.chunk_rows)

    @property
    def nbytes(self) -> int:
        return self.result.nbytes if self.result is not None else 0


class StatementRuns:
    """The statements of one process. Safe to use from many threads.

    Attributes:
        warehouse: what they run on.
    """

    def __init__(
        self,
        layout: Layout,
        execute: Execute,
        chunk_bytes: int = CHUNK_BYTES,
        is_alone: bool = True,
    ) -> None:
        """
        Args:
            execute: what runs a statement: its text, its parameters, its session.
            chunk_bytes: of a piece of a result behind links.
            is_alone: False where other processes answer the same callers, so that only what the first
                reply holds can be had.
        """
        self._execute, self._chunk_bytes, self._is_alone = execute, chunk_bytes, is_alone
        self.warehouse: Final = Warehouse(layout)
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    # ------------------------------------------------------------------ sessions
    def open_session(self, catalog: str | None, schema: str | None) -> str:
        """Open a session for statements that follow each other; returns its id.

        Raises:
            NotSupported: several processes serve, and only one would know it.
        """
        if not self._is_alone:
            raise NotSupported(f"A SQL session (of databricks-sql-connector, say) {_ONE_PROCESS}")
        session = Session()
        session.use(catalog, schema)
        number = str(uuid.uuid4())
        with self._lock:
            self._sessions[number] = session
        return number

    def close_session(self, number: str) -> None:
        """Forget a session; one that isn't known is closed already."""
        with self._lock:
            self._sessions.pop(number, None)

    def _session_of(self, request: StatementRequest) -> Session:
        if request.session_id is None:
            session = Session()
        else:
            found = self._sessions.get(request.session_id)
            if found is None:
                raise NotFound(f"Session {request.session_id:.60} does not exist, or was closed.")
            session = found
        session.use(request.catalog, request.schema)
        return session

    # ------------------------------------------------------------------ life of a statement
    def submit(self, request: StatementRequest, origin: str = "") -> Json:
        """Run a statement, wait as long as its request says, and answer what is known then.

        Args:
            origin: scheme and host that links to results begin with; "" where there is no server.

        Raises:
            InvalidParameterValue: links are asked for where there is no server.
            NotFound: no such session. TooManyRequests: too many statements wait.
            NotSupported: several processes serve, and it asks for more than the first reply.
        """
        if request.disposition != "INLINE" and not origin:
            raise InvalidParameterValue(
                "EXTERNAL_LINKS needs a server that the links lead to; in-process, ask for INLINE, or "
                "use Workspace.sql, which gives Arrow."
            )
        if not self._is_alone and (request.disposition != "INLINE" or not request.seconds):
            raise NotSupported(f"A statement with links, or that is not waited for, {_ONE_PROCESS}")
        run = Run(request, self._session_of(request))
        self.warehouse.wake()
        with self._lock:
            self._forget_old()
            if sum(not one.done.is_set() for one in self._runs.values()) >= _WAITING:
                raise TooManyRequests(
                    f"{_WAITING} statements run or wait already; try again later."
                )
            self._runs[run.id] = run
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_RUNNING, thread_name_prefix="sql")
        self._pool.submit(self._carry_out, run)
        if request.seconds and not run.done.wait(request.seconds):
            self._at_timeout(run)
        return self._described(run, origin)

    def _at_timeout(self, run: Run) -> None:
        """What becomes of a statement that isn't done when its caller waits no longer."""
        if run.request.on_wait_timeout == "CANCEL":
            self._cancel(run)
        elif not self._is_alone:
            run.token.set()
            message = f"The statement took longer than {run.request.wait_timeout}, and to go on it "
            self._end(
                run, "FAILED", {"error_code": "BAD_REQUEST", "message": message + _ONE_PROCESS}
            )

    def get(self, number: str, origin: str = "") -> Json:
        """A statement's state, and its result where it has one. Raises NotFound."""
        return self._described(self._run(number), origin)

    def chunk(self, number: str, place: int, origin: str = "") -> Json:
        """A piece of a statement's result. Raises NotFound; InvalidParameterValue for no such piece."""
        run = self._succeeded(number)
        self._check_chunk(run, place)
        return self._piece(run, place, origin)

    def cancel(self, number: str) -> None:
        """End a statement that runs or waits; one that is done stays as it is. Raises NotFound."""
        self._cancel(self._run(number))

    def close(self, number: str) -> None:
        """Forget a statement and its result. Raises NotFound."""
        run = self._run(number)
        self._cancel(run)
        with self._lock:
            run.state, run.result = "CLOSED", None

    def download(self, number: str, place: int, secret: str) -> tuple[str, bytes]:
        """Media type and bytes of a piece behind a link. Raises NotFound."""
        run = self._runs.get(number)
        if run is None or not secrets.compare_digest(run.secret.encode(), secret.encode()):
            raise NotFound("This link leads nowhere: the statement was forgotten, or never was.")
        self._succeeded(number)
        self._check_chunk(run, place)
        media, write = WRITERS[run.request.format]
        return media, write(self._rows(run, place), place == 0)

    # ------------------------------------------------------------------ running
    def _carry_out(self, run: Run) -> None:
        with self._lock:
            if run.state != "PENDING":
                return
            run.state = "RUNNING"
        try:
            with cancelled_by(run.token):
                table = self._execute(run.request.statement, dict(run.request.values), run.session)
                check()
            self._keep(run, table)
        except Cancelled:
            self._end(run, "CANCELED", None)
        except VitrineError as error:
            self._end(run, "FAILED", {"error_code": _code(error), "message": error.in_words})
        except Exception:  # a caller learns no internals; the log has them under the statement's id
            _LOG.exception("statement %s failed", run.id)
            text = "The statement failed inside the service."
            self._end(run, "FAILED", {"error_code": "INTERNAL_ERROR", "message": text})

    def _keep(self, run: Run, table: pa.Table) -> None:
        """Keep a result, cut as its request says."""
        request, rows = run.request, table.num_rows
        if request.row_limit is not None and rows > request.row_limit:
            table, run.truncated = table.slice(0, request.row_limit), True
        if request.byte_limit is not None and table.nbytes > request.byte_limit:
            kept = max(1, table.num_rows * request.byte_limit // table.nbytes)
            table, run.truncated = table.slice(0, kept), True
        if not run.is_linked and table.nbytes > INLINE_BYTES:
            text = (
                f"Inline byte limit exceeded: the result has {table.nbytes:,} bytes, and INLINE takes "
                f"{INLINE_BYTES:,}. Ask for EXTERNAL_LINKS."
            )
            return self._end(run, "FAILED", {"error_code": "BAD_REQUEST", "message": text})
        size = self._chunk_bytes if run.is_linked else max(table.nbytes, 1)
        run.chunk_rows = max(1, table.num_rows * size // max(table.nbytes, 1))
        run.result = table
        return self._end(run, "SUCCEEDED", None)

    def _end(self, run: Run, state: str, error: Json | None) -> None:
        with self._lock:
            if not run.done.is_set():
                run.state, run.error = state, error
                run.done.set()

    def _cancel(self, run: Run) -> None:
        run.token.set()
        self._end(run, "CANCELED", None)

    # ------------------------------------------------------------------ what is known
    def _run(self, number: str) -> Run:
        run = self._runs.get(number)
        if run is None:
            why = "It was forgotten, or never was." if self._is_alone else f"It {_ONE_PROCESS}"
            raise NotFound(f"The statement {number:.60} was not found. {why}")
        return run

    def _succeeded(self, number: str) -> Run:
        run = self._run(number)
        if run.state != "SUCCEEDED":
            raise NotFound(f"The statement {number} has no result: its state is {run.state}.")
        return run

    def _check_chunk(self, run: Run, place: int) -> None:
        if not 0 <= place < max(run.chunks, 1):
            raise InvalidParameterValue(
                f"The result has {run.chunks} chunks; there is none of index {place}."
            )

    def _forget_old(self) -> None:
        """Forget the oldest finished statements beyond what is kept; the caller holds the lock."""
        finished = [run for run in self._runs.values() if run.done.is_set()]
        size = sum(run.nbytes for run in finished)
        for run in finished:
            if len(self._runs) < _KEPT and size < _KEPT_BYTES:
                return
            size -= run.nbytes
            del self._runs[run.id]

    def _described(self, run: Run, origin: str) -> Json:
        with self._lock:
            state, error, result = run.state, run.error, run.result
        status: Json = {"state": state, **({"error": error} if error is not None else {})}
        out: Json = {"statement_id": run.id, "status": status}
        if state == "SUCCEEDED" and result is not None:
            out["manifest"] = self._manifest(run, result)
            out["result"] = self._piece(run, 0, origin) if run.chunks else {}
        return out

    def _manifest(self, run: Run, result: pa.Table) -> Json:
        starts = range(0, result.num_rows, run.chunk_rows)
        return {
            "format": run.request.format,
            "schema": schema_of(result),
            "total_chunk_count": run.chunks,
            "total_row_count": result.num_rows,
            "total_byte_count": result.nbytes,
            "truncated": run.truncated,
            "chunks": [
                {
                    "chunk_index": place,
                    "row_offset": start,
                    "row_count": min(run.chunk_rows, result.num_rows - start),
                    "byte_count": result.slice(start, run.chunk_rows).nbytes,
                }
                for place, start in enumerate(starts)
            ],
        }

    def _piece(self, run: Run, place: int, origin: str) -> Json:
        rows = self._rows(run, place)
        about: Json = {
            "chunk_index": place,
            "row_offset": place * run.chunk_rows,
            "row_count": rows.num_rows,
        }
        if place + 1 < run.chunks:
            about["next_chunk_index"] = place + 1
            about["next_chunk_internal_link"] = (
                f"/api/2.0/sql/statements/{run.id}/result/chunks/{place + 1}"
            )
        if not run.is_linked:
            return {**about, "data_array": text_rows(rows)}
        until = datetime.fromtimestamp(time.time() + LINK_SECONDS, tz=timezone.utc)
        link = f"{origin.rstrip('/')}{LINKS}{run.id}/{place}?secret={run.secret}"
        return {
            "external_links": [
                {
                    **about,
                    "external_link": link,
                    "expiration": until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    "byte_count": rows.nbytes,
                }
            ]
        }

    def _rows(self, run: Run, place: int) -> pa.Table:
        if run.result is None:
            raise NotFound(f"The statement {run.id} has no result any more.")
        return run.result.slice(place * run.chunk_rows, run.chunk_rows)


LINKS = "/sql-results/"  # where a server answers links
_ONE_PROCESS = (
    "is known to one process alone, and this server has several, any of which answers a request. "
    "Serve with --workers 1, or wait for the result (wait_timeout of 5s to 50s, INLINE)."
)


def _code(error: VitrineError) -> str:
    """The API's code for a statement that failed."""
    if isinstance(error, TooManyRequests):
        return "RESOURCE_EXHAUSTED"
    return (
        "BAD_REQUEST" if error.status_code < 500 or error.status_code == 501 else "INTERNAL_ERROR"
    )
