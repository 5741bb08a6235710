"""From a folder of photos and a table of products to the shop's indexes, in one go."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.index_request import IndexRequest
from engine.core.names import table_name
from engine.core.schema import SyncReport
from engine.service.indexes.operations import Indexes
from engine.shop.embedding.report import EmbedReport
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, MULTIMODAL, TEXT_INDEX
from engine.shop.products.columns import PRODUCT_COLUMNS
from engine.shop.products.importing import ImportReport

SHOP_INDEXES = {
    IMAGE_INDEX: "image_embedding",
    TEXT_INDEX: "text_embedding",
    HYBRID_INDEX: "hybrid_embedding",
}


@dataclass(frozen=True)
class BuildReport:
    """What a build did, step by step; `synced` is by index name."""

    imported: ImportReport
    embedded: EmbedReport
    synced: dict[str, SyncReport]


def sync_shop_indexes(indexes: Indexes) -> dict[str, SyncReport]:
    """Create the shop's endpoint and indexes, or sync those that exist; what was done, by name."""
    synced = {}
    for name, column in SHOP_INDEXES.items():
        if indexes.exists(name):
            synced[name] = indexes.sync(name)
        else:
            request = IndexRequest(
                name,
                source_table=str(table_name(MULTIMODAL)),
                vector_column=column,
                columns_to_sync=PRODUCT_COLUMNS,
                create_endpoint=True,
            )
            synced[name] = indexes.create(request)
    return synced
