"""The other DuckDB wall: a database for users' statements, without disk, network or settings.

It sees the Arrow tables and the functions that a statement is shown, and nothing else: DuckDB's own
locks refuse files, extensions and changes of settings, whatever a statement says. Knows DuckDB; not
where tables come from, and not the cloud's dialect.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.core.arrow.times import has_nanoseconds, in_microseconds
from engine.errors import BadStatement, VitrineError
from engine.service.cancellation import Cancelled, current_token
from engine.service.sql.language.functions.macros import macros

if TYPE_CHECKING:
    import duckdb

MEMORY = "4GB"  # of all statements together
SECONDS = 600.0  # that one statement may run
_LOCKED: dict[str, Any] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "temp_directory": "",
}
_WATCHED = 0.05  # seconds between two looks at whether a statement shall end
# Of a function of ours, behind DuckDB's words.
_FROM_PYTHON = re.compile(r"while executing the UDF: \w+: (?:\[BAD_REQUEST\] )?(.*)")
_DAY_SECONDS = 86_400
_UTC = pa.timestamp("us", tz="UTC")

Function = Callable[..., pa.Array]


class Unbound(BadStatement):
    """A query names what nothing is called, or gives a function what it doesn't take."""


class Database:
    """What runs statements. Safe to use from many threads; opened when it is first needed."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """
        Args:
            seconds: that one query may run.
        """
        self._seconds = seconds
        self._lock = threading.Lock()
        self._opened: duckdb.DuckDBPyConnection | None = None
        self._numbers = itertools.count()

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for one statement; what it was shown is forgotten at its end."""
        duck = self._open().cursor()
        connection = Connection(duck, self._numbers, self._seconds, self._give_up)
        try:
            yield connection
        finally:
            connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._opened is None:
                self._opened = _confined()
            return self._opened

    def _give_up(self) -> None:
        """Open another database for the next statement: this one is broken."""
        with self._lock:
            self._opened = None


def _confined() -> duckdb.DuckDBPyConnection:
    import duckdb  # a tenth of a second

    from engine.service.sql.language.functions.columns.table import (  # loads sqlglot
        FUNCTIONS,
        carried_out,
    )

    threads = min(4, os.cpu_count() or 1)
    opened = duckdb.connect(config={"memory_limit": MEMORY, "threads": threads, **_LOCKED})
    opened.execute("SET TimeZone = 'UTC'")
    for one in FUNCTIONS:
        opened.create_function(  # type: ignore[call-overload]
            one.name,
            carried_out(one),
            None if one.arguments is None else list(one.arguments),
            one.result,
            type="arrow",
            null_handling="special",
        )
    for macro in macros():
        opened.execute(macro)
    opened.execute("SET lock_configuration = true")
    return opened


class Connection:
    """One statement's database: the tables and functions that it is shown."""

    def __init__(
        self,
        duck: duckdb.DuckDBPyConnection,
        numbers: Iterator[int],
        seconds: float,
        give_up: Callable[[], None],
    ) -> None:
        self._duck, self._numbers, self._seconds = duck, numbers, seconds
        self._give_up = give_up
        self._functions: list[str] = []
        self._whole: dict[str, pa.Schema] = {}  # all columns of tables that are shown in part
        self._columns: dict[str, None] = {}  # of all tables that are shown
        self._failure: Exception | None = None  # of a function, whose class DuckDB doesn't keep

    def show(self, table: pa.Table, whole: pa.Schema | None = None) -> str:
        """Let the statement read a table; returns the name that it has in SQL.

        Args:
            whole: all columns that the user knows of it, where only some are shown.
        """
        name = f"vitrine_table_{next(self._numbers)}"
        self._duck.register(name, table)
        self._columns |= dict.fromkeys((whole or table.schema).names)
        if whole is not None:
            self._whole[name] = whole
        return name

    def add_function(self, call: Function, arguments: Sequence[str], result: str) -> str:
        """Let the statement call a function of whole columns; returns its name in SQL.

        Args:
            call: from chunked arrays of equal length to an array of that length.
            arguments, result: their types in DuckDB's words; one argument, or two.
        """
        name = f"vitrine_function_{next(self._numbers)}"

        def guarded(*columns: Any) -> Any:
            try:
                return call(*columns)
            except Exception as error:
                self._failure = error
                raise

        # DuckDB counts the parameters of what it is given.
        counted = (lambda a: guarded(a)) if len(arguments) == 1 else (lambda a, b: guarded(a, b))
        self._duck.create_function(  # type: ignore[call-overload]
            name, counted, list(arguments), result, type="arrow", null_handling="special"
        )
        self._functions.append(name)
        return name

    def run(self, query: str) -> pa.Table:
        """The rows of a query in DuckDB's dialect; times are in UTC.

        Raises:
            BadStatement: it can't be run, and why; Unbound for its names and types. Cancelled: its
                caller has gone. Whatever a function raised.
        """
        import duckdb

        with self._watched():
            try:
                found = self._duck.sql(query)
                if found is None:
                    return pa.table({})
                return _in_cloud_types(found.to_arrow_table(), found.types)
            except duckdb.Error as error:
                if self._failure is not None:
                    raise self._failure from None
                raise self._told(self._unbound(query, error)) from None

    def columns(self) -> list[str]:
        """Names of the columns of all tables that were shown, each once."""
        return list(self._columns)

    def types(self, query: str) -> list[tuple[str, str]]:
        """Names of a query's columns, and their types in DuckDB's words. Raises BadStatement."""
        import duckdb

        try:
            found = self._duck.sql(query)
            return [(name, str(kind)) for name, kind in zip(found.columns, found.types)]
        except duckdb.Error as error:
            raise self._told(error) from None

    def close(self) -> None:
        """Forget what was shown."""
        for name in self._functions:
            with contextlib.suppress(Exception):
                self._duck.remove_function(name)
        self._duck.close()

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Interrupt what runs in the block when its caller goes or its time is up."""
        token, until, done = current_token(), time.monotonic() + self._seconds, threading.Event()

        def watch() -> None:
            while not done.wait(_WATCHED):
                if (token is not None and token.is_set()) or time.monotonic() > until:
                    self._duck.interrupt()

        self._until, watcher = until, threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _unbound(self, query: str, error: duckdb.Error) -> duckdb.Error:
        """DuckDB's error over tables with all their columns, of which it names the likeliest."""
        import duckdb

        if isinstance(error, duckdb.BinderException):
            for name, columns in self._whole.items():
                self._duck.register(name, columns.empty_table())
            try:
                self._duck.sql(query)
            except duckdb.BinderException as better:
                return better
        return error

    def _told(self, error: duckdb.Error) -> BaseException:
        """DuckDB's error as the engine's."""
        import duckdb

        if isinstance(error, duckdb.InterruptException):
            token = current_token()
            if token is not None and token.is_set():
                return Cancelled()
            return BadStatement(
                f"The statement ran longer than {self._seconds:g} s and was ended. Ask for less."
            )
        if isinstance(error, (duckdb.FatalException, duckdb.InternalException)):
            self._give_up()
            return VitrineError("The statement failed inside the database; run it again.")
        if isinstance(error, duckdb.OutOfMemoryException):
            return BadStatement(
                f"The statement needs more memory than the {MEMORY} that statements may take. Ask "
                "for fewer rows or columns, such as none of vectors."
            )
        if isinstance(error, duckdb.BinderException):
            return Unbound(_reason(error))
        for kind, code in _codes():
            if isinstance(error, kind):
                return BadStatement(f"[{code}] {_reason(error)}")
        return BadStatement(_reason(error))


def _codes() -> list[tuple[type[Exception], str]]:
    """Error classes of DuckDB, and what the cloud calls such errors."""
    import duckdb

    return [
        (duckdb.ParserException, "PARSE_SYNTAX_ERROR"),
        (duckdb.ConversionException, "CAST_INVALID_INPUT"),
        (duckdb.OutOfRangeException, "ARITHMETIC_OVERFLOW"),
        (duckdb.PermissionException, "INSUFFICIENT_PERMISSIONS"),
    ]


def _reason(error: Exception) -> str:
    """What is wrong, without the kind of error and the line of the translated statement."""
    text = str(error).partition("\n\nLINE ")[0].strip()
    inner = _FROM_PYTHON.search(text)
    if inner:
        return inner[1].strip()
    return text.partition(" Error: ")[2] or text


def _in_cloud_types(table: pa.Table, kinds: Sequence[Any]) -> pa.Table:
    """A result in types that the cloud has: times in UTC, and sums of whole numbers as BIGINT.

    Args:
        kinds: DuckDB's types of the columns.

    Raises:
        BadStatement: a sum that no BIGINT holds.
    """
    table = _with_microseconds(_with_durations(table))
    fields = [
        field.with_type(_cloud_type(field.type, kind)) for field, kind in zip(table.schema, kinds)
    ]
    if fields == list(table.schema):
        return table
    try:
        return table.cast(pa.schema(fields))
    except pa.ArrowInvalid:
        raise BadStatement("[ARITHMETIC_OVERFLOW] A sum is beyond the range of BIGINT.") from None


def _with_durations(table: pa.Table) -> pa.Table:
    """Intervals of days and less as durations, which have one length; those of months stay."""
    for place, field in enumerate(table.schema):
        if field.type != pa.month_day_nano_interval():
            continue
        values = table.column(place).to_pylist()
        if not any(one is not None and one.months for one in values):
            lengths = [
                one and (one.days * _DAY_SECONDS * 10**6 + one.nanoseconds // 1000)
                for one in values
            ]
            durations = pa.array(lengths, pa.int64()).cast(pa.duration("us"))
            table = table.set_column(place, field.name, durations)
    return table


def _with_microseconds(table: pa.Table) -> pa.Table:
    """Times with a zone in nanoseconds as the cloud has them."""
    for place, field in enumerate(table.schema):
        if has_nanoseconds(field.type) and field.type.tz:
            times = in_microseconds(table.column(place))
            table = table.set_column(place, field.with_type(times.type), times)
    return table


def _cloud_type(found: pa.DataType, kind: Any) -> pa.DataType:
    if pa.types.is_timestamp(found) and found.tz:
        return _UTC
    if str(kind) in ("HUGEINT", "UBIGINT"):
        return pa.int64()
    if pa.types.is_list(found) and kind.id == "list":
        inner = _cloud_type(found.value_type, kind.child)
        return found if inner == found.value_type else pa.list_(inner)
    if pa.types.is_struct(found) and kind.id == "struct":
        inner = [one for _, one in kind.children]
        return pa.struct([f.with_type(_cloud_type(f.type, one)) for f, one in zip(found, inner)])
    if pa.types.is_map(found) and kind.id == "map":
        inner = [one for _, one in kind.children]
        return pa.map_(
            _cloud_type(found.key_type, inner[0]), _cloud_type(found.item_type, inner[1])
        )
    return found
