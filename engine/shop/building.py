"""From a folder of photos and a table of products to the shop's indexes, in one go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.core.names import table_name
from engine.core.schema import SyncReport
from engine.shop.embedding import MULTIMODAL, EmbedReport
from engine.shop.importing import PRODUCT_COLUMNS, ImportReport
from engine.shop.search import HYBRID_INDEX, IMAGE_INDEX, TEXT_INDEX

if TYPE_CHECKING:
    from engine.workspace import Workspace

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


def build(
    workspace: Workspace,
    styles_csv: str | Path,
    images_dir: str | Path,
    encoder: str | None,
    recipe: str,
    limit_photos: int | None,
    encoding: str | None = None,
) -> BuildReport:
    """See `Workspace.build`."""
    imported = workspace.import_fashion(styles_csv, images_dir, encoding=encoding)
    embedded = workspace.embed(encoder=encoder, recipe=recipe, limit_photos=limit_photos)
    synced = {}
    for name, column in SHOP_INDEXES.items():
        if workspace.index_exists(name):
            synced[name] = workspace.sync(name)
        else:
            synced[name] = workspace.create_index(
                name,
                source_table=str(table_name(MULTIMODAL)),
                vector_column=column,
                columns_to_sync=PRODUCT_COLUMNS,
                create_endpoint=True,
            )
    return BuildReport(imported, embedded, synced)
