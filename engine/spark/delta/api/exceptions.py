"""What `delta.exceptions` offers, for code that tries a write again; and refusals as such errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pyspark.errors import AnalysisException, PySparkException

from engine.errors import Locked, VitrineError

__all__ = [
    "ConcurrentAppendException",
    "ConcurrentDeleteDeleteException",
    "ConcurrentDeleteReadException",
    "ConcurrentTransactionException",
    "ConcurrentWriteException",
    "DeltaConcurrentModificationException",
    "MetadataChangedException",
    "ProtocolChangedException",
]


class DeltaConcurrentModificationException(PySparkException):
    """Somebody else wrote a table at the same time; the table is as they left it."""


class ConcurrentWriteException(DeltaConcurrentModificationException):
    """A table was written between the reading of its rows and the writing of the changed ones."""


class ConcurrentAppendException(DeltaConcurrentModificationException):
    """Rows were added meanwhile; here that is a `ConcurrentWriteException`."""


class ConcurrentDeleteReadException(DeltaConcurrentModificationException):
    """Rows that were read are gone meanwhile; here that is a `ConcurrentWriteException`."""


class ConcurrentDeleteDeleteException(DeltaConcurrentModificationException):
    """Rows are gone meanwhile that were to go; here that is a `ConcurrentWriteException`."""


class ConcurrentTransactionException(DeltaConcurrentModificationException):
    """Two streams of one name wrote; there are no streams into tables here."""


class MetadataChangedException(DeltaConcurrentModificationException):
    """A table's columns were changed meanwhile; here that is a `ConcurrentWriteException`."""


class ProtocolChangedException(DeltaConcurrentModificationException):
    """A table's protocol was changed meanwhile; here that is a `ConcurrentWriteException`."""


@contextlib.contextmanager
def as_delta() -> Iterator[None]:
    """Raise what is refused in the block as Delta does, the cause with it.

    Raises:
        ConcurrentWriteException: another writes the table. AnalysisException: all else.
    """
    try:
        yield
    except Locked as error:
        raise ConcurrentWriteException(f"[DELTA_CONCURRENT_WRITE] {error.message}") from error
    except VitrineError as error:
        raise AnalysisException(error.message) from error
