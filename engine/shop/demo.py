"""The demo: a workspace from the bundled sample, and one search of each kind. Knows no printing."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import InvalidState, NotFound
from engine.optional import DISTRIBUTION, restore_line
from engine.shop.building import BuildReport
from engine.shop.products.importing import read_styles
from engine.shop.search.result import SearchResult
from engine.workspace import Workspace

DEMO_DIR = "vitrine-demo"  # in the current folder
_CHECKED_OUT = Path(__file__).parents[2] / "datasets" / "sample"
_COLUMNS = ("product_id", "product_display_name", "base_color", "price")


@dataclass(frozen=True)
class Step:
    """One search of the demo, and how to type it."""

    title: str
    command: str
    result: SearchResult


def sample_dir() -> Path:
    """The bundled sample catalogue: `styles.csv` and `images/`.

    Raises:
        NotFound: the package was installed without it.
    """
    candidates = [_CHECKED_OUT / "styles.csv", *_installed("sample/styles.csv")]
    for file in candidates:
        if file.is_file():
            return file.parent
    raise NotFound(
        f"The sample catalogue is not at {', '.join(map(str, candidates))}. "
        f"{restore_line('datasets/sample')}"
    )


def _installed(ending: str) -> list[Path]:
    """Files of the installed distribution with this ending, wherever the installer put them."""
    files = importlib.metadata.files(DISTRIBUTION) or []
    return [Path(str(f.locate())).resolve() for f in files if f.as_posix().endswith(ending)]


def build_demo(workspace: Workspace, encoder: str | None = None) -> BuildReport:
    """Import, embed and index the sample.

    Raises:
        InvalidState: the workspace holds other products, which would be replaced.
    """
    sample = sample_dir()
    _check_no_others(workspace, sample)
    return workspace.build(sample / "styles.csv", sample / "images", encoder=encoder)


def _check_no_others(workspace: Workspace, sample: Path) -> None:
    try:
        there = workspace.read_table("products", ["product_id"])["product_id"].to_pylist()
    except NotFound:
        return
    products, _ = read_styles(sample / "styles.csv", sample / "images")
    if not set(there) <= set(products["product_id"].to_pylist()):
        raise InvalidState(
            f"workspace {workspace.path} holds products of another catalogue, and the demo would "
            "replace them. Give the demo a folder of its own: vitrine demo --workspace DIR"
        )


def demo_searches(workspace: Workspace, k: int = 3) -> list[Step]:
    """A text, an image, a hybrid and a filtered search."""
    words = "red summer dress"
    photo = str(_first_photo(workspace, "Handbags", "Black"))
    cheap = {"price <": 60, "gender": "Women"}
    searches: list[tuple[str, str, dict[str, Any]]] = [
        ("by words", f'"{words}"', {"text": words}),
        ("by a photo", f"--image {photo}", {"image": photo}),
        (
            "by both",
            f'"in brown" --image {photo} --text-weight 0.4',
            {"text": "in brown", "image": photo, "text_weight": 0.4},
        ),
        (
            "by words, filtered",
            f'"{words}" --filter \'{{"price <": 60, "gender": "Women"}}\'',
            {"text": words, "filters": cheap},
        ),
    ]
    return [
        Step(title, arguments, workspace.search(k=k, columns=_COLUMNS, **call))
        for title, arguments, call in searches
    ]


def _first_photo(workspace: Workspace, article_type: str, color: str) -> Path:
    products = workspace.read_table("products", ["image_path", "article_type", "base_color"])
    for product in products.to_pylist():
        if (product["article_type"], product["base_color"]) == (article_type, color):
            return workspace.volumes.resolve(product["image_path"])
    raise NotFound(f"The sample has no {color} {article_type}.")
