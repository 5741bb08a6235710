"""A process of its own: what `import delta` finds before, while and after a session lives, as JSON.

Arguments: a workspace, and a folder in front of the path in which something is called `delta`.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

import engine


def found(name: str) -> str:
    """Where a module's DeltaTable is from; or why there is none."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        return f"{type(error).__name__}: {error}"
    table: Any = getattr(module, "DeltaTable", None)
    return str(getattr(table, "__module__", "without it"))


def own_finders() -> list[Any]:
    """Finders of the engine; libraries add their own while they are loaded."""
    return [one for one in sys.meta_path if type(one).__module__.startswith("engine")]


def names() -> list[str]:
    return sorted(name for name in sys.modules if name.split(".")[0] == "delta")


def main() -> None:
    workspace = engine.Workspace(sys.argv[1])
    sys.path.insert(0, sys.argv[2])
    from engine.spark import session

    told: dict[str, Any] = {"before": found("delta.tables"), "names before": names()}
    held = getattr(sys.modules.get("delta.tables"), "DeltaTable", None)
    makers = dict(vars(held)) if held else {}
    spark = session(workspace, master="local[1]")
    other = spark.newSession()
    told |= {"while": found("delta.tables"), "delta": found("delta")}
    if not told["while"].startswith(("ModuleNotFoundError", "project")):
        from delta.tables import DeltaTable

        spark.range(3).write.saveAsTable("held")
        DeltaTable.forName(other, "held").delete("id = 1")
        told["rows"] = spark.table("held").count()
        star: dict[str, Any] = {}
        exec("from delta.tables import *", star)
        told["star"] = sorted(name for name in star if not name.startswith("_"))
        delta, builder = sys.modules["delta"], object()
        told["builder"] = delta.configure_spark_with_delta_pip(builder) is builder
        retried = importlib.import_module("delta.exceptions").ConcurrentAppendException
        told["exception"] = issubclass(retried, Exception)
        if held is not None:
            told["held"] = held.forName(spark, "held").toDF().count()
            told["not ours"] = held.forName("a session of theirs", "held")
            told["active"] = type(held.create()).__module__
    told["answering"] = len(own_finders())
    spark.stop()
    told |= {"finders": not own_finders(), "after": found("delta.tables")}
    told["names after"] = names()
    told["makers"] = makers == (dict(vars(held)) if held else {})
    print(json.dumps(told))


if __name__ == "__main__":
    main()
