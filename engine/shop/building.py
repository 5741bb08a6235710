"""From a folder of photos and a table of products to the shop's indexes, in one go."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.index_request import IndexRequest
from engine.core.names import table_name
from engine.core.schema import IndexSpec, SyncReport
from engine.service.indexes.operations import Indexes
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.embedding.report import EmbedReport
from engine.shop.embedding.request import ALL
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, MULTIMODAL, TEXT_INDEX, WITH_TEXT
from engine.shop.products.importing import ImportReport
from engine.shop.projection.making import MapReport

SHOP_INDEXES = {
    IMAGE_INDEX: "image_embedding",
    TEXT_INDEX: "text_embedding",
    HYBRID_INDEX: "hybrid_embedding",
}


@dataclass(frozen=True)
class BuildReport:
    """What a build did, step by step; `synced` is by index name.

    `map` is why there is none where it could not be made, and None where none was asked for.
    """

    imported: ImportReport
    embedded: EmbedReport
    synced: dict[str, SyncReport]
    map: MapReport | str | None = None


def sync_shop_indexes(
    indexes: Indexes, catalogue: Catalogue, text_index: str, dimension: int
) -> dict[str, SyncReport]:
    """Create the shop's endpoint and indexes, or sync those that exist; what was done, by name.

    One that was made for another key, other columns or another table is made anew.

    Args:
        text_index: "all" for an index of all products that have a text.
        dimension: of the vectors; a table may have none yet.
    """
    synced = {}
    for name, column in SHOP_INDEXES.items():
        source = WITH_TEXT if name == TEXT_INDEX and text_index == ALL else MULTIMODAL
        request = IndexRequest(
            name,
            source_table=str(table_name(source)),
            vector_column=column,
            dimension=dimension,
            primary_key=catalogue.key,
            columns_to_sync=catalogue.columns,
            create_endpoint=True,
        )
        if indexes.exists(name) and not _fits(indexes.open_served(name)[0], request, catalogue):
            indexes.delete(name)
        if indexes.exists(name):
            synced[name] = indexes.sync(name)
        else:
            synced[name] = indexes.create(request)
    return synced


def _fits(spec: IndexSpec, request: IndexRequest, catalogue: Catalogue) -> bool:
    """Whether an index that exists is the one that is asked for; of the fashion layout also one that
    somebody made with other columns."""
    ours = {str(table_name(name)) for name in (MULTIMODAL, WITH_TEXT)}
    if spec.primary_key != request.primary_key:
        return False
    if spec.source_table in ours and spec.source_table != request.source_table:
        return False
    return catalogue == FASHION or spec.columns_to_sync == tuple(catalogue.columns)
