"""A workspace: the operations, one method each, plain values in and out. What every door calls."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.core.names import IMAGE_VOLUME, KEY, PRODUCTS, table_name
from engine.core.query import DEFAULT_RESULTS
from engine.errors import InvalidInputException
from engine.service.search.queries import Queries
from engine.service.unity_catalog import get_table, list_tables
from engine.settings import Settings
from engine.shop import search as shopping
from engine.shop.recipes import DEFAULT_RECIPE, check_recipe
from engine.store.layout import Layout
from engine.store.volumes import VolumeStore

if TYPE_CHECKING:
    from engine.encode.photos.fitting import ImageInput
    from engine.shop.building import BuildReport
    from engine.shop.embedding import EmbedReport
    from engine.shop.importing import ImportReport
    from engine.shop.result import SearchResult


class Workspace(Queries):
    """A directory of tables, volumes, endpoints and indexes, and everything that can be done there.

    Safe to use from many threads; several processes may open one directory.
    """

    def __init__(self, path: str | Path | None = None, settings: Settings | None = None) -> None:
        """Open a workspace; its directory is made when something is written.

        Args:
            path: the directory; None for `$VITRINE_WORKSPACE`, else `~/.vitrine`.
            settings: encoder, device and reply options; None reads the environment.

        Raises:
            InvalidInputException: `path` is a file.
        """
        chosen = settings or Settings.from_environment(os.environ)
        if path is not None:
            given = Settings.path_from
            chosen = replace(chosen, path=Path(path).expanduser(), path_from=given)
        if chosen.path.is_file():
            raise InvalidInputException(f"workspace {chosen.path} is a file; expected a directory.")
        self.path = chosen.path
        super().__init__(Layout(chosen.path), chosen)
        self.volumes = VolumeStore(self._layout)

    # ------------------------------------------------------------------ tables and volumes
    def read_table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A table as a pyarrow Table; `products` stands for `main.fashion_demo.products`.

        Raises:
            NotFound: no such table. BadSourceFile: a column that it lacks, or files that can't be read.
            InvalidInputException: a column that is asked for twice.
        """
        return self.tables.get(table_name(name)).read(columns)

    def write_table(self, name: str, table: pa.Table) -> None:
        """Make or replace a table with the rows of a pyarrow Table.

        Raises:
            InvalidInputException: no table, a name twice among its columns, a type that Parquet lacks.
        """
        if not isinstance(table, pa.Table):
            raise InvalidInputException(
                f"table is {table!r:.80}; expected a pyarrow Table, such as pa.Table.from_pylist(rows)."
            )
        self.tables.write(table_name(name), table)

    def drop_table(self, name: str) -> None:
        """Forget a table, also a damaged one; registered files stay where they are.

        Raises:
            NotFound: no such table.
        """
        self.tables.drop(table_name(name))

    def register_table(self, name: str, files: str | Path | Iterable[str | Path]) -> int:
        """Make exported Parquet files a table where they lie; returns the number of rows.

        Files may differ in a column's type where one type holds the values of all exactly. Folders
        named `key=value` bring that column.

        Args:
            files: files, folders or patterns; nothing is copied or changed.

        Raises:
            BadSourceFile: a file is missing, not Parquet, has other columns than the first or values
                that go with no common type, or belongs to this workspace.
        """
        paths = [files] if isinstance(files, (str, Path)) else list(files)
        return self.tables.register(table_name(name), paths).num_rows

    def list_tables(self) -> list[str]:
        """Full names of all tables, sorted."""
        return [str(name) for name in self.tables.names()]

    def damaged_tables(self) -> dict[str, str]:
        """Why tables can't be used, by name; those that can are not among them."""
        faults = {str(name): self.tables.fault(name) for name in self.tables.names()}
        return {name: fault for name, fault in faults.items() if fault is not None}

    def get_table(self, name: str) -> dict[str, Any]:
        """A table, or an index, with its columns, as Unity Catalog describes it. Raises NotFound."""
        return get_table(self, name)

    def describe_tables(
        self, names: Iterable[str], *, columns: bool = True
    ) -> list[dict[str, Any]]:
        """Some tables as `get_table` describes them; a damaged one has a comment that says why."""
        return list_tables(self, names, columns)

    def register_volume(self, path: str, folder: str | Path) -> None:
        """Let `/Volumes/...` stand for a folder of this machine, read in place.

        Raises:
            InvalidParameterValue: not a volume path. BadSourceFile: no such folder.
        """
        self.volumes.register(path, folder)

    def import_fashion(
        self, styles_csv: str | Path, images_dir: str | Path, *, encoding: str | None = None
    ) -> ImportReport:
        """Read the public fashion layout into `main.fashion_demo.products`.

        The image folder is registered as the volume's `images`, not copied.

        Args:
            encoding: of the file, such as "cp1252"; None for UTF-8, or what a byte order mark tells.

        Raises:
            BadSourceFile: names file, line and value of what can't be read.
        """
        from engine.shop.importing import read_styles

        table, report = read_styles(styles_csv, images_dir, encoding)
        self.volumes.register(IMAGE_VOLUME, images_dir)
        self.tables.write(table_name(PRODUCTS), table)
        return report

    # ------------------------------------------------------------------ embedding
    def embed(
        self,
        table: str = PRODUCTS,
        *,
        encoder: str | None = None,
        recipe: str = DEFAULT_RECIPE,
        limit_photos: int | None = None,
        primary_key: str = KEY,
    ) -> EmbedReport:
        """Embed photos and texts of a products table and write the embedding tables beside it.

        What was encoded before, under the same model, is not encoded again, also after an
        interruption. Rows that fail are listed in `embedding_failures` with key, stage and reason.

        Args:
            encoder: name of the encoder, see `load_encoder`; None for the workspace's default.
            recipe: how a product's text is put together, "full-v1" or "short-v1".
            limit_photos: embed only the first so many products that have a photo.

        Raises:
            NotFound: no such table. ModelUnavailable, MissingExtra: the encoder can't be loaded.
        """
        # Modules of the embedding pipeline, Pillow among them, which queries don't need.
        from engine.encode.cache.embeddings import EmbeddingCache
        from engine.shop.embedding import Embedder

        if limit_photos is not None and limit_photos < 1:
            raise InvalidInputException(f"limit_photos is {limit_photos}; expected at least 1.")
        source = self.tables.get(table_name(table))
        cache = EmbeddingCache(self._layout.cache_file)
        try:
            embedder = Embedder(
                self.tables,
                self.volumes,
                cache,
                self.encoder(encoder),
                source,
                primary_key,
                check_recipe(recipe),
                limit_photos,
            )
            from engine.service import progress

            # disable=None: silent when standard error is not a terminal
            with progress.bar(total=2 * source.num_rows, unit="item", desc="embed") as bar:
                return embedder.run(bar.update)
        finally:
            cache.close()

    def build(
        self,
        styles_csv: str | Path,
        images_dir: str | Path,
        *,
        encoder: str | None = None,
        recipe: str = DEFAULT_RECIPE,
        limit_photos: int | None = None,
        encoding: str | None = None,
    ) -> BuildReport:
        """From the public fashion layout to the shop's endpoint and three synced indexes.

        Indexes that exist are synced. See `import_fashion`, `embed` and `create_index`.
        """
        from engine.shop.building import build

        return build(self, styles_csv, images_dir, encoder, recipe, limit_photos, encoding)

    # ------------------------------------------------------------------ the shop's searches
    def search(
        self,
        text: str | None = None,
        *,
        image: ImageInput | None = None,
        like: object = None,
        vector: Sequence[float] | None = None,
        text_weight: float | None = None,
        index: str | None = None,
        filters: object = None,
        k: int = DEFAULT_RESULTS,
        columns: Sequence[str] | None = None,
        encoder: str | None = None,
        exact: bool = False,
        query_type: str | None = None,
    ) -> SearchResult:
        """Search by words, by a photo, by both, like a product, or with a vector of your own.

        Args:
            text: what to look for. image: a path, bytes or PIL image.
            like: primary key of a product; it is not among the results.
            text_weight: share of the text in a blend of both, 0 to 1, default 0.5.
            index: full name, or a last part that no other index has; default `vs_image_search`, and
                `vs_hybrid_search` for a blend or `like`.
            filters: as in the API, `{"price <": 50, "gender": "Women"}` or `"price < 50"`.
            k: results wanted, 1 to 10,000 (HYBRID and FULL_TEXT: 200).
            columns: default the product's columns.
            encoder: the model's name, for an index over a table that was made elsewhere.
            exact: look at every row that passes, instead of the likely ones first.
            query_type: ANN (default) compares meanings, FULL_TEXT finds words (BM25), HYBRID fuses
                both rankings; see `query_index` for their scores.

        Returns:
            rows with score and cosine, best first; no cosine for rows that only words found.

        Raises:
            InvalidInputException: no query, or parts that don't go together.
            BadImage, NotFound, InvalidState, BadRequest, InvalidParameterValue.
        """
        return shopping.search(
            self,
            text=text,
            image=image,
            like=like,
            vector=vector,
            text_weight=text_weight,
            index=index,
            filters=filters,
            k=k,
            columns=columns,
            encoder=encoder,
            exact=exact,
            query_type=query_type,
        )
