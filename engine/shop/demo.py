"""The demo: the bundled sample as a shop with people, and one search of each kind. Knows no printing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.core.names import table_name
from engine.errors import InvalidState, NotFound
from engine.shop.building import BuildReport
from engine.shop.bundled import bundled_file
from engine.shop.catalogue.catalogue import FASHION
from engine.shop.names import IMAGE_PATH, PRODUCTS
from engine.shop.people.report import UsersReport
from engine.shop.people.request import UsersRequest
from engine.shop.products.importing import read_styles
from engine.shop.search.request import SearchRequest
from engine.shop.search.result import SearchResult
from engine.shop.shop import Shop
from engine.store.tables.table_store import TableStore
from engine.store.volumes import VolumeStore

DEMO_DIR = "vitrine-demo"  # in the current folder
_KEY, _KIND, _COLOR = FASHION.key, str(FASHION.kind), str(FASHION.color)
_COLUMNS = tuple(name for name in FASHION.shown if name != _KIND)


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
    return bundled_file("sample/styles.csv").parent


@dataclass(frozen=True)
class Demo:
    """The sample in a workspace, and searches that show it.

    Attributes:
        path: the workspace's directory, for messages.
    """

    shop: Shop
    tables: TableStore
    volumes: VolumeStore
    path: Path

    def build(self, encoder: str | None = None) -> BuildReport:
        """Import, embed and index the sample.

        Raises:
            InvalidState: the workspace holds other products, which would be replaced.
        """
        sample = sample_dir()
        self._check_no_others(sample)
        return self.shop.build(sample / "styles.csv", sample / "images", encoder=encoder)

    def people(self) -> UsersReport:
        """Make users of the workspace's interactions; the five personas where it has none."""
        return self.shop.people.build_users(UsersRequest())

    def searches(self, k: int = 3) -> list[Step]:
        """A text, an image, a hybrid and a filtered search."""
        words = "red summer dress"
        photo = str(self._first_photo("Handbags", "Black"))
        cheap = {"price <": 60, "gender": "Women"}
        steps = [
            ("by words", f'"{words}"', SearchRequest(words)),
            ("by a photo", f"--image {photo}", SearchRequest(image=photo)),
            (
                "by both",
                f'"in brown" --image {photo} --text-weight 0.4',
                SearchRequest("in brown", image=photo, text_weight=0.4),
            ),
            (
                "by words, filtered",
                f'"{words}" --filter \'{{"price <": 60, "gender": "Women"}}\'',
                SearchRequest(words, filters=cheap),
            ),
        ]
        return [
            Step(title, arguments, self.shop.search(replace(asked, k=k, columns=_COLUMNS)))
            for title, arguments, asked in steps
        ]

    def _check_no_others(self, sample: Path) -> None:
        try:
            held = self._products([_KEY])
        except NotFound:
            return
        products, _ = read_styles(sample / "styles.csv", sample / "images")
        own = set(products[_KEY].to_pylist())
        if not {product[_KEY] for product in held} <= own:
            raise InvalidState(
                f"workspace {self.path} holds products of another catalogue, and the demo would "
                "replace them. Give the demo a folder of its own: vitrine demo --workspace DIR"
            )

    def _first_photo(self, kind: str, color: str) -> Path:
        for product in self._products([IMAGE_PATH, _KIND, _COLOR]):
            if (product[_KIND], product[_COLOR]) == (kind, color):
                return self.volumes.resolve(product[IMAGE_PATH])
        raise NotFound(f"The sample has no {color} {kind}.")

    def _products(self, columns: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.tables.get(table_name(PRODUCTS)).read(columns).to_pylist()
        return rows
