"""What VectorDBBench is told of vitrine: where its workspace lies, and how it searches."""

from __future__ import annotations

from pydantic import BaseModel
from vectordb_bench.backend.clients.api import DBCaseConfig, DBConfig, MetricType


class VitrineConfig(DBConfig):
    """`path` is the folder of a workspace, made if it isn't there."""

    path: str = "vitrine-workspace"

    def to_dict(self) -> dict[str, object]:
        return {"path": self.path}


class VitrineIndexConfig(BaseModel, DBCaseConfig):
    """`exact` compares every vector; else the planner decides how much of the index is read."""

    metric_type: MetricType | None = None
    exact: bool = False

    def index_param(self) -> dict[str, object]:
        return {}

    def search_param(self) -> dict[str, object]:
        return {"exact": self.exact}
