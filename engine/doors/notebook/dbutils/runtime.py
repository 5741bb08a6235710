"""`databricks.sdk.runtime`, by which modules beside a notebook find its names. Knows names."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from engine.doors.notebook.spark import Spark

_GIVEN = ("dbutils", "display", "displayHTML", "getArgument")
_OF_SPARK = ("spark", "sc", "sql", "table", "udf")


class Runtime(ModuleType):
    """The cloud's names, those of this run. The SDK's own, off the cloud, are of another machine.

    Names of Spark are found when they are asked for, as a session starts Java; `import *` brings them
    to a notebook that works with Spark.
    """

    def __init__(self, names: Mapping[str, Any], spark: Spark) -> None:
        super().__init__("databricks.sdk.runtime")
        self._names, self._spark = names, spark

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [*_GIVEN, *(_OF_SPARK if self._spark.is_used else ())]
        if name in _GIVEN:
            return self._names[name]
        if name not in _OF_SPARK:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        session = self._spark.session()
        if name == "spark":
            return session
        return session.sparkContext if name == "sc" else getattr(session, name)
