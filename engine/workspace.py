"""A workspace: every operation, each carried out by one of its services. What every door calls."""

from __future__ import annotations

import functools
import inspect
import operator
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from engine.core.index_request import DirectAccessRequest, IndexRequest
from engine.core.query_request import QueryRequest
from engine.errors import InvalidInputException
from engine.service.catalogs.catalogs import Catalogs
from engine.service.catalogs.changes.permissions import Permissions
from engine.service.catalogs.constraints import Constraints
from engine.service.catalogs.schemas import Schemas
from engine.service.catalogs.tables import Tables
from engine.service.catalogs.volumes import Volumes
from engine.service.cloud_export.contents import Contents
from engine.service.cloud_export.export import CloudExport
from engine.service.indexes.endpoints import Endpoints
from engine.service.indexes.operations import Indexes
from engine.service.indexes.registry import IndexRegistry
from engine.service.inspection.inspection import Inspection
from engine.service.model_registry import ModelRegistry
from engine.service.pacing.clock import Clock
from engine.service.pacing.pace import Pace
from engine.service.search.operations import Queries
from engine.service.search.reranking import RerankerChoice
from engine.service.search_device import chosen_device
from engine.service.serving.models import Models
from engine.service.serving.rerankers import Rerankers
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sql.statements import Statements
from engine.service.unity_catalog import UnityCatalog
from engine.service.warehouse.runs import StatementRuns
from engine.service.workspace_folder import WorkspaceFolder
from engine.settings import Settings
from engine.shop.browsing.listing import ListRequest
from engine.shop.browsing.storefront import Storefront
from engine.shop.classification.request import CalibrationRequest, ClassifyRequest, TagRequest
from engine.shop.embedding.request import EmbedRequest
from engine.shop.evaluation.request import EvaluationRequest
from engine.shop.latent.request import DimensionRequest, LatentRequest
from engine.shop.people.evaluation import RecommendationEvaluation
from engine.shop.people.histories import Histories
from engine.shop.people.people import People
from engine.shop.people.recommending.recommender import Recommender
from engine.shop.people.recommending.request import RecommendRequest
from engine.shop.people.request import UsersRequest
from engine.shop.projection.maps import Maps
from engine.shop.search.request import SearchRequest
from engine.shop.shop import Shop
from engine.shop.training.request import TrainRequest
from engine.shop.understanding import Understanding
from engine.shop.validation.request import ValidateRequest
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore
from engine.store.volumes import VolumeStore

_P = ParamSpec("_P")
_Q = TypeVar("_Q")
_R = TypeVar("_R")


def _of(
    service: str, method: Callable[Concatenate[Any, _P], _R]
) -> Callable[Concatenate[Workspace, _P], _R]:
    """An operation that a service carries out: `method` of the workspace's attribute `service`.

    A service of a service is named with a full stop between.
    """
    service_of = operator.attrgetter(service)

    @functools.wraps(method)
    def operation(workspace: Workspace, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        carried_out: _R = getattr(service_of(workspace), method.__name__)(*args, **kwargs)
        return carried_out

    return operation


def _asking(
    service: str, method: Callable[[Any, _Q], _R], request: Callable[_P, _Q]
) -> Callable[Concatenate[Workspace, _P], _R]:
    """As `_of`, for a method that takes one request: its fields are the operation's arguments."""

    service_of = operator.attrgetter(service)

    def operation(workspace: Workspace, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        asked = request(*args, **kwargs)
        carried_out: _R = getattr(service_of(workspace), method.__name__)(asked)
        return carried_out

    fields = list(inspect.signature(request).parameters.values())
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    operation.__signature__ = inspect.Signature([itself, *fields])  # type: ignore[attr-defined]
    operation.__doc__ = f"{inspect.getdoc(method)}\n\n{inspect.getdoc(request)}"
    return operation


class Workspace:
    """A directory of tables, volumes, endpoints and indexes, and everything that can be done there.

    Safe to use from many threads; several processes may open one directory. What is set here is set
    once: a workspace changes only on disk, by what is registered with `rerankers` and `serving`, and
    by the encoders that `models` has loaded.

    Attributes:
        path: the directory. settings: what was set when it was opened.
        folder: says which directory it is, and whether a workspace is in it.
        clock: what time it is here, for what takes its time; a test lets time pass with it.
        tables, volumes: the stores of tables and files.
        unity_catalog: catalogs, schemas, tables and the like as the cloud shows them, one service each.
        models: encoders by name. model_registry: Python models by name and version.
        rerankers: those registered. serving: model serving endpoints.
        endpoints, registry, indexes: vector search endpoints, which indexes there are, and their life.
        queries: what answers. statements: SQL. statement_runs: SQL as the API runs it. shop: the
            application on top. cloud_export: writes it all for the cloud. inspection: what an operator
            wants to see, and starts.
    """

    def __init__(self, path: str | Path | None = None, settings: Settings | None = None) -> None:
        """Open a workspace; its directory is made when something is written.

        Args:
            path: the directory; None for `$VITRINE_WORKSPACE`, else `~/.vitrine`. A file is refused.
            settings: encoder, device and reply options; None reads the environment.
        """
        chosen = _chosen(path, settings)
        layout = Layout(chosen.path)
        self._layout: Final = layout
        self.path: Final = chosen.path
        self.settings: Final = chosen
        self.folder: Final = WorkspaceFolder(chosen.path, chosen.path_from)
        self.tables: Final = TableStore(layout)
        self.volumes: Final = VolumeStore(layout)
        self.models: Final = Models(chosen)
        self.model_registry: Final = ModelRegistry(layout)
        self.rerankers: Final = Rerankers()
        self.clock: Final = Clock(layout, Pace.parse(chosen.pace))
        self.serving: Final = ServingEndpoints(layout, self.models, self.clock)
        self.registry: Final = IndexRegistry(layout, self.folder, self.clock, chosen_device(chosen))
        self.endpoints: Final = Endpoints(layout, chosen, self.registry, self.folder, self.clock)
        self.unity_catalog: Final = UnityCatalog(layout, self.tables, self.volumes, self.registry)
        self.indexes: Final = Indexes(
            layout, chosen, self.tables, self.serving, self.registry, self.endpoints, self.clock
        )
        choice = RerankerChoice(self.rerankers, self.serving, self.models)
        self.queries: Final = Queries(layout, chosen, self.indexes, self.serving, choice)
        self.statements: Final = Statements(
            layout, self.tables, self.unity_catalog, self.indexes, self.serving, self.queries
        )
        alone = not chosen.is_one_of_several
        self.statement_runs: Final = StatementRuns(layout, self.statements.run, is_alone=alone)
        recent = self.queries.recent
        self.shop: Final = Shop(
            layout, self.tables, self.volumes, self.indexes, self.models, self.serving, recent
        )
        contents = Contents(self.tables, self.unity_catalog, self.registry, self.endpoints)
        self.cloud_export: Final = CloudExport(chosen.path, contents)
        self.inspection: Final = _inspection(self, layout)

    whereabouts = _of("folder", WorkspaceFolder.describe)
    check_is_there = _of("folder", WorkspaceFolder.check_exists)
    export_cloud = _of("cloud_export", CloudExport.export_cloud)

    # ------------------------------------------------------------------ tables and volumes
    read_table = _of("unity_catalog.tables", Tables.read)
    write_table = _of("unity_catalog.tables", Tables.write)
    drop_table = _of("unity_catalog.tables", Tables.drop)
    register_table = _of("unity_catalog.tables", Tables.register)
    list_tables = _of("unity_catalog.tables", Tables.names)
    damaged_tables = _of("unity_catalog.tables", Tables.damaged)
    get_table = _of("unity_catalog.tables", Tables.get)
    describe_tables = _of("unity_catalog.tables", Tables.describe)
    table_exists = _of("unity_catalog.tables", Tables.exists)
    create_table = _of("unity_catalog.tables", Tables.create)
    update_table = _of("unity_catalog.tables", Tables.update)
    create_constraint = _of("unity_catalog.constraints", Constraints.create)
    delete_constraint = _of("unity_catalog.constraints", Constraints.delete)
    get_grants = _of("unity_catalog.permissions", Permissions.get)
    get_effective_grants = _of("unity_catalog.permissions", Permissions.effective)
    update_grants = _of("unity_catalog.permissions", Permissions.update)
    register_volume = _of("volumes", VolumeStore.register)
    list_volumes = _of("unity_catalog.volumes", Volumes.in_schema)
    get_volume = _of("unity_catalog.volumes", Volumes.get)
    create_volume = _of("unity_catalog.volumes", Volumes.create)
    update_volume = _of("unity_catalog.volumes", Volumes.update)
    delete_volume = _of("unity_catalog.volumes", Volumes.delete)
    sql = _of("statements", Statements.execute)
    execute_statement = _of("statement_runs", StatementRuns.submit)
    get_statement = _of("statement_runs", StatementRuns.get)
    get_statement_chunk = _of("statement_runs", StatementRuns.chunk)
    cancel_statement = _of("statement_runs", StatementRuns.cancel)
    close_statement = _of("statement_runs", StatementRuns.close)
    open_sql_session = _of("statement_runs", StatementRuns.open_session)
    close_sql_session = _of("statement_runs", StatementRuns.close_session)

    # ------------------------------------------------------------------ catalogs and schemas
    list_catalogs = _of("unity_catalog.catalogs", Catalogs.describe)
    get_catalog = _of("unity_catalog.catalogs", Catalogs.get)
    create_catalog = _of("unity_catalog.catalogs", Catalogs.create)
    update_catalog = _of("unity_catalog.catalogs", Catalogs.update)
    delete_catalog = _of("unity_catalog.catalogs", Catalogs.delete)
    list_schemas = _of("unity_catalog.schemas", Schemas.in_catalog)
    get_schema = _of("unity_catalog.schemas", Schemas.get)
    create_schema = _of("unity_catalog.schemas", Schemas.create)
    update_schema = _of("unity_catalog.schemas", Schemas.update)
    delete_schema = _of("unity_catalog.schemas", Schemas.delete)

    # ------------------------------------------------------------------ models
    encoder = _of("models", Models.encoder)
    list_models = _of("models", Models.list)
    measure_model = _of("models", Models.measure)
    register_model = _of("model_registry", ModelRegistry.register)
    register_reranker = _of("rerankers", Rerankers.register)
    create_serving_endpoint = _of("serving", ServingEndpoints.create)
    update_serving_endpoint = _of("serving", ServingEndpoints.update_config)
    update_serving_endpoint_tags = _of("serving", ServingEndpoints.update_tags)
    wait_for_serving_endpoint = _of("serving", ServingEndpoints.wait)
    get_serving_endpoint = _of("serving", ServingEndpoints.get)
    get_serving_endpoint_open_api = _of("serving", ServingEndpoints.open_api)
    list_serving_endpoints = _of("serving", ServingEndpoints.list)
    delete_serving_endpoint = _of("serving", ServingEndpoints.delete)

    # ------------------------------------------------------------------ endpoints
    create_endpoint = _of("endpoints", Endpoints.create)
    get_endpoint = _of("endpoints", Endpoints.get)
    list_endpoints = _of("endpoints", Endpoints.list)
    endpoint_exists = _of("endpoints", Endpoints.exists)
    delete_endpoint = _of("endpoints", Endpoints.delete)
    update_endpoint = _of("endpoints", Endpoints.update)
    stop_endpoint = _of("endpoints", Endpoints.stop)
    start_endpoint = _of("endpoints", Endpoints.start)
    update_endpoint_budget_policy = _of("endpoints", Endpoints.update_budget_policy)
    update_endpoint_custom_tags = _of("endpoints", Endpoints.update_custom_tags)
    retrieve_user_visible_metrics = _of("endpoints", Endpoints.metrics)
    get_permissions = _of("endpoints", Endpoints.permissions)
    set_permissions = _of("endpoints", Endpoints.set_permissions)
    update_permissions = _of("endpoints", Endpoints.update_permissions)
    get_permission_levels = _of("endpoints", Endpoints.permission_levels)

    # ------------------------------------------------------------------ indexes
    get_index = _of("indexes", Indexes.get)
    list_indexes = _of("indexes", Indexes.list)
    index_exists = _of("indexes", Indexes.exists)
    full_index_name = _of("indexes", Indexes.full_name)
    update_index = _of("indexes", Indexes.update)
    delete_index = _of("indexes", Indexes.delete)
    sync = _of("indexes", Indexes.sync)
    start_sync = _of("indexes", Indexes.start_sync)
    upsert = _of("indexes", Indexes.upsert)
    delete_rows = _of("indexes", Indexes.delete_rows)
    version_of = _of("indexes", Indexes.version_of)
    check_index = _of("indexes", Indexes.check)
    index_versions = _of("indexes", Indexes.version_numbers)
    compact_index = _of("indexes", Indexes.compact)
    restore_index = _of("indexes", Indexes.restore)

    create_index = _asking("indexes", Indexes.create, IndexRequest)
    create_direct_access_index = _asking(
        "indexes", Indexes.create_direct_access, DirectAccessRequest
    )

    # ------------------------------------------------------------------ queries
    query_next_page = _of("queries", Queries.next_page)
    scan_index = _of("queries", Queries.scan)
    similarity_search_batch = _of("queries", Queries.batch)

    query_index = _asking("queries", Queries.query, QueryRequest)

    # ------------------------------------------------------------------ the shop
    import_fashion = _of("shop", Shop.import_fashion)
    propose_catalogue = _of("shop", Shop.propose_catalogue)
    build = _of("shop", Shop.build)

    embed = _asking("shop", Shop.embed, EmbedRequest)
    search = _asking("shop", Shop.search, SearchRequest)
    evaluate = _asking("shop", Shop.evaluate, EvaluationRequest)
    train = _asking("shop", Shop.train, TrainRequest)

    # ------------------------------------------------------------------ its products and pages
    products_overview = _of("shop.storefront", Storefront.overview)
    get_product = _of("shop.storefront", Storefront.get)
    products_named = _of("shop.storefront", Storefront.named)
    products_near = _of("shop.storefront", Storefront.near)
    similar_products = _of("shop.storefront", Storefront.similar)
    complete_the_look = _of("shop.storefront", Storefront.complete_the_look)
    product_photo = _of("shop.storefront", Storefront.photo)

    list_products = _asking("shop.storefront", Storefront.page, ListRequest)

    # ------------------------------------------------------------------ what was understood of them
    classify = _asking("shop.understanding", Understanding.classify, ClassifyRequest)
    tag_products = _asking("shop.understanding", Understanding.tag_products, TagRequest)
    calibrate = _asking("shop.understanding", Understanding.calibrate, CalibrationRequest)
    latent_dimension = _asking(
        "shop.understanding", Understanding.latent_dimension, DimensionRequest
    )
    latent_features = _asking("shop.understanding", Understanding.latent_features, LatentRequest)
    known_latent_features = _of("shop.understanding", Understanding.known_latent_features)
    start_latent_features = _of("shop.understanding", Understanding.start_latent_features)
    latent_job = _of("shop.understanding", Understanding.latent_job)
    index_catalogue = _of("shop.understanding", Understanding.index_catalogue)
    latent_directions = _of("shop.understanding", Understanding.latent_directions)
    validate = _asking("shop.understanding", Understanding.validate, ValidateRequest)

    as_code = _of("shop", Shop.as_code)
    # ------------------------------------------------------------------ its map
    build_map = _of("shop.maps", Maps.build_map)
    product_map = _of("shop.maps", Maps.product_map)

    # ------------------------------------------------------------------ its users
    add_interaction = _of("shop.people", People.add_interaction)
    remove_interactions = _of("shop.people", People.remove_interactions)
    forget_user = _of("shop.people", People.forget_user)
    list_interactions = _of("shop.histories", Histories.list_interactions)
    liked_products = _of("shop.histories", Histories.liked_products)
    compare_users = _of("shop.histories", Histories.compare_users)
    get_user = _of("shop.people", People.get_user)
    list_users = _of("shop.people", People.list_users)
    evaluate_recommendations = _of(
        "shop.judgement", RecommendationEvaluation.evaluate_recommendations
    )

    build_users = _asking("shop.people", People.build_users, UsersRequest)
    recommend = _asking("shop.recommender", Recommender.recommend, RecommendRequest)


def _chosen(path: str | Path | None, settings: Settings | None) -> Settings:
    """The settings of a workspace that is opened; see `Workspace`."""
    chosen = settings or Settings.from_environment(os.environ)
    if path is not None:
        chosen = replace(chosen, path=Path(path).expanduser(), path_from=Settings.path_from)
    if chosen.path.is_file():
        raise InvalidInputException(f"workspace {chosen.path} is a file; expected a directory.")
    return chosen


def _inspection(workspace: Workspace, layout: Layout) -> Inspection:
    return Inspection(
        layout,
        workspace.tables,
        workspace.unity_catalog.views,
        workspace.volumes,
        workspace.registry,
        workspace.indexes,
        workspace.queries.recent,
    )
