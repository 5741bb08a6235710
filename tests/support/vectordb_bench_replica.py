"""The part of VectorDBBench's interface that a client extends, where it isn't installed.

After `vectordb_bench/backend/clients/api.py`, `filter.py` and `payload.py` of vectordb-bench 2.0.0.
"""

from __future__ import annotations

import sys
import types
from abc import ABC, abstractmethod
from contextlib import contextmanager
from enum import Enum
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel


class MetricType(str, Enum):
    L2 = "L2"
    COSINE = "COSINE"
    IP = "IP"


class FilterOp(str, Enum):
    NumGE = "NumGE"
    StrEqual = "Label"
    NonFilter = "NonFilter"


class PayloadProfile(str, Enum):
    IDS_ONLY = "ids_only"
    VECTOR = "vector"


class Filter(BaseModel):
    type: FilterOp
    filter_rate: float = 0.0


class IntFilter(Filter):
    type: FilterOp = FilterOp.NumGE
    int_field: str = "id"
    int_value: int


class LabelFilter(Filter):
    type: FilterOp = FilterOp.StrEqual
    label_field: str = "labels"
    label_percentage: float

    @property
    def label_value(self) -> str:
        return f"label_{int(self.label_percentage * 100)}p"


class DBConfig(ABC, BaseModel):
    db_label: str = ""
    version: str = ""
    note: str = ""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]: ...


class DBCaseConfig(ABC):
    @abstractmethod
    def index_param(self) -> dict[str, Any]: ...

    @abstractmethod
    def search_param(self) -> dict[str, Any]: ...


class VectorDB(ABC):
    supported_filter_types: ClassVar = [FilterOp.NonFilter]
    name = ""
    thread_safe = True

    @classmethod
    def filter_supported(cls, filters: Filter) -> bool:
        return filters.type in cls.supported_filter_types

    def prepare_filter(self, filters: Filter) -> None:
        return

    @abstractmethod
    def __init__(self, dim: int, db_config: Any, db_case_config: Any, **kwargs: Any) -> None: ...

    @abstractmethod
    @contextmanager
    def init(self) -> Any: ...

    def need_normalize_cosine(self) -> bool:
        return False

    @staticmethod
    def supports_payload_profile(payload_profile: PayloadProfile) -> bool:
        return payload_profile == PayloadProfile.IDS_ONLY

    @abstractmethod
    def insert_embeddings(self, embeddings: Any, metadata: Any, **kwargs: Any) -> Any: ...

    @abstractmethod
    def search_embedding(self, query: Any, k: int = 100) -> list[int]: ...

    @abstractmethod
    def optimize(self, data_size: int | None = None) -> None: ...


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be imported under the names of the real package."""
    package = "vectordb_bench"
    for name in ("", ".backend", ".backend.clients"):
        module = types.ModuleType(package + name)
        module.__path__ = []
        monkeypatch.setitem(sys.modules, package + name, module)
    for name, parts in {
        "clients.api": (DBCaseConfig, DBConfig, MetricType, VectorDB),
        "filter": (Filter, FilterOp, IntFilter, LabelFilter),
        "payload": (PayloadProfile,),
    }.items():
        module = types.ModuleType(f"{package}.backend.{name}")
        for part in parts:
            setattr(module, part.__name__, part)
        monkeypatch.setitem(sys.modules, module.__name__, module)
