"""The workspace's refusals as Spark's errors, which users' code catches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pyspark.errors import AnalysisException, PySparkRuntimeError
from pyspark.sql import SparkSession

from engine.errors import VitrineError


@contextlib.contextmanager
def as_spark() -> Iterator[None]:
    """Raise what the workspace refuses in the block as Spark's AnalysisException, the cause with it."""
    try:
        yield
    except VitrineError as error:
        raise AnalysisException(error.message) from error


def check_running(session: SparkSession) -> None:
    """Raises PySparkRuntimeError: the session was stopped; says how to have another."""
    try:
        session.sparkContext.applicationId  # noqa: B018  it asks Java, which has gone
    except AttributeError:
        raise PySparkRuntimeError(
            "Cannot call methods on a stopped SparkContext: this session was ended by stop(). Start "
            "another: engine.spark.session(workspace); tables are as they were written."
        ) from None
