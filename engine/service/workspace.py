"""A workspace: the operations, one method each, plain values in and out. What every door calls."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from tqdm import tqdm

from engine.core.names import ENDPOINT, IMAGE_VOLUME, PRODUCTS, table_name
from engine.core.query import DEFAULT_RESULTS, build_query
from engine.core.recipes import DEFAULT_RECIPE, check_recipe
from engine.core.schema import IndexSpec, SyncReport
from engine.encode.cache import EmbeddingCache
from engine.encode.encoder import Encoder, load_encoder
from engine.errors import BadRequest, InvalidInputException, InvalidParameterValue, NotFound
from engine.service import search as searching
from engine.service import shopping
from engine.service.building import BuildReport, build
from engine.service.catalog import Catalog
from engine.service.embedding import Embedder, EmbedReport
from engine.service.importing import ImportReport, read_styles
from engine.service.sql import execute
from engine.service.sync import sync, version_columns
from engine.settings import Settings
from engine.store.layout import Layout
from engine.store.tables import TableStore
from engine.store.versions import Version, VersionStore
from engine.store.volumes import VolumeStore

if TYPE_CHECKING:
    from engine.encode.available import ModelInfo, Speed
    from engine.encode.images import ImageInput
    from engine.service.result import SearchResult

KEY = "product_id"


class Workspace:
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
            chosen = replace(chosen, path=Path(path).expanduser())
        if chosen.path.is_file():
            raise InvalidInputException(f"workspace {chosen.path} is a file; expected a directory.")
        self.settings = chosen
        self.path = chosen.path
        self._layout = Layout(chosen.path)
        self.tables = TableStore(self._layout)
        self.volumes = VolumeStore(self._layout)
        self.catalog = Catalog(self._layout, self.tables)
        self._encoders: dict[str, Encoder] = {}

    def encoder(self, name: str | None = None) -> Encoder:
        """An encoder by name (None: this workspace's default), loaded once for each workspace."""
        wanted = name or self.settings.encoder
        if wanted not in self._encoders:
            self._encoders[wanted] = load_encoder(wanted, self.settings.device)
        return self._encoders[wanted]

    def list_models(self) -> list[ModelInfo]:
        """Models that can be used here: embedded, in the hub's cache, known to open_clip."""
        from engine.encode.available import available_models  # loads onnxruntime

        return available_models()

    def measure_model(self, name: str) -> Speed:
        """Texts and photos that a model encodes in a second on this machine.

        Raises:
            ModelUnavailable, MissingExtra: it can't be loaded here.
        """
        from engine.encode.available import measure

        return measure(name, self.settings.device)

    # ------------------------------------------------------------------ tables and volumes
    def read_table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A table as a pyarrow Table; `products` stands for `main.fashion_demo.products`.

        Raises:
            NotFound: no such table.
        """
        return self.tables.get(table_name(name)).read(columns)

    def write_table(self, name: str, table: pa.Table) -> None:
        """Make or replace a table with the rows of a pyarrow Table."""
        self.tables.write(table_name(name), table)

    def register_table(self, name: str, files: str | Path | Iterable[str | Path]) -> int:
        """Make exported Parquet files a table where they lie; returns the number of rows.

        Args:
            files: files, folders or patterns; nothing is copied or changed.

        Raises:
            BadSourceFile: a file is missing, not Parquet, or has other columns than the first.
        """
        paths = [files] if isinstance(files, (str, Path)) else list(files)
        return self.tables.register(table_name(name), paths).num_rows

    def list_tables(self) -> list[str]:
        """Full names of all tables, sorted."""
        return [str(name) for name in self.tables.names()]

    def register_volume(self, path: str, folder: str | Path) -> None:
        """Let `/Volumes/...` stand for a folder of this machine, read in place.

        Raises:
            InvalidParameterValue: not a volume path. BadSourceFile: no such folder.
        """
        self.volumes.register(path, folder)

    def import_fashion(self, styles_csv: str | Path, images_dir: str | Path) -> ImportReport:
        """Read the public fashion layout into `main.fashion_demo.products`.

        The image folder is registered as the volume's `images`, not copied.

        Raises:
            BadSourceFile: names file, line and value of what can't be read.
        """
        table, report = read_styles(styles_csv, images_dir)
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
            # disable=None: silent when standard error is not a terminal
            with tqdm(total=2 * source.num_rows, unit="item", desc="embed", disable=None) as bar:
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
    ) -> BuildReport:
        """From the public fashion layout to the shop's endpoint and three synced indexes.

        Indexes that exist are synced. See `import_fashion`, `embed` and `create_index`.
        """
        return build(self, styles_csv, images_dir, encoder, recipe, limit_photos)

    # ------------------------------------------------------------------ endpoints
    def create_endpoint(self, name: str, endpoint_type: str = "STANDARD") -> dict[str, Any]:
        """Create an endpoint; see `Catalog.create_endpoint`."""
        return self.catalog.create_endpoint(name, endpoint_type)

    def get_endpoint(self, name: str) -> dict[str, Any]:
        """An endpoint as the API shows it. Raises NotFound."""
        return self.catalog.get_endpoint(name)

    def list_endpoints(self) -> list[dict[str, Any]]:
        """All endpoints, by name."""
        return self.catalog.list_endpoints()

    def endpoint_exists(self, name: str) -> bool:
        return any(endpoint["name"] == name for endpoint in self.list_endpoints())

    def delete_endpoint(self, name: str) -> None:
        """Delete an endpoint without indexes. Raises NotFound, InvalidState."""
        self.catalog.delete_endpoint(name)

    # ------------------------------------------------------------------ indexes
    def create_index(
        self,
        name: str,
        *,
        source_table: str,
        vector_column: str,
        primary_key: str = KEY,
        endpoint: str = ENDPOINT,
        dimension: int | None = None,
        pipeline_type: str = "TRIGGERED",
        columns_to_sync: Sequence[str] | None = None,
        create_endpoint: bool = False,
    ) -> SyncReport:
        """Create a delta sync index and fill it with its first sync.

        Args:
            create_endpoint: make the endpoint too where it does not exist.
            dimension: length of the vectors; None reads it from the table's first vector.

        Raises:
            see `Catalog.create_index`; InvalidParameterValue also when there is no vector to
            read the dimension from.
        """
        size = dimension
        if size is None:
            size = self._dimension_of(source_table, vector_column)
        if create_endpoint and not self.endpoint_exists(endpoint):
            self.create_endpoint(endpoint)
        spec = self.catalog.create_index(
            name,
            endpoint=endpoint,
            primary_key=primary_key,
            source_table=source_table,
            vector_column=vector_column,
            dimension=size,
            pipeline_type=pipeline_type,
            columns_to_sync=columns_to_sync,
        )
        return self._bring_up_to_date(spec, self.catalog.open(name)[1])

    def sql(self, statement: str) -> SyncReport | None:
        """Run `CREATE VECTOR SEARCH INDEX [IF NOT EXISTS] i ON t(column) USING ENDPOINT e`.

        The primary key is `product_id`, and the dimension that of the column's first vector.

        Returns:
            what the first sync did; None where the index exists and `IF NOT EXISTS` was said.

        Raises:
            NotSupported: any other statement. Otherwise as `create_index`.
        """
        return execute(self, statement)

    def _dimension_of(self, table: str, column: str) -> int:
        source = self.tables.get(table_name(table))
        if column in source.schema.names:
            for batch in source.batches([column], rows=64):
                for value in batch.column(0):
                    if value.is_valid:
                        return len(value)
        raise BadRequest(
            f"Table {source.name} has no vector in a column {column!r} to read the dimension from. "
            f"Columns: {', '.join(source.schema.names)}."
        )

    def sync(self, name: str) -> SyncReport:
        """Bring an index to the state of its source table.

        Raises:
            NotFound: no such index. BadRequest: a sync is running.
            InvalidParameterValue: the index is CONTINUOUS and does this by itself.
        """
        spec, versions = self.catalog.open(name)
        if spec.pipeline_type == "CONTINUOUS":
            raise InvalidParameterValue(
                f"Index {name} is CONTINUOUS: it follows its source table by itself, and only "
                "TRIGGERED indexes are synced by a call."
            )
        return self._bring_up_to_date(spec, versions)

    def _bring_up_to_date(self, spec: IndexSpec, versions: VersionStore) -> SyncReport:
        return sync(self._layout, self.tables, spec, versions)

    def _follow(self, spec: IndexSpec, versions: VersionStore) -> None:
        """Sync a CONTINUOUS index; where that can't be done now, what is there goes on serving."""
        if spec.pipeline_type == "CONTINUOUS":
            with contextlib.suppress(BadRequest, NotFound):
                self._bring_up_to_date(spec, versions)

    def version_of(self, name: str) -> tuple[IndexSpec, VersionStore, Version]:
        """An index and the version that a query reads; a CONTINUOUS index is synced before.

        Raises:
            NotFound: no such index. BadRequest: it has no version yet.
        """
        spec, versions = self.catalog.open(name)
        self._follow(spec, versions)
        version = versions.current()
        if version is None:
            raise BadRequest(f"Index {name} is not ready: it has no version yet. Sync it first.")
        return spec, versions, version

    def get_index(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """An index as the API's `describe()` shows it; a CONTINUOUS one is synced before.

        Raises:
            NotFound: no such index.
        """
        self._follow(*self.catalog.open(name, endpoint))
        return self.catalog.get_index(name, endpoint)

    def list_indexes(self, endpoint: str) -> list[dict[str, Any]]:
        """The indexes of an endpoint, by name. Raises NotFound."""
        return self.catalog.list_indexes(endpoint)

    def index_exists(self, name: str) -> bool:
        return any(spec.name == name for spec in self.catalog.specs())

    def delete_index(self, name: str, endpoint: str | None = None) -> None:
        """Delete an index and its files. Raises NotFound."""
        self.catalog.delete_index(name, endpoint)

    # ------------------------------------------------------------------ queries
    def query_index(
        self,
        name: str,
        *,
        columns: Sequence[str],
        query_vector: Sequence[float] | None = None,
        query_text: str | None = None,
        filters: object = None,
        num_results: int = DEFAULT_RESULTS,
        score_threshold: float | None = None,
        query_type: str | None = None,
        debug_level: int = 0,
    ) -> dict[str, Any]:
        """The API's query: a reply with manifest, result and the next page's token.

        Raises:
            NotFound, BadRequest, InvalidParameterValue, NotSupported: as the API refuses.
        """
        spec, _, version = self.version_of(name)
        query = build_query(
            index=name,
            dimension=spec.dimension,
            known=version_columns(version.facts),
            columns=columns,
            vector=query_vector,
            text=query_text,
            query_type=query_type,
            filters=filters,
            num_results=num_results,
            score_threshold=score_threshold,
            debug_level=debug_level,
        )
        return searching.answer(
            spec,
            version,
            query,
            filters,
            integers_as_floats=self.settings.integers_as_floats,
        )

    def query_next_page(self, name: str, page_token: str) -> dict[str, Any]:
        """The page that a reply's `next_page_token` stands for. Raises InvalidParameterValue."""
        spec, versions = self.catalog.open(name)
        return searching.next_page(spec, versions, page_token, self.settings.integers_as_floats)

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
    ) -> SearchResult:
        """Search by words, by a photo, by both, like a product, or with a vector of your own.

        Args:
            text: what to look for. image: a path, bytes or PIL image.
            like: primary key of a product; it is not among the results.
            text_weight: share of the text in a blend of both, 0 to 1, default 0.5.
            index: full name, or its last part; default `vs_image_search`, and `vs_hybrid_search`
                for a blend or `like`.
            filters: as in the API, `{"price <": 50, "gender": "Women"}`.
            k: results wanted, 1 to 10,000. columns: default the product's columns.
            encoder: the model's name, for an index over a table that was made elsewhere.

        Returns:
            rows with score and cosine, best first.

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
        )
