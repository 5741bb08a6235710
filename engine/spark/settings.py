"""Settings of a session that the cloud knows and Spark does not. Knows names; not what they do."""

from __future__ import annotations

import re
from typing import Any

from pyspark.sql.conf import RuntimeConfig

SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
_SET_AUTO = re.compile(
    rf"\s*SET\s+{re.escape(SHUFFLE_PARTITIONS)}\s*=\s*'?auto'?\s*;?\s*", re.IGNORECASE
)


class WorkspaceSettings(RuntimeConfig):
    """`spark.conf` that takes what the cloud takes."""

    def __init__(self, java: Any, parts: str) -> None:
        """
        Args:
            parts: into which shuffles go where nobody says how many.
        """
        super().__init__(java)
        self._parts = parts

    def set(self, key: str, value: Any) -> None:
        """A setting. The cloud's "auto", of the partitions of a shuffle, is what a session begins with:
        Spark joins partitions that are too small by itself."""
        if key == SHUFFLE_PARTITIONS and str(value).lower() == "auto":
            super().set(key, self._parts)
        else:
            super().set(key, value)


def says_auto(text: str) -> bool:
    """Whether a statement sets the partitions of a shuffle to "auto"."""
    return _SET_AUTO.fullmatch(text) is not None
