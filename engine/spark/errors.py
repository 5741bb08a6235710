"""The workspace's refusals as Spark's errors, which users' code catches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pyspark.errors import AnalysisException

from engine.errors import VitrineError


@contextlib.contextmanager
def as_spark() -> Iterator[None]:
    """Raise what the workspace refuses in the block as Spark's AnalysisException, the cause with it."""
    try:
        yield
    except VitrineError as error:
        raise AnalysisException(error.message) from error
