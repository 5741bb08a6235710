"""Routes of functions and registered models. Knows fields; not what they mean."""

from __future__ import annotations

from engine.doors.rest.catalogs.paging import BASE, FORCE, IN_SCHEMA, PAGING, page_of
from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.errors import InvalidParameterValue
from engine.workspace import Workspace

FUNCTIONS, MODELS = f"{BASE}/functions", f"{BASE}/models"
FUNCTION, MODEL = f"{FUNCTIONS}/{{name}}", f"{MODELS}/{{full_name}}"


# ------------------------------------------------------------------ functions
def _list_functions(workspace: Workspace, request: Request) -> Json:
    functions, query = workspace.unity_catalog.functions, request.query
    names, token = page_of(functions.names(query["catalog_name"], query["schema_name"]), query)
    return {"functions": functions.describe(names), **token}


def _get_function(workspace: Workspace, request: Request) -> Json:
    return workspace.unity_catalog.functions.get(request.path["name"])


def _create_function(workspace: Workspace, request: Request) -> Json:
    return workspace.unity_catalog.functions.create(request.body["function_info"])


def _update_function(workspace: Workspace, request: Request) -> Json:
    return workspace.unity_catalog.functions.update(request.path["name"], **request.body)


def _delete_function(workspace: Workspace, request: Request) -> Json:
    workspace.unity_catalog.functions.delete(request.path["name"], **request.query)
    return {}


# ------------------------------------------------------------------ registered models
def _list_models(workspace: Workspace, request: Request) -> Json:
    """The models of a schema, or of the whole workspace: a catalog alone says neither."""
    models, query = workspace.unity_catalog.models, request.query
    catalog, schema = query.get("catalog_name"), query.get("schema_name")
    if catalog is None and schema is None:
        found = models.all_names()
    elif catalog is None or schema is None:
        raise InvalidParameterValue("Give both catalog_name and schema_name, or neither.")
    else:
        found = models.names(catalog, schema)
    names, token = page_of(found, query)
    return {"registered_models": models.describe(names), **token}


def _get_model(workspace: Workspace, request: Request) -> Json:
    return workspace.unity_catalog.models.get(request.path["full_name"])


def _create_model(workspace: Workspace, request: Request) -> Json:
    return workspace.unity_catalog.models.create(**request.body)


def _update_model(workspace: Workspace, request: Request) -> Json:
    return workspace.unity_catalog.models.update(request.path["full_name"], **request.body)


def _delete_model(workspace: Workspace, request: Request) -> Json:
    workspace.unity_catalog.models.delete(request.path["full_name"])
    return {}


_DEFINITION = (
    Field("name", "string", required=True),
    *IN_SCHEMA,
    *(
        Field(name, "string")
        for name in (
            "comment", "data_type", "full_data_type", "routine_body", "routine_definition",
            "parameter_style", "sql_data_access", "security_type", "specific_name",
            "external_language", "external_name", "properties", "sql_path",
        )
    ),
    Field("is_deterministic", "boolean"),
    Field("is_null_call", "boolean"),
    Field("input_params", "object"),
    Field("return_params", "object"),
    Field("routine_dependencies", "object"),
)  # fmt: skip
_INFO = Field("function_info", "object", required=True, fields=_DEFINITION)
# What the service writes itself: clients send back what they were shown.
_ITS_OWN = ignored(
    "aliases", "browse_only", "created_at", "created_by", "full_name", "metastore_id", "updated_at",
    "updated_by",
)  # fmt: skip
_NEW_MODEL = (
    Field("name", "string", required=True),
    *IN_SCHEMA,
    Field("comment", "string"),
    Field("owner", "string"),
    Field("storage_location", "string"),
    *_ITS_OWN,
)
_CHANGED_MODEL = (
    Field("comment", "string"),
    Field("owner", "string"),
    Field("new_name", "string"),
    *ignored("name", "catalog_name", "schema_name", "storage_location"),
    *_ITS_OWN,
)
_BROWSE = ignored("include_browse")

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        FUNCTIONS,
        "list_functions",
        "The functions of a schema.",
        _list_functions,
        query=(*IN_SCHEMA, *PAGING),
    ),
    Route(
        "POST",
        FUNCTIONS,
        "create_function",
        "Register a function.",
        _create_function,
        body=(_INFO,),
    ),
    Route("GET", FUNCTION, "get_function", "One function.", _get_function, query=_BROWSE),
    Route(
        "PATCH",
        FUNCTION,
        "update_function",
        "Change a function's owner.",
        _update_function,
        body=(Field("owner", "string"), *ignored("name")),
    ),
    Route(
        "DELETE",
        FUNCTION,
        "delete_function",
        "Delete a function.",
        _delete_function,
        query=(FORCE,),
    ),
    Route(
        "GET",
        MODELS,
        "list_registered_models",
        "The registered models of a schema, or all.",
        _list_models,
        query=(Field("catalog_name", "string"), Field("schema_name", "string"), *PAGING),
    ),
    Route(
        "POST",
        MODELS,
        "create_registered_model",
        "Register a model.",
        _create_model,
        body=_NEW_MODEL,
    ),
    Route(
        "GET",
        MODEL,
        "get_registered_model",
        "One registered model.",
        _get_model,
        query=(*_BROWSE, *ignored("include_aliases")),
    ),
    Route(
        "PATCH",
        MODEL,
        "update_registered_model",
        "Change a registered model.",
        _update_model,
        body=_CHANGED_MODEL,
    ),
    Route("DELETE", MODEL, "delete_registered_model", "Delete a registered model.", _delete_model),
)
