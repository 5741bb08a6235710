"""doors -> shop -> service -> {store, encode} -> core -> errors: read from the imports themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import engine

ROOT = Path(engine.__file__).parent
ROOT_MODULES = {"engine", "engine.errors", "engine.settings", "engine.optional"}
ALLOWED = {
    "core": {"core"},
    "store": {"store", "core"},
    "encode": {"encode", "core"},
    "service": {"service", "store", "encode", "core"},
    "shop": {"shop", "service", "store", "encode", "core"},
    "doors": {"doors", "shop", "service", "store", "encode", "core"},
}
# A heavy package and the one file (or, for Arrow, the layers) that may import it.
WALLS = {
    "faiss": {"store/segments/ann.py"},
    "duckdb": {"store/segments/metadata.py"},
    "torch": {"encode/models/clip.py"},
    "open_clip": {"encode/models/clip.py", "encode/models/sources.py", "encode/model_list.py"},
    "huggingface_hub": {"encode/models/hub.py", "encode/model_list.py"},
    "safetensors": {"encode/models/clip.py"},
    "onnxruntime": {"encode/models/onnx.py"},
    "tokenizers": {"encode/models/onnx.py"},
    "PIL": {"encode/photos/"},
    "sqlite3": {"encode/cache/embeddings.py", "encode/cache/file.py", "encode/cache/salvage.py"},
    "deltalake": {"store/tables/delta.py"},
    "lark": {"core/filters/grammar.py"},
    "pandas": {"shop/search/result.py"},
    "click": {"doors/"},
    "pytest": {"doors/installed/vitrine_search/pytest_plugin.py"},
    "databricks": {"doors/sdk.py"},
    "fcntl": {"locks.py"},
    "fastapi": {"doors/http/"},
    "starlette": {"doors/http/"},
    "anyio": {"doors/http/"},
    "prometheus_client": {"doors/http/"},
    "uvicorn": {"doors/http/"},
    "tantivy": {"store/segments/inverted_index.py"},
    "pyarrow": {"store/", "service/", "encode/pipeline.py"},
}
FILES = sorted(path for path in ROOT.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module that a file imports, at the top, inside functions or through `require`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == "engine" or (node.module or "").count(".") == 1:
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
            found.add(ast.literal_eval(node.args[0]))
    return found


def layer_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "engine" and parts[1] in ALLOWED else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_layer_imports_only_from_the_layers_below_it(path: Path) -> None:
    relative = path.relative_to(ROOT)
    own = relative.parts[0] if len(relative.parts) > 1 else None
    if own is None:
        if path.name == "__init__.py":
            return  # public names of all layers, on demand
        reached = {layer_of(module) for module in imported(path)} - {None}
        assert not reached, f"{relative} is below all layers but imports {reached}"
        return
    for module in imported(path):
        layer = layer_of(module)
        assert layer is None or layer in ALLOWED[own], f"{relative} imports {module}"


def test_every_folder_is_a_layer() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/*.py")}
    assert folders <= set(ALLOWED)


@pytest.mark.parametrize("package", WALLS)
def test_a_heavy_package_is_imported_inside_its_wall_only(package: str) -> None:
    inside = {
        str(path.relative_to(ROOT))
        for path in FILES
        if any(module.split(".")[0] == package for module in imported(path))
    }
    allowed = WALLS[package]
    outside = {file for file in inside if not any(file.startswith(wall) for wall in allowed)}
    assert not outside
    assert inside, f"no file imports {package}: the wall's entry is stale"
