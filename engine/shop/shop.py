"""The shop's operations: import, embed, build, search, evaluate, train. Knows its tables by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.core.names import table_name
from engine.encode.encoder import Encoder, TextsOnly
from engine.encode.registry import load_encoder
from engine.service.indexes.operations import Indexes
from engine.service.inspection.recent import RecentQueries
from engine.service.serving.models import Models
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.shop.browsing.narrowing import Narrowing
from engine.shop.browsing.products import Products
from engine.shop.browsing.storefront import Storefront
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.importing.request import Given
from engine.shop.catalogue.stored import catalogue_of
from engine.shop.embedding.request import WITH_PHOTO, EmbedRequest
from engine.shop.evaluation.request import EvaluationRequest
from engine.shop.people.co_likes import CoLikes
from engine.shop.people.evaluation import RecommendationEvaluation
from engine.shop.people.histories import Histories
from engine.shop.people.interactions.log import Interactions
from engine.shop.people.people import People
from engine.shop.people.profiles import Profiles
from engine.shop.people.recommending.recommender import Recommender
from engine.shop.people.space import ProductSpaces
from engine.shop.photos.given_photos import GivenPhotos
from engine.shop.photos.product_photos import ProductPhotos
from engine.shop.projection.maps import Maps
from engine.shop.search.request import SearchRequest
from engine.shop.search.shop_search import ShopSearch
from engine.shop.training.request import TrainRequest
from engine.shop.understanding import Understanding
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore
from engine.store.volumes import VolumeStore

if TYPE_CHECKING:
    from engine.shop.as_code.asking import Asked
    from engine.shop.as_code.snippets import AsCode
    from engine.shop.building import BuildReport
    from engine.shop.catalogue.guessing.proposal import Proposal
    from engine.shop.catalogue.importing.workspace import Imports
    from engine.shop.catalogue.pictures.limits import FetchLimits
    from engine.shop.catalogue.sources.opening import Reading
    from engine.shop.embedding.report import EmbedReport
    from engine.shop.evaluation.evaluation import Evaluation
    from engine.shop.products.importing import ImportReport
    from engine.shop.search.result import SearchResult
    from engine.shop.training.report import TrainReport


class Shop:
    """The fashion shop in a workspace: its catalogue, embeddings, indexes and searches.

    Attributes:
        storefront: its products, and what their pages show.
        narrowing: how many are left by what one may choose. given_photos: to search with.
        understanding: what models have understood of them. maps: where they lie in two dimensions.
        people: its users. histories: what they did. recommender: products for them. judgement: how
            good those are.
    """

    def __init__(
        self,
        layout: Layout,
        tables: TableStore,
        volumes: VolumeStore,
        indexes: Indexes,
        models: Models,
        serving: ServingEndpoints,
        recent: RecentQueries,
    ) -> None:
        """`recent`: what remembers the last queries."""
        self._layout, self._tables, self._volumes = layout, tables, volumes
        self._indexes, self._models = indexes, models
        self._serving, self._products = serving, Products(tables)
        products = self._products
        photos = ProductPhotos(products, volumes, layout.thumbnails_dir)
        interactions, spaces = Interactions(tables), ProductSpaces(indexes, products)
        profiles = Profiles(tables, interactions, spaces)
        self._search = ShopSearch(
            indexes, models, serving, tables, volumes, products, profiles.vector, recent
        )
        self.storefront = Storefront(
            products, photos, self._search.search, CoLikes(interactions).of
        )
        self.narrowing = Narrowing(products, indexes, tables)
        self.given_photos = GivenPhotos(layout.given_photos_dir)
        self.people = People(layout, tables, spaces, interactions, profiles, self._reading)
        self.histories = Histories(spaces, interactions)
        self.recommender = Recommender(spaces, profiles, interactions)
        self.judgement = RecommendationEvaluation(spaces, interactions)
        self.maps = Maps(layout, tables, indexes, products)
        self.understanding = Understanding(
            layout, tables, volumes, indexes, models, serving, self._search.search
        )

    def import_fashion(
        self, styles_csv: str | Path, images_dir: str | Path, *, encoding: str | None = None
    ) -> ImportReport:
        """Read the public fashion layout into `main.fashion_demo.products`.

        The image folder is registered as the volume's `images`, not copied.

        Args:
            encoding: of the file, such as "cp1252"; None for UTF-8, or what a byte order mark says.

        Raises:
            BadSourceFile: names file, line and value of what can't be read.
        """
        return self._imports().fashion(styles_csv, images_dir, encoding)

    def _reading(self, encoding: str | None) -> Reading:
        return self._imports().reading(encoding, None)

    def _imports(self) -> Imports:
        from engine.shop.catalogue.importing.workspace import Imports  # pictures and archives

        return Imports(self._tables, self._volumes, self._indexes)

    def propose_catalogue(
        self,
        products: str | Path,
        images: str | Path | None = None,
        *,
        given: Mapping[str, Sequence[str]] | None = None,
        encoding: str | None = None,
        separator: str | None = None,
    ) -> Proposal:
        """Guess what the columns of a source of products mean; nothing is written but unpacked archives.

        Args:
            products: CSV, JSON lines, Parquet, a Delta table, a folder of pictures, a zip archive.
            given: role -> columns that are known, such as `{"id": ["sku"]}`; the others are guessed.

        Returns:
            the guess with its reasons; printed, it shows the command and the file that say the same.

        Raises:
            BadSourceFile: nothing there that can be read, or a column that is given and missing.
        """
        from engine.shop.catalogue.guessing.proposing import propose

        return propose(products, images, self._imports().reading(encoding, separator), given)

    def embed(self, request: EmbedRequest) -> EmbedReport:
        """Embed photos and texts of a products table and write the embedding tables beside it.

        What was encoded before, under the same model, is not encoded again, also after an
        interruption. Rows that fail are listed in `embedding_failures` with key, stage and reason.

        Raises:
            NotFound: no such table. ModelUnavailable, MissingExtra: the encoder can't be loaded.
            InvalidInputException, InvalidParameterValue: a limit or a recipe that can't be, or a model
                that knows no photos.
        """
        # Modules of the embedding pipeline, Pillow among them, which queries don't need.
        from engine import progress
        from engine.encode.cache.embeddings import EmbeddingCache
        from engine.shop.embedding.embedder import Embedder

        request.check()
        source = self._tables.get(table_name(request.table))
        cache = EmbeddingCache(self._layout.cache_file)
        try:
            encoder = self._models.encoder(request.encoder)
            if isinstance(encoder, TextsOnly):
                raise encoder.no_photos()
            embedder = Embedder(self._tables, self._volumes, cache, encoder, source, request)
            with progress.bar(total=2 * source.num_rows, unit="item", desc="embed") as bar:
                return embedder.run(bar.update)
        finally:
            cache.close()

    def build(
        self,
        styles_csv: str | Path,
        images_dir: str | Path | None = None,
        *,
        encoder: str | None = None,
        recipe: str | None = None,
        limit_photos: int | None = None,
        encoding: str | None = None,
        separator: str | None = None,
        catalogue: Catalogue | Mapping[str, Any] | str | Path | None = None,
        image_list: str | Path | None = None,
        fetch: FetchLimits | bool = False,
        text_index: str = WITH_PHOTO,
        replace: bool = False,
        with_map: bool = True,
    ) -> BuildReport:
        """From products and photos to the shop's endpoint and synced indexes; see `propose_catalogue`.

        Args:
            styles_csv, images_dir: the public fashion layout; or with a catalogue any table, folder or
                archive of products, and where its pictures are.
            catalogue: what the columns mean: a `Catalogue`, the words of a catalogue file, or such a
                file. None for the fashion layout.
            image_list: ids of pictures and their paths. fetch: those behind links, under limits.
            text_index: "all" to find products without a photo by their text. replace: the products of
                another catalogue that the workspace holds. with_map: False to make none.
        """
        from engine.shop.building import BuildReport, sync_shop_indexes

        asked = EmbedRequest(
            encoder=encoder, recipe=recipe, limit_photos=limit_photos, text_index=text_index
        )
        asked.check()
        how = Given(encoding, separator, image_list, fetch, text_index != WITH_PHOTO)
        imported = self._imports().build(styles_csv, images_dir, catalogue, how, replace)
        embedded = self.embed(asked)
        means = catalogue_of(self._tables)
        synced = sync_shop_indexes(self._indexes, means, text_index, embedded.dimension)
        return BuildReport(imported, embedded, synced, self.maps.keep_up() if with_map else None)

    def evaluate(self, request: EvaluationRequest) -> Evaluation:
        """Judge models by how well they find a catalogue's products; see `EvaluationRequest`.

        Nothing of the workspace counts but its cache of vectors: photos and texts that were encoded
        before, under the same model, are not encoded again. Photos that can't be used are reported.

        Raises:
            ModelUnavailable, MissingExtra: a model can't be loaded here.
            BadSourceFile: a file that can't be read as asked, a column or photos that are missing.
            InvalidInputException, InvalidParameterValue: what is asked for can't be.
        """
        return self._judged(request, self._models.encoder)

    def train(self, request: TrainRequest) -> TrainReport:
        """Train a model on a catalogue, write it, and judge it by the products held out.

        A training that was interrupted goes on where it was. Nothing of the workspace counts but its
        cache of vectors, for the judgement; the model is compared with the one that it started from.

        Raises:
            MissingExtra: torch, timm or onnx is not installed.
            ModelUnavailable, CorruptFile: a model to start from can't be read.
            BadSourceFile: a file that can't be read as asked, a column or photos that are missing.
            InvalidState: the directory holds another training.
            InvalidInputException, InvalidParameterValue: what is asked for can't be.
        """
        from engine import progress
        from engine.shop.training.packages import load_packages

        load_packages()
        from engine.shop.training.run import TrainingRun

        report = TrainingRun(request).run(progress.bar)
        if not report.judged:
            return report
        own = f"local-dir:{report.model}"
        asked = request.evaluation((request.compared, own), report.columns, report.judged)

        def encoder_of(name: str) -> Encoder:  # what was loaded of an earlier training is another
            return load_encoder(own) if name == own else self._models.encoder(name)

        return replace(report, evaluation=self._judged(asked, encoder_of))

    def _judged(
        self, request: EvaluationRequest, encoder_of: Callable[[str], Encoder]
    ) -> Evaluation:
        from engine import progress
        from engine.encode.cache.embeddings import EmbeddingCache
        from engine.shop.evaluation.run import EvaluationRun

        cache = EmbeddingCache(self._layout.cache_file)
        try:
            run = EvaluationRun(request, encoder_of, cache)
            with progress.bar(total=run.photos, unit="photo", desc="evaluate") as bar:
                return run.run(bar.update, self._models.device)
        finally:
            cache.close()

    def search(self, request: SearchRequest) -> SearchResult:
        """Search by words, by a photo, by both, like a product, composed, or with a vector of one's own.

        Returns:
            rows with score and cosine, best first; no cosine for rows that only words found.

        Raises:
            InvalidInputException: no query, or parts that don't go together.
            BadImage, NotFound, InvalidState, BadRequest, InvalidParameterValue.
        """
        return self._search.search(request)

    def as_code(self, asked: Asked, *, photos: Sequence[str] = ()) -> AsCode:
        """A query as Python for the cloud's client, as SQL, as curl and as a `vitrine` command.

        Each gives the same rows in the same order, or says why it can't. Host and token come from
        DATABRICKS_HOST and DATABRICKS_TOKEN.

        Args:
            asked: a `SearchRequest` (`like` with an index: similar products), `ListRequest`,
                `LookRequest`, `RecommendRequest`, `DimensionRequest` or `ValidateRequest`.
            photos: names of files in which its user has the photos that were given as bytes, in order.

        Raises:
            InvalidInputException: no such request. Else as the query itself.
        """
        from engine.shop.as_code.asking import AsCodes  # texts, which queries don't need

        codes = AsCodes(
            self._layout.root,
            self._indexes,
            self._tables,
            self._serving,
            self._products,
            self._search,
            self.storefront,
            self.recommender,
        )
        return codes.as_code(asked, photos=photos)

    def model_notes(self) -> list[str]:
        """What whoever serves the workspace must know of its indexes' models: where one was made with
        another than the workspace's encoder, which serving endpoints answer with.

        Raises:
            ModelUnavailable, MissingExtra, CorruptFile: the workspace's encoder can't be had here.
        """
        return self._search.model_notes()
