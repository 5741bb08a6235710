"""Settings of a session that the cloud knows and Spark does not. Knows names; not what they do."""

from __future__ import annotations

import re
from typing import Any

from pyspark.sql.conf import RuntimeConfig

SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
_SET_AUTO = re.compile(
    rf"\s*SET\s+{re.escape(SHUFFLE_PARTITIONS)}\s*=\s*'?auto'?\s*;?\s*", re.IGNORECASE
)


class WorkspaceSettings:
    """`spark.conf` that takes what the cloud takes."""

    def __init__(self, sparks: RuntimeConfig, parts: str) -> None:
        """
        Args:
            sparks: what Spark has, which answers all else.
            parts: into which shuffles go where nobody says how many.
        """
        self._sparks, self._parts = sparks, parts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sparks, name)

    def set(self, key: str, value: Any) -> None:
        """A setting. The cloud's "auto", of the partitions of a shuffle, is what a session begins with:
        Spark joins partitions that are too small by itself."""
        if key == SHUFFLE_PARTITIONS and str(value).lower() == "auto":
            value = self._parts
        self._sparks.set(key, value)


def says_auto(text: str) -> bool:
    """Whether a statement sets the partitions of a shuffle to "auto"."""
    return _SET_AUTO.fullmatch(text) is not None
