"""Every method of the mirrored client takes the arguments of databricks-ai-search 0.81."""

from __future__ import annotations

import inspect
from datetime import timedelta

import pytest

import engine
from engine import AISearchClient, AISearchIndex, VectorSearchClient, VectorSearchIndex

# The package's signatures, private arguments left out (client.py and index.py of 0.81).
CLIENT = {
    "__init__": """workspace_url=None, personal_access_token=None,
        service_principal_client_id=None, service_principal_client_secret=None,
        azure_tenant_id=None, azure_login_id="2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
        disable_notice=False, credential_strategy=None, oauth_scopes=None""",
    "validate": "disable_notice=False",
    "create_endpoint": """name, endpoint_type="STANDARD", budget_policy_id=None,
        usage_policy_id=None, target_qps=None""",
    "get_endpoint": "name",
    "endpoint_exists": "name",
    "list_endpoints": "",
    "delete_endpoint": "name",
    "create_endpoint_and_wait": """name, endpoint_type="STANDARD", budget_policy_id=None,
        usage_policy_id=None, target_qps=None, verbose=False, timeout=timedelta(minutes=60)""",
    "wait_for_endpoint": "name, verbose=False, timeout=timedelta(minutes=60)",
    "stop_endpoint": "name",
    "stop_endpoint_and_wait": "name, verbose=False, timeout=timedelta(minutes=60)",
    "start_endpoint": "name",
    "start_endpoint_and_wait": "name, verbose=False, timeout=timedelta(minutes=60)",
    "update_endpoint_budget_policy": "name, budget_policy_id=None, usage_policy_id=None",
    "update_endpoint_usage_policy": "name, usage_policy_id",
    "update_endpoint": "name, target_qps=None",
    "list_indexes": "name",
    "create_delta_sync_index": """endpoint_name, index_name, primary_key, source_table_name,
        pipeline_type, embedding_dimension=None, embedding_vector_column=None,
        embedding_source_column=None, embedding_model_endpoint_name=None,
        sync_computed_embeddings=False, columns_to_sync=None, model_endpoint_name_for_query=None,
        budget_policy_id=None, usage_policy_id=None, index_subtype=None,
        payload_logging_enabled=None""",
    "create_delta_sync_index_and_wait": """endpoint_name, index_name, primary_key,
        source_table_name, pipeline_type, embedding_dimension=None, embedding_vector_column=None,
        embedding_source_column=None, embedding_model_endpoint_name=None,
        sync_computed_embeddings=False, columns_to_sync=None, model_endpoint_name_for_query=None,
        budget_policy_id=None, usage_policy_id=None, verbose=False, timeout=timedelta(hours=24),
        index_subtype=None, payload_logging_enabled=None""",
    "create_direct_access_index": """endpoint_name, index_name, primary_key, embedding_dimension,
        embedding_vector_column, schema, embedding_model_endpoint_name=None, budget_policy_id=None,
        usage_policy_id=None, payload_logging_enabled=None""",
    "get_index": "endpoint_name=None, index_name=None",
    "get_async_index": "endpoint_name=None, index_name=None",
    "index_exists": "endpoint_name=None, index_name=None",
    "delete_index": "endpoint_name=None, index_name=None",
    "update_index_budget_policy": "index_name, budget_policy_id=None, usage_policy_id=None",
    "update_index_usage_policy": "index_name, usage_policy_id",
    "update_index_payload_logging": "index_name, payload_logging_enabled",
}
INDEX = {
    "upsert": "inputs",
    "delete": "primary_keys",
    "describe": "",
    "sync": "",
    "similarity_search": """columns, query_text=None, query_vector=None, filters=None,
        num_results=5, debug_level=0, score_threshold=None, query_type=None,
        columns_to_rerank=None, disable_notice=False, reranker=None, total_retries=3,
        backoff_factor=1, backoff_jitter=0.2, *, query_columns=None, sort_columns=None,
        facets=None""",
    "scan": "num_results=10, last_primary_key=None",
    "scan_index": "num_results=10, last_primary_key=None",
    "wait_until_ready": "verbose=False, timeout=timedelta(hours=24), wait_for_updates=False",
}
# What every shop needs; the rest of the package's methods may follow.
NEEDED = {
    AISearchClient: {
        "create_endpoint", "get_endpoint", "list_endpoints", "delete_endpoint", "endpoint_exists",
        "create_delta_sync_index", "create_direct_access_index", "get_index", "delete_index",
        "index_exists", "list_indexes",
    },
    AISearchIndex: {
        "describe", "sync", "similarity_search", "wait_until_ready", "upsert", "delete",
    },
}  # fmt: skip
OFFERED = [
    (owner, name, signature)
    for owner, table in ((AISearchClient, CLIENT), (AISearchIndex, INDEX))
    for name, signature in table.items()
    if name in vars(owner)
]

Arguments = list[tuple[str, object, object]]


def arguments(function: object, own: frozenset[str] = frozenset()) -> Arguments:
    """(name, kind, default) of each argument but self, private ones and the engine's own."""
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in list(parameters)[1:]
        if not parameter.name.startswith("_") and parameter.name not in own
    ]


@pytest.mark.parametrize(
    ("owner", "name", "signature"), OFFERED, ids=[f"{o.__name__}.{n}" for o, n, _ in OFFERED]
)
def test_the_arguments_are_the_packages(owner: type, name: str, signature: str) -> None:
    package = eval(f"(lambda self, {signature}: None)", {"timedelta": timedelta})
    own = frozenset({"workspace"}) if name == "__init__" else frozenset()
    assert arguments(getattr(owner, name), own) == arguments(package)


@pytest.mark.parametrize("owner", [AISearchClient, AISearchIndex])
def test_what_every_shop_needs_is_offered(owner: type) -> None:
    offered = {name for _, name, _ in OFFERED}
    assert NEEDED[owner] <= offered


@pytest.mark.parametrize(("owner", "table"), [(AISearchClient, CLIENT), (AISearchIndex, INDEX)])
def test_no_public_method_is_an_invention(owner: type, table: dict[str, str]) -> None:
    public = {name for name in vars(owner) if not name.startswith("_")}
    assert public <= set(table)


def test_the_workspace_is_given_by_name_only() -> None:
    parameter = inspect.signature(AISearchClient).parameters["workspace"]
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
    assert parameter.default is None


def test_an_index_starts_with_the_packages_arguments() -> None:
    names = list(inspect.signature(AISearchIndex).parameters)
    assert names[:4] == ["workspace_url", "index_url", "name", "endpoint_name"]


def test_both_names_of_each_class_are_there() -> None:
    assert VectorSearchClient is AISearchClient
    assert VectorSearchIndex is AISearchIndex
    assert engine.VectorSearchClient is engine.AISearchClient


def test_helpers_find_the_attributes_that_they_read(index: AISearchIndex) -> None:
    for name in ("name", "index_url", "workspace_url", "endpoint_name", "personal_access_token"):
        getattr(index, name)


def test_a_method_that_is_not_offered_is_named_with_those_that_are(
    client: AISearchClient, index: AISearchIndex
) -> None:
    with pytest.raises(AttributeError, match=r"'create_everything'.*create_endpoint"):
        client.create_everything()
    with pytest.raises(AttributeError, match=r"'search_everything'.*similarity_search"):
        index.search_everything()
    assert not hasattr(client, "create_everything")
