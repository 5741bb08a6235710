"""The command that creates an index of any kind. Translates and prints.

Its arguments and `--json` are those of the vendor's `databricks vector-search-indexes create-index`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from engine.core.index_request import DirectAccessRequest, IndexRequest
from engine.core.schema import VectorStorage
from engine.doors.cli.indexes.group import index
from engine.doors.cli.options import comma_separated, with_workspace
from engine.doors.cli.printing import note, print_sync, say
from engine.settings import DEFAULT_ENDPOINT, DEFAULT_KEY

if TYPE_CHECKING:
    from engine.workspace import Workspace

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class NewIndexOptions:
    """What the command line says of a new index; None where it says nothing."""

    name: str
    endpoint_name: str | None
    primary_key: str | None
    index_type: str | None
    body: str | None
    source: str | None
    vector_column: str | None
    source_column: str | None
    model_endpoint: str | None
    query_model_endpoint: str | None
    dimension: int | None
    schema: str | None
    index_subtype: str | None
    pipeline_type: str
    columns: str | None
    writeback: bool
    vector_storage: str | None

    @property
    def endpoint(self) -> str:
        """The endpoint that it is made on."""
        return self.endpoint_name or DEFAULT_ENDPOINT

    @property
    def is_direct(self) -> bool:
        """Whether rows will be upserted."""
        return (self.index_type or "").upper() == "DIRECT_ACCESS"


_OPTIONS = (
    click.argument("name"),
    click.argument("endpoint", metavar="[ENDPOINT_NAME]", required=False),
    click.argument("key", metavar="[PRIMARY_KEY]", required=False),
    click.argument("kind", metavar="[INDEX_TYPE]", required=False),
    click.option("--json", "body", metavar="JSON", help="The request's body, or @FILE with it."),
    click.option("--endpoint", "endpoint_name", help=f"[default: {DEFAULT_ENDPOINT}]"),
    click.option("--primary-key", metavar="COLUMN", help=f"[default: {DEFAULT_KEY}]"),
    click.option(
        "--index-type",
        metavar="TYPE",
        help="DELTA_SYNC or DIRECT_ACCESS.  [default: DELTA_SYNC]",
    ),
    click.option("--source", "--source-table", metavar="TABLE", help="The table it follows."),
    click.option(
        "--vector-column",
        "--embedding-vector-column",
        metavar="COLUMN",
        help="The column that holds vectors.",
    ),
    click.option(
        "--source-column",
        "--embedding-source-column",
        metavar="COLUMN",
        help="Instead, a column of texts to encode.",
    ),
    click.option(
        "--model-endpoint",
        "--embedding-model-endpoint-name",
        metavar="NAME",
        help="The serving endpoint that encodes texts.",
    ),
    click.option(
        "--query-model-endpoint",
        "--model-endpoint-name-for-query",
        metavar="NAME",
        help="Another one for the texts of queries.",
    ),
    click.option(
        "--dimension",
        "--embedding-dimension",
        type=int,
        help="Length of the vectors; default: as in the table.",
    ),
    click.option(
        "--schema", "--schema-json", metavar="JSON", help="Types by column; of DIRECT_ACCESS."
    ),
    click.option("--index-subtype", metavar="TYPE", help="HYBRID, or FULL_TEXT: no vectors."),
    click.option("--pipeline-type", default="TRIGGERED", show_default=True),
    click.option(
        "--columns", "--columns-to-sync", help="Comma-separated columns to sync; default: all."
    ),
    click.option(
        "--writeback", is_flag=True, help="Write computed vectors to NAME_writeback_table."
    ),
    click.option(
        "--vector-storage",
        type=click.Choice(get_args(VectorStorage)),
        help="Numbers that vectors are stored as.  [default: $VITRINE_VECTOR_STORAGE, else float32]",
    ),
)


def _options(command: _Command) -> _Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@index.command("create")
@_options
@with_workspace
def index_create(
    workspace: Workspace, endpoint: str | None, key: str | None, kind: str | None, **given: Any
) -> None:
    """Create the index NAME (catalog.schema.name), and sync it where it follows a table.

    With --vector-column it takes a table's vectors, with --source-column and --model-endpoint it
    encodes texts, with --index-subtype FULL_TEXT it has words alone, and with --index-type
    DIRECT_ACCESS and --schema rows are upserted.
    """
    for argument, option, value in (
        ("ENDPOINT_NAME", "endpoint_name", endpoint),
        ("PRIMARY_KEY", "primary_key", key),
        ("INDEX_TYPE", "index_type", kind),
    ):
        if value is not None and given[option] is not None:
            raise click.UsageError(f"{argument} is given twice, as an argument and as an option.")
        given[option] = given[option] if value is None else value
    options = NewIndexOptions(**given)
    if options.body is None and not options.is_direct and options.source is None:
        raise click.UsageError("Missing option '--source', or --index-type DIRECT_ACCESS.")
    request = replace(_request(options), vector_storage=options.vector_storage)
    if isinstance(request, DirectAccessRequest):
        workspace.indexes.create_direct_access(request)
        say(f"created {options.name}: upsert rows with vitrine index upsert {options.name} FILE")
        return
    print_sync(options.name, workspace.indexes.create(request))
    if request.columns_to_sync is None:
        _say_what_is_left_out(workspace, request)


def _request(options: NewIndexOptions) -> IndexRequest | DirectAccessRequest:
    if options.body is not None:
        return _from_body(options)
    if options.is_direct:
        return _direct(options)
    if options.index_type is not None and options.index_type.upper() != "DELTA_SYNC":
        raise click.BadParameter(
            f"{options.index_type!r} is no type of index; expected DELTA_SYNC or DIRECT_ACCESS.",
            param_hint="INDEX_TYPE",
        )
    assert options.source is not None  # checked before
    return IndexRequest(
        options.name,
        source_table=options.source,
        vector_column=options.vector_column,
        source_column=options.source_column,
        model_endpoint=options.model_endpoint,
        query_model_endpoint=options.query_model_endpoint,
        sync_computed_embeddings=options.writeback,
        primary_key=options.primary_key or DEFAULT_KEY,
        endpoint=options.endpoint,
        dimension=options.dimension,
        pipeline_type=options.pipeline_type,
        columns_to_sync=comma_separated(options.columns),
        index_subtype=options.index_subtype,
        create_endpoint=True,
    )


def _direct(options: NewIndexOptions) -> DirectAccessRequest:
    if options.schema is None or options.vector_column is None or options.dimension is None:
        raise click.UsageError(
            "A direct access index needs --schema, --vector-column and --dimension."
        )
    return DirectAccessRequest(
        options.name,
        dimension=options.dimension,
        vector_column=options.vector_column,
        schema=_json(options.schema, "--schema"),
        primary_key=options.primary_key or DEFAULT_KEY,
        endpoint=options.endpoint,
        model_endpoint=options.model_endpoint,
        create_endpoint=True,
    )


def _from_body(options: NewIndexOptions) -> IndexRequest | DirectAccessRequest:
    """The request of a body as the API takes it; what arguments say goes before what it says."""
    from engine.doors.rest.fields import read_object
    from engine.doors.rest.new_index import MODEL, create_fields, index_request

    assert options.body is not None
    body = _json(options.body, "--json")
    for name in ("primary_key", "index_type", "index_subtype"):
        if getattr(options, name) is not None:
            body[name] = getattr(options, name)
    endpoint = options.endpoint_name or body.pop("endpoint_name", None) or DEFAULT_ENDPOINT
    body = {name: value for name, value in body.items() if name not in ("name", "endpoint_name")}
    fields = read_object(body, create_fields(MODEL), strict=True)
    return index_request(options.name, endpoint, fields)


def _json(text: str, option: str) -> dict[str, Any]:
    """The JSON object that an option gives, itself or as the name of a file after `@`."""
    given = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
    try:
        value = json.loads(given)
    except ValueError as error:
        raise click.BadParameter(f"it is not JSON ({error}).", param_hint=option) from None
    if not isinstance(value, dict):
        raise click.BadParameter("expected a JSON object.", param_hint=option)
    return value


def _say_what_is_left_out(workspace: Workspace, request: IndexRequest) -> None:
    names = [column["name"] for column in workspace.get_table(request.source_table)["columns"]]
    taken = {column["name"] for column in workspace.get_table(request.name)["columns"]}
    left_out = [column for column in names if column not in taken]
    if left_out:
        note(f"left out {', '.join(left_out)}; name columns with --columns to take them")
