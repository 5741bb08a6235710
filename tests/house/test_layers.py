"""doors -> bench -> workspace -> shop -> service -> {store, encode} -> core -> errors, from imports."""

from __future__ import annotations

import functools
from collections.abc import Set
from pathlib import Path

import pytest
from support.imports import imports_of

import engine

ROOT = Path(engine.__file__).parent
ALLOWED = {
    "core": {"core"},
    "store": {"store", "core"},
    "encode": {"encode", "core"},
    "service": {"service", "store", "encode", "core"},
    "shop": {"shop", "service", "store", "encode", "core"},
    "workspace": {"shop", "service", "store", "encode", "core"},
    "bench": {"bench", "workspace", "shop", "service", "store", "encode", "core"},
    "spark": {"spark", "workspace", "shop", "service", "store", "encode", "core"},
    "doors": {"doors", "spark", "bench", "workspace", "shop", "service", "store", "encode", "core"},
}
# A heavy package, and the one file (for some, the folders) that may import it.
WALLS = {
    "faiss": {"store/segments/ann/", "bench/contestants/"},
    "duckdb": {"store/segments/metadata.py", "service/sql/database.py", "bench/contestants/"},
    "sqlglot": {"service/sql/"},
    "torch": {
        "encode/models/clip.py",
        "shop/training/",
        "store/segments/device/torch_device.py",
        "bench/embedding/",
    },
    "timm": {"shop/training/towers/image.py"},
    "open_clip": {
        "encode/models/clip.py",
        "encode/models/sources.py",
        "encode/model_list.py",
        "bench/embedding/",
    },
    "huggingface_hub": {"encode/models/hub.py", "encode/model_list.py"},
    "safetensors": {
        "encode/models/clip.py",
        "encode/models/sentence_bert.py",
        "shop/training/towers/teacher.py",
    },
    "sentence_transformers": {
        "encode/models/sentence_library.py",
        "bench/embedding/contestants/sentences.py",
    },
    "onnx": {"encode/models/bert_graph.py", "shop/training/onnx_form/"},
    "onnxruntime": {"encode/models/onnx.py", "bench/embedding/contestants/onnx_loop.py"},
    "tokenizers": {
        "encode/models/onnx.py",
        "encode/models/sentence_bert.py",
        "shop/training/",
        "bench/embedding/contestants/onnx_loop.py",
    },
    "PIL": {
        "encode/images.py",
        "encode/photos/",
        "shop/evaluation/surroundings.py",
        "shop/training/progress/curve.py",
        "bench/embedding/contestants/",
    },
    "sqlite3": {"encode/cache/embeddings.py", "encode/cache/file.py", "encode/cache/salvage.py"},
    "deltalake": {
        "store/tables/delta.py",
        "store/tables/delta_writing.py",
        "bench/scale/tables.py",
    },
    "chardet": {"shop/catalogue/sources/sniffing.py"},
    "clevercsv": {"shop/catalogue/sources/sniffing.py"},
    "lark": {"core/filters/grammar.py"},
    "mcp": {"doors/mcp/library.py"},
    "IPython": {"doors/notebook/shell.py"},
    "traitlets": {"doors/notebook/shell.py"},
    "markdown_it": {"doors/notebook/showing/markdown.py"},
    "mlflow": {"encode/models/pyfunc.py"},
    "pandas": {"shop/search/result.py"},
    "pyspark": {"spark/"},
    "sklearn": {"shop/latent/probes.py"},
    "openTSNE": {"shop/projection/tsne.py"},
    "h5py": {"bench/vectors/hdf5.py"},
    "ir_measures": {"bench/retrieval/measures.py"},
    "matplotlib": {"bench/report/plots/"},
    "click": {"doors/"},
    "pytest": {"doors/installed/vitrine_search/pytest_plugin.py"},
    "databricks": {"doors/sdk.py"},
    "fcntl": {"locks.py"},
    "fastapi": {"doors/http/"},
    "pydantic": {"doors/http/shop/"},
    "starlette": {"doors/http/", "doors/mcp/library.py", "doors/mcp/route.py"},
    "anyio": {"doors/http/", "doors/mcp/library.py", "doors/mcp/route.py"},
    "prometheus_client": {"doors/http/"},
    "uvicorn": {"doors/http/"},
    "yaml": {"core/yaml_text.py"},
    "trustme": {"doors/http/certificates/authority.py"},
    "certifi": {"doors/http/certificates/bundle.py"},
    "jinja2": {"shop/page/rendering.py"},
    "markupsafe": {"shop/page/rendering.py"},
    "tqdm": {"progress.py"},
    "wcwidth": {"text_table.py"},
    "tantivy": {"store/segments/inverted_index.py"},
    "pyarrow": {
        "core/arrow/",
        "core/types.py",
        "store/",
        "service/",
        "shop/",
        "encode/arrow_rows.py",
        "encode/pipeline.py",
        "bench/",
        "spark/",
    },
}
FILES = sorted(path for path in ROOT.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]


@functools.cache  # a file is looked at for each wall
def imported(path: Path) -> frozenset[str]:
    """Every module that a file imports, at the top, inside functions or through `require`."""
    found: set[str] = set()
    for level, module, names in imports_of(path):
        assert level == 0, f"{path}: relative import"
        found |= {module, *(f"{module}.{name}" for name in names)}
    return frozenset(found)


def layer_of(module: str) -> str | None:
    """The layer of a module by its dotted name; None for those of other packages and below all."""
    parts = module.split(".")
    if parts[:2] == ["engine", "Workspace"]:
        return "workspace"
    return parts[1] if len(parts) > 1 and parts[0] == "engine" and parts[1] in ALLOWED else None


def wrong(name: str, modules: Set[str]) -> set[str]:
    """What a file imports that its layer may not; a file of no layer may import none."""
    own = name.partition("/")[0].removesuffix(".py")
    allowed = ALLOWED.get(own, set())
    return {module for module in modules if layer_of(module) not in {None, *allowed}}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_layer_imports_only_from_the_layers_below_it(path: Path) -> None:
    if path == ROOT / "__init__.py":
        return  # public names of all layers, on demand
    assert not wrong(str(path.relative_to(ROOT)), imported(path))


def test_nothing_below_the_doors_takes_a_whole_workspace() -> None:
    takers = {name for name, path in zip(NAMES, FILES) if "engine.workspace" in imported(path)}
    assert {name for name in takers if not name.startswith(("doors/", "bench/", "spark/"))} == {
        "__init__.py"
    }


def test_a_wrong_import_is_found() -> None:
    assert wrong("core/names.py", {"engine.core.rows", "engine.errors", "json"}) == set()
    assert wrong("core/names.py", {"engine.store.layout"}) == {"engine.store.layout"}
    assert wrong("store/layout.py", {"engine.encode.pipeline"}) == {"engine.encode.pipeline"}
    assert wrong("shop/demo.py", {"engine.workspace"}) == {"engine.workspace"}
    assert wrong("shop/demo.py", {"engine.Workspace"}) == {"engine.Workspace"}
    assert wrong("workspace.py", {"engine.shop.shop", "engine.doors.rest"}) == {"engine.doors.rest"}
    assert wrong("locks.py", {"engine.core.names", "engine.errors"}) == {"engine.core.names"}


def test_every_folder_is_a_layer() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/*.py")}
    assert folders == set(ALLOWED) - {"workspace"}


def test_what_an_installation_adds_is_a_name_for_the_outside_only() -> None:
    users = {name for name, path in zip(NAMES, FILES) if "vitrine_search" in imported(path)}
    assert not {name for name in users if not name.startswith("doors/installed/")}


@pytest.mark.parametrize("package", WALLS)
def test_a_heavy_package_is_imported_inside_its_wall_only(package: str) -> None:
    inside = {
        name
        for name, path in zip(NAMES, FILES)
        if any(module.split(".")[0] == package for module in imported(path))
    }
    walls = WALLS[package]
    assert not {file for file in inside if not file.startswith(tuple(walls))}
    stale = {wall for wall in walls if not any(file.startswith(wall) for file in inside)}
    assert not stale, "no file there imports it"
