"""The command `vitrine`. Translates arguments and prints; the behaviour is the workspace's.

Results go to standard output; progress, warnings and errors to standard error.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine import __version__
from engine.doors.printing import (
    note,
    print_embed,
    print_import,
    print_result,
    print_sync,
    print_table,
)
from engine.errors import RowsFailed, VitrineError

if TYPE_CHECKING:
    from engine.service.workspace import Workspace

INTERRUPTED = 130  # exit status of a command ended by Ctrl-C
_FILE = click.Path(exists=False, path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


class Group(click.Group):
    """Shows the engine's errors as one message, and an interruption as what it is."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VitrineError as error:
            raise click.ClickException(error.message) from error
        except KeyboardInterrupt:
            click.echo("interrupted: what was encoded is kept, run it again to go on", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vitrine")
def main() -> None:
    """Offline product search by words and photos.

    Start with `vitrine demo`. A workspace is a directory that holds tables, indexes and cached
    vectors: --workspace DIR, else $VITRINE_WORKSPACE, else ~/.vitrine.
    """


def with_workspace(command: Command) -> Command:
    """Give a command `--workspace` and, as first argument, the opened workspace."""

    @click.option("--workspace", "-w", metavar="DIR", help="The workspace to use.")
    @functools.wraps(command)
    def wrapped(workspace: str | None, **arguments: Any) -> Any:
        from engine.service.workspace import Workspace

        return command(Workspace(workspace), **arguments)

    return wrapped  # type: ignore[return-value]


def embedding_options(command: Command) -> Command:
    """The options of every command that embeds."""
    options = [
        click.option(
            "--encoder", metavar="NAME", help="ARCHITECTURE/TAG, .../FILE or local-dir:DIR."
        ),
        click.option(
            "--recipe",
            type=click.Choice(["full-v1", "short-v1"]),
            default="full-v1",
            show_default=True,
            help="How a product's text is put together.",
        ),
        click.option(
            "--limit-photos",
            type=click.IntRange(min=1),
            metavar="N",
            help="Embed only the first N products that have a photo.",
        ),
        click.option("--strict", is_flag=True, help="Exit with an error if rows were left out."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


# ---------------------------------------------------------------------- import, embed, build
@main.command("import")
@click.argument("styles_csv", type=_FILE)
@click.argument("images_dir", type=_FILE)
@with_workspace
def import_command(workspace: Workspace, styles_csv: Path, images_dir: Path) -> None:
    """Read a products file in the public fashion layout, and register its image folder."""
    print_import(workspace.import_fashion(styles_csv, images_dir))


@main.command()
@click.argument("table", default="products")
@embedding_options
@with_workspace
def embed(
    workspace: Workspace,
    table: str,
    encoder: str | None,
    recipe: str,
    limit_photos: int | None,
    strict: bool,
) -> None:
    """Embed the photos and texts of a products TABLE (default: products)."""
    report = workspace.embed(table, encoder=encoder, recipe=recipe, limit_photos=limit_photos)
    print_embed(report)
    _check_strict(strict, sum(report.failures.values()))


@main.command()
@click.argument("styles_csv", type=_FILE)
@click.argument("images_dir", type=_FILE)
@embedding_options
@with_workspace
def build(
    workspace: Workspace,
    styles_csv: Path,
    images_dir: Path,
    encoder: str | None,
    recipe: str,
    limit_photos: int | None,
    strict: bool,
) -> None:
    """Import, embed and index in one go: the endpoint and the image, text and hybrid index."""
    report = workspace.build(
        styles_csv, images_dir, encoder=encoder, recipe=recipe, limit_photos=limit_photos
    )
    print_import(report.imported)
    print_embed(report.embedded)
    for name, synced in report.synced.items():
        print_sync(name, synced)
    _check_strict(strict, sum(report.embedded.failures.values()))


def _check_strict(strict: bool, failed: int) -> None:
    if strict and failed:
        raise RowsFailed(
            f"{failed} rows were left out and --strict was given. Table embedding_failures lists "
            "them: vitrine table show embedding_failures"
        )


# ---------------------------------------------------------------------- tables and volumes
@main.group()
def table() -> None:
    """Tables: register exported Parquet files, list, show."""


@table.command("register")
@click.argument("name")
@click.argument("files", nargs=-1, required=True)
@with_workspace
def table_register(workspace: Workspace, name: str, files: tuple[str, ...]) -> None:
    """Make Parquet FILES (or folders of them) the table NAME, where they lie."""
    rows = workspace.register_table(name, files)
    click.echo(f"registered {name}: {rows:,} rows, read in place")


@table.command("list")
@with_workspace
def table_list(workspace: Workspace) -> None:
    """List the tables of the workspace."""
    for name in workspace.list_tables():
        click.echo(name)


@table.command("show")
@click.argument("name")
@click.option("-n", "rows", type=click.IntRange(min=1), default=10, show_default=True)
@with_workspace
def table_show(workspace: Workspace, name: str, rows: int) -> None:
    """Print the first rows of a table."""
    content = workspace.read_table(name)
    print_table(content.slice(0, rows).to_pylist(), content.column_names)
    click.echo(f"{min(rows, len(content)):,} of {len(content):,} rows")


@main.group()
def volume() -> None:
    """Volumes: folders of images."""


@volume.command("register")
@click.argument("path", metavar="/Volumes/CATALOG/SCHEMA/VOLUME[/...]")
@click.argument("folder", type=_FILE)
@with_workspace
def volume_register(workspace: Workspace, path: str, folder: Path) -> None:
    """Let a volume path stand for a FOLDER of this machine, read in place."""
    workspace.register_volume(path, folder)
    click.echo(f"registered {path} -> {folder.resolve()}")


# ---------------------------------------------------------------------- endpoints and indexes
@main.group()
def endpoint() -> None:
    """Vector search endpoints."""


@endpoint.command("create")
@click.argument("name")
@click.option("--type", "kind", default="STANDARD", show_default=True)
@with_workspace
def endpoint_create(workspace: Workspace, name: str, kind: str) -> None:
    """Create an endpoint."""
    workspace.create_endpoint(name, kind)
    click.echo(f"created endpoint {name}")


@endpoint.command("list")
@with_workspace
def endpoint_list(workspace: Workspace) -> None:
    """List the endpoints."""
    rows = [
        {
            "name": found["name"],
            "type": found["endpoint_type"],
            "state": found["endpoint_status"]["state"],
            "indexes": found["num_indexes"],
        }
        for found in workspace.list_endpoints()
    ]
    print_table(rows, ["name", "type", "state", "indexes"])


@endpoint.command("delete")
@click.argument("name")
@with_workspace
def endpoint_delete(workspace: Workspace, name: str) -> None:
    """Delete an endpoint that has no indexes."""
    workspace.delete_endpoint(name)
    click.echo(f"deleted endpoint {name}")


@main.group()
def index() -> None:
    """Vector search indexes."""


@index.command("create")
@click.argument("name")
@click.option("--source", required=True, metavar="TABLE", help="The table with the vectors.")
@click.option("--vector-column", required=True, metavar="COLUMN")
@click.option("--primary-key", default="product_id", show_default=True, metavar="COLUMN")
@click.option("--endpoint", "endpoint_name", default="fashion_vector_search", show_default=True)
@click.option("--dimension", type=int, help="Length of the vectors; default: as in the table.")
@click.option("--pipeline-type", default="TRIGGERED", show_default=True)
@click.option("--columns", help="Comma-separated columns to sync; default: all.")
@with_workspace
def index_create(
    workspace: Workspace,
    name: str,
    source: str,
    vector_column: str,
    primary_key: str,
    endpoint_name: str,
    dimension: int | None,
    pipeline_type: str,
    columns: str | None,
) -> None:
    """Create the index NAME (catalog.schema.name) over a table and sync it."""
    report = workspace.create_index(
        name,
        source_table=source,
        vector_column=vector_column,
        primary_key=primary_key,
        endpoint=endpoint_name,
        dimension=dimension,
        pipeline_type=pipeline_type,
        columns_to_sync=_comma_separated(columns),
        create_endpoint=True,
    )
    print_sync(name, report)


@index.command("sync")
@click.argument("name")
@with_workspace
def index_sync(workspace: Workspace, name: str) -> None:
    """Bring an index to the state of its source table."""
    print_sync(name, workspace.sync(name))


@index.command("describe")
@click.argument("name")
@with_workspace
def index_describe(workspace: Workspace, name: str) -> None:
    """Print an index as the API describes it, in JSON."""
    click.echo(json.dumps(workspace.get_index(name), indent=2))


@index.command("list")
@with_workspace
def index_list(workspace: Workspace) -> None:
    """List all indexes."""
    rows = []
    for found in workspace.list_endpoints():
        for spec in workspace.list_indexes(found["name"]):
            status = workspace.get_index(spec["name"])["status"]
            rows.append(
                {
                    "name": spec["name"],
                    "endpoint": found["name"],
                    "rows": status["indexed_row_count"],
                    "state": status["detailed_state"],
                }
            )
    print_table(rows, ["name", "endpoint", "rows", "state"])


@index.command("delete")
@click.argument("name")
@with_workspace
def index_delete(workspace: Workspace, name: str) -> None:
    """Delete an index and its files."""
    workspace.delete_index(name)
    click.echo(f"deleted index {name}")


# ---------------------------------------------------------------------- search
@main.command()
@click.argument("text", required=False)
@click.option("--image", metavar="FILE", help="A photo to search with.")
@click.option("--like", metavar="PRODUCT_ID", help="Search for products like this one.")
@click.option("--text-weight", type=float, metavar="0..1", help="Share of the text beside a photo.")
@click.option("--index", "index_name", metavar="NAME", help="The index, or its last part.")
@click.option("--filter", "filters", metavar="JSON", help='For example {"price <": 50}.')
@click.option("-k", type=int, default=10, show_default=True, help="Results wanted.")
@click.option("--columns", metavar="A,B,...", help="Columns to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--save", metavar="FILE.html", help="Also write a contact sheet with the photos.")
@with_workspace
def search(
    workspace: Workspace,
    text: str | None,
    image: str | None,
    like: str | None,
    text_weight: float | None,
    index_name: str | None,
    filters: str | None,
    k: int,
    columns: str | None,
    as_json: bool,
    save: str | None,
) -> None:
    """Search by TEXT, by --image, by both, or by --like."""
    result = workspace.search(
        text,
        image=image,
        like=like,
        text_weight=text_weight,
        index=index_name,
        filters=_parsed_filter(filters),
        k=k,
        columns=_comma_separated(columns),
    )
    note(result.note)
    if as_json:
        out = {"index": result.index, "query": result.query, "results": result.to_dicts()}
        click.echo(json.dumps(out, indent=2, default=str))
    else:
        print_result(result, all_columns=columns is not None)
    if save:
        click.echo(f"saved {result.save(save)}", err=True)


@main.command()
@click.option(
    "--workspace", "-w", metavar="DIR", help="Where to build it.  [default: ./vitrine-demo]"
)
@click.option("--encoder", metavar="NAME", help="ARCHITECTURE/TAG, .../FILE or local-dir:DIR.")
def demo(workspace: str | None, encoder: str | None) -> None:
    """Build a workspace from the bundled sample and show what it can do."""
    from engine.service.demo import DEMO_DIR, build_demo, demo_searches
    from engine.service.workspace import Workspace

    folder = workspace or DEMO_DIR
    opened = Workspace(folder)
    report = build_demo(opened, encoder)
    print_import(report.imported)
    print_embed(report.embedded)
    for name, synced in report.synced.items():
        print_sync(name, synced)
    for step in demo_searches(opened):
        click.echo(f"\n{step.title}: vitrine search {step.command} -w {folder}")
        print_result(step.result)
    key = step.result[0]["product_id"]
    click.echo(
        "\nNext, try:\n"
        f'  vitrine search "white sneakers" --save sneakers.html -w {folder}\n'
        f"  vitrine search --like {key} -w {folder}\n"
        f"  vitrine index describe {step.result.index} -w {folder}\n"
        "  vitrine build STYLES_CSV IMAGES_DIR        (your own catalogue)"
    )


# ---------------------------------------------------------------------- reading and printing
def _comma_separated(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]


def _parsed_filter(text: str | None) -> object:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(
            f'{text!r} is not JSON ({error}). Expected an object such as {{"price <": 50}}.',
            param_hint="--filter",
        ) from None


if __name__ == "__main__":
    main(prog_name="vitrine")
