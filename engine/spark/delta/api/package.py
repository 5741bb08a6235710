"""What `delta` and `delta.pip_utils` offer."""

from __future__ import annotations

from typing import Any

from engine.spark.delta.api.tables import DeltaTable

__all__ = ["DeltaTable", "configure_spark_with_delta_pip"]


def configure_spark_with_delta_pip(
    spark_session_builder: Any, extra_packages: list[str] | None = None
) -> Any:
    """The builder as it is: sessions on a workspace read and write Delta tables without its jars.

    Raises:
        ValueError: more packages of Java are asked for, which are fetched from the network.
    """
    if extra_packages:
        raise ValueError(
            f"packages {extra_packages} would be fetched from the network, which is not done here. Give "
            "the jars by: engine.spark.session(workspace, options={'spark.jars': ...})."
        )
    return spark_session_builder
