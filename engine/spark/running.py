"""The session that a process has already. Knows pyspark, when asked."""

from __future__ import annotations

import contextlib
from typing import Any


def running_session() -> Any:
    """The session that this process began with, whatever thread asks; None without one."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    with contextlib.suppress(PySparkRuntimeError):
        return SparkSession.active()
    return None
