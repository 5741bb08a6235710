"""What a model has understood of a catalogue: labels, latent features, searches held against words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.optional import check
from engine.service.indexes.operations import Indexes
from engine.service.inspection.jobs import Job, Jobs, Outcome, Progress
from engine.service.serving.models import Models
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.classification.request import CalibrationRequest, ClassifyRequest, TagRequest
from engine.shop.indexed.products import IndexedProducts
from engine.shop.latent.directions import directions_of
from engine.shop.latent.request import DimensionRequest, LatentRequest
from engine.shop.search.encoders import IndexEncoders
from engine.shop.search.photos import SearchPhotos
from engine.shop.validation.request import ValidateRequest
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore
from engine.store.volumes import VolumeStore

LATENT = "latent"  # the job that finds features

if TYPE_CHECKING:
    from engine.shop.classification.result import CalibrationReport, Classification, TagReport
    from engine.shop.classification.run import Classifying
    from engine.shop.latent.dimension import Dimension
    from engine.shop.latent.result import LatentReport
    from engine.shop.latent.run import LatentFeatures
    from engine.shop.search.request import SearchRequest
    from engine.shop.search.result import SearchResult
    from engine.shop.validation.validation import Validation


class Understanding:
    """The operations that look into the vectors of an index; what they need is loaded when asked."""

    def __init__(
        self,
        layout: Layout,
        tables: TableStore,
        volumes: VolumeStore,
        indexes: Indexes,
        models: Models,
        serving: ServingEndpoints,
        search: Callable[[SearchRequest], SearchResult],
    ) -> None:
        """`search`: the shop's own."""
        self._layout, self._tables, self._indexes = layout, tables, indexes
        self._encoders = IndexEncoders(models, serving)
        self._photos = SearchPhotos(tables, volumes)
        self._search = search
        self._jobs = Jobs(layout)

    def classify(self, request: ClassifyRequest) -> Classification:
        """Which of some labels a photo, or a product's photo, shows: zero-shot classification.

        Returns:
            labels, the likeliest first, each with its calibrated probability and its cosine.

        Raises:
            InvalidInputException, InvalidParameterValue: what is asked for can't be.
            NotFound: no such index, product or attribute. BadImage: the photo can't be used.
            BadSourceFile: a file of labels that can't be read.
        """
        return self._classifying().classify(request)

    def tag_products(self, request: TagRequest) -> TagReport:
        """Classify every product of an index by its stored vector, into one new version of a table.

        The table has a row for each product: its key, `label`, `probability` and `cosine` of the
        likeliest label (null for none that holds), `labels` and `probabilities` of all that hold.

        Raises:
            ResourceConflict: a table of that name exists that is none of tags. See also `classify`.
        """
        return self._classifying().tag(request)

    def calibrate(self, request: CalibrationRequest) -> CalibrationReport:
        """Fit a model's probabilities on products whose attribute is known, and judge the fit.

        Raises:
            NotFound: no such index or attribute. InvalidState: too few products to tell.
            InvalidInputException, InvalidParameterValue: what is asked for can't be.
        """
        return self._classifying().calibrate(request)

    def latent_dimension(self, request: DimensionRequest) -> Dimension:
        """Both ends of one dimension of an index's vectors, as products.

        Raises:
            NotFound: no such index. InvalidParameterValue: no such dimension, or an odd `k`.
        """
        return self._latent().dimension(request)

    def latent_features(self, request: LatentRequest) -> LatentReport:
        """What of each attribute is in the vectors: a linear probe, dimensions, directions.

        Scores are of products held out. Found once for each version of an index, and kept.

        Raises:
            NotFound: no such index or attribute. MissingExtra: scikit-learn is not installed.
        """
        return self._latent().features(request)

    def known_latent_features(self, index: str | None = None) -> LatentReport | None:
        """What is known of an index's latent features, at once; None where nothing is yet.

        Args:
            index: full name, or a last part that no other index has; None for the photos'.

        Raises:
            NotFound: no such index. BadRequest, InvalidState: it has no version, or no rows.
            InvalidInputException: it has no vectors.
        """
        return self._latent().known(index)

    def start_latent_features(self, index: str) -> Job:
        """Find an index's latent features in a thread, unless that runs; attribute by attribute.

        Args:
            index: full name.

        Raises:
            MissingExtra: scikit-learn is not installed. StorageFailed: the system refused a lock or
                a file. Else as `known_latent_features`.
        """
        check("sklearn", "finding latent features")
        latent = self._latent()
        names = latent.attributes(index)

        def found(progress: Progress) -> Outcome:
            for place, name in enumerate(names):
                progress(place, len(names), name)
                latent.features(LatentRequest([name], index=index))
            return Outcome(True, (f"{len(names):,} attributes.",))

        return self._jobs.start(LATENT, index, found)

    def latent_job(self, index: str) -> Job | None:
        """How far the finding of an index's latent features is; None where nobody started it."""
        return self._jobs.get(LATENT, index)

    def index_catalogue(self, index: str | None = None) -> Catalogue:
        """What the columns of an index with vectors mean; see `known_latent_features` for the errors."""
        return IndexedProducts.open(self._indexes, self._tables, index).catalogue

    def latent_directions(self, index: str | None = None) -> list[str]:
        """Names of the directions that can be told; see `known_latent_features` for the errors."""
        return directions_of(self._indexes, self._tables, index).names()

    def validate(self, request: ValidateRequest) -> Validation:
        """How many results of a search by meaning carry the words' category and colour (cross-modal).

        Beside it, the same of searches by words. A query whose words name nothing is not judged.

        Raises:
            NotFound: no such index. BadSourceFile: a file of queries that can't be read.
            InvalidInputException, InvalidParameterValue: what is asked for can't be.
        """
        from engine.shop.validation.run import Validating

        return Validating(self._indexes, self._tables, self._search).validate(request)

    def _latent(self) -> LatentFeatures:
        from engine.shop.latent.run import LatentFeatures

        return LatentFeatures(self._layout, self._tables, self._indexes)

    def _classifying(self) -> Classifying:
        from engine.shop.classification.run import Classifying
        from engine.shop.classification.scales import ScaleStore

        scales = ScaleStore(self._layout)
        views = ViewStore(self._layout)
        return Classifying(self._indexes, self._tables, views, self._encoders, self._photos, scales)
