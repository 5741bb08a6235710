"""vitrine: the offline engine for multimodal product search.

Public names are imported on first use, so that `import engine` is instant and loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.6.0"

_HOME_OF = {
    "AISearchClient": "engine.doors.client.client",
    "AISearchException": "engine.errors",
    "AISearchIndex": "engine.doors.client.client",
    "AsyncAISearchIndex": "engine.doors.client.async_index",
    "AsyncVectorSearchIndex": "engine.doors.client.async_index",
    "BadImage": "engine.errors",
    "BadRequest": "engine.errors",
    "BadSourceFile": "engine.errors",
    "BadStatement": "engine.errors",
    "CorruptFile": "engine.errors",
    "DatabricksReranker": "engine.doors.client.reranker",
    "DeviceUnavailable": "engine.errors",
    "Encoder": "engine.encode.encoder",
    "InvalidInputException": "engine.errors",
    "InvalidParameterValue": "engine.errors",
    "InvalidState": "engine.errors",
    "Locked": "engine.errors",
    "MapMissing": "engine.errors",
    "Mirror": "engine.doors.testing.mirrors",
    "MissingExtra": "engine.errors",
    "ModelUnavailable": "engine.errors",
    "NewerRelease": "engine.errors",
    "NotFound": "engine.errors",
    "NotSupported": "engine.errors",
    "PermissionDenied": "engine.errors",
    "Reranker": "engine.doors.client.reranker",
    "ResourceConflict": "engine.errors",
    "ResourceDoesNotExist": "engine.errors",
    "RowsFailed": "engine.errors",
    "SearchResult": "engine.shop.search.result",
    "Settings": "engine.settings",
    "StorageFailed": "engine.errors",
    "TooManyRequests": "engine.errors",
    "UpdateInProgress": "engine.errors",
    "VectorSearchClient": "engine.doors.client.client",
    "VectorSearchException": "engine.errors",
    "VectorSearchIndex": "engine.doors.client.client",
    "VitrineError": "engine.errors",
    "Workspace": "engine.workspace",
    "WrittenTooFast": "engine.errors",
    "apply": "engine.doors.seeding.applying",
    "load_encoder": "engine.encode.registry",
    "mock": "engine.doors.testing.mock",
}

__all__ = [
    "__version__",
    "AISearchClient",
    "AISearchException",
    "AISearchIndex",
    "AsyncAISearchIndex",
    "AsyncVectorSearchIndex",
    "BadImage",
    "BadRequest",
    "BadSourceFile",
    "BadStatement",
    "CorruptFile",
    "DatabricksReranker",
    "DeviceUnavailable",
    "Encoder",
    "InvalidInputException",
    "InvalidParameterValue",
    "InvalidState",
    "Locked",
    "MapMissing",
    "Mirror",
    "MissingExtra",
    "ModelUnavailable",
    "NewerRelease",
    "NotFound",
    "NotSupported",
    "PermissionDenied",
    "Reranker",
    "ResourceConflict",
    "ResourceDoesNotExist",
    "RowsFailed",
    "SearchResult",
    "Settings",
    "StorageFailed",
    "TooManyRequests",
    "UpdateInProgress",
    "VectorSearchClient",
    "VectorSearchException",
    "VectorSearchIndex",
    "VitrineError",
    "Workspace",
    "WrittenTooFast",
    "apply",
    "load_encoder",
    "mock",
]

if TYPE_CHECKING:
    from engine.doors.client.async_index import AsyncAISearchIndex, AsyncVectorSearchIndex
    from engine.doors.client.client import (
        AISearchClient,
        AISearchIndex,
        VectorSearchClient,
        VectorSearchIndex,
    )
    from engine.doors.client.reranker import DatabricksReranker, Reranker
    from engine.doors.seeding.applying import apply
    from engine.doors.testing.mirrors import Mirror
    from engine.doors.testing.mock import mock
    from engine.encode.encoder import Encoder
    from engine.encode.registry import load_encoder
    from engine.errors import (
        AISearchException,
        BadImage,
        BadRequest,
        BadSourceFile,
        BadStatement,
        CorruptFile,
        DeviceUnavailable,
        InvalidInputException,
        InvalidParameterValue,
        InvalidState,
        Locked,
        MapMissing,
        MissingExtra,
        ModelUnavailable,
        NewerRelease,
        NotFound,
        NotSupported,
        PermissionDenied,
        ResourceConflict,
        ResourceDoesNotExist,
        RowsFailed,
        StorageFailed,
        TooManyRequests,
        UpdateInProgress,
        VectorSearchException,
        VitrineError,
        WrittenTooFast,
    )
    from engine.settings import Settings
    from engine.shop.search.result import SearchResult
    from engine.workspace import Workspace


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
