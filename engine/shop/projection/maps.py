"""Maps of a workspace's indexes, as operations; what they need is loaded when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.service.indexes.operations import Indexes
from engine.shop.browsing.products import Products
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore

if TYPE_CHECKING:
    from engine.shop.projection.making import MapMaking, MapReport
    from engine.shop.projection.product_map import ProductMap


class Maps:
    """The maps of a workspace. Safe to use from many threads."""

    def __init__(
        self, layout: Layout, tables: TableStore, indexes: Indexes, products: Products
    ) -> None:
        self._layout, self._tables = layout, tables
        self._indexes, self._products = indexes, products

    def build_map(self, index: str | None = None, *, anew: bool = False) -> MapReport:
        """Project the vectors of an index to two dimensions, and keep that as its map.

        By t-SNE, which keeps neighbours together, where the extra `map` is installed; else by
        principal components. The same vectors give the same map.

        Args:
            index: full name, or a last part that no other index has; None for the photos', or the
                texts' where no product has a photo.
            anew: also where a map of all these vectors is there.

        Raises:
            NotFound: no such index. InvalidState: it has no products.
            InvalidInputException: it is a full-text index. StorageFailed, Locked: can't be written.
        """
        return self._making().build_map(index, anew)

    def product_map(self, index: str | None = None) -> ProductMap:
        """The map of an index's products as they are now.

        Products that came, or whose vectors changed, after it was made lie among their nearest.

        Args:
            index: as for `build_map`.

        Raises:
            MapMissing: none was made, or it was made of other vectors; says what to do.
            CorruptFile: it is damaged. See also `build_map`.
        """
        return self._making().product_map(index)

    def keep_up(self) -> MapReport | str:
        """Make the usual map, unless one is there in which few products are missing.

        Returns:
            what was done, or why there is no map: what is wrong with a map fails nothing else.
        """
        return self._making().keep_up()

    def _making(self) -> MapMaking:
        from engine.shop.projection.making import MapMaking
        from engine.shop.projection.stored import MapStore

        return MapMaking(self._tables, self._indexes, self._products, MapStore(self._layout))
