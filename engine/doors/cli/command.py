"""The command `vitrine`. Translates arguments and prints; the behaviour is the workspace's.

Results go to standard output; progress, warnings and errors to standard error.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine import __version__
from engine.doors.cli.catalog_commands import GROUPS
from engine.doors.cli.options import (
    FILE,
    Group,
    chosen_workspace,
    comma_separated,
    embedding_options,
    file_encoding,
    takes_workspace,
    with_workspace,
)
from engine.doors.cli.printing import (
    note,
    print_embed,
    print_import,
    print_models,
    print_result,
    print_sync,
)
from engine.doors.cli.serve_commands import SERVER_COMMANDS
from engine.errors import RowsFailed

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vitrine")
def main() -> None:
    """Offline product search by words and photos.

    Start with `vitrine demo`. A workspace is a directory that holds tables, indexes and cached
    vectors: --workspace DIR, here or after the command, else $VITRINE_WORKSPACE, else ~/.vitrine.
    """


for command in (*GROUPS, *SERVER_COMMANDS):
    main.add_command(command)


# ---------------------------------------------------------------------- import, embed, build
@main.command("import")
@click.argument("styles_csv", type=FILE)
@click.argument("images_dir", type=FILE)
@file_encoding
@with_workspace
def import_command(
    workspace: Workspace, styles_csv: Path, images_dir: Path, encoding: str | None
) -> None:
    """Read a products file in the public fashion layout, and register its image folder."""
    print_import(workspace.import_fashion(styles_csv, images_dir, encoding=encoding))


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
@click.argument("styles_csv", type=FILE)
@click.argument("images_dir", type=FILE)
@file_encoding
@embedding_options
@with_workspace
def build(
    workspace: Workspace,
    styles_csv: Path,
    images_dir: Path,
    encoding: str | None,
    encoder: str | None,
    recipe: str,
    limit_photos: int | None,
    strict: bool,
) -> None:
    """Import, embed and index in one go: the endpoint and the image, text and hybrid index."""
    report = workspace.build(
        styles_csv,
        images_dir,
        encoder=encoder,
        recipe=recipe,
        limit_photos=limit_photos,
        encoding=encoding,
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


# ---------------------------------------------------------------------- models
@main.command()
@click.option(
    "--measure", multiple=True, metavar="NAME", help="Also measure this model's speed here."
)
@click.option("--here", is_flag=True, help="Leave out those known by name only.")
@with_workspace
def models(workspace: Workspace, measure: tuple[str, ...], here: bool) -> None:
    """List the models that can be used: embedded, in hub caches, known to open_clip."""
    print_models([m for m in workspace.list_models() if not here or m.kind != "open_clip"])
    for name in measure:
        speed = workspace.measure_model(name)
        click.echo(f"{name}: {speed.texts:,.0f} texts/s, {speed.images:,.0f} photos/s here")


# ---------------------------------------------------------------------- search
@main.command()
@click.argument("text", required=False)
@click.option("--image", metavar="FILE", help="A photo to search with.")
@click.option("--like", metavar="PRODUCT_ID", help="Search for products like this one.")
@click.option("--text-weight", type=float, metavar="0..1", help="Share of the text beside a photo.")
@click.option("--index", "index_name", metavar="NAME", help="The index, or its last part.")
@click.option(
    "--filter", "filters", metavar="FILTER", help='"price < 50", or as JSON {"price <": 50}.'
)
@click.option(
    "--type",
    "query_type",
    type=click.Choice(["ann", "hybrid", "full_text"], case_sensitive=False),
    default="ann",
    show_default=True,
    help="Compare meanings, find words, or fuse both rankings.",
)
@click.option("--encoder", metavar="NAME", help="The model of a table that was made elsewhere.")
@click.option(
    "-k", type=click.IntRange(min=1), default=10, show_default=True, help="Results wanted."
)
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
    query_type: str,
    encoder: str | None,
    k: int,
    columns: str | None,
    as_json: bool,
    save: str | None,
) -> None:
    """Search by TEXT, by --image, by both, or by --like."""
    from engine.shop.search.result import page_file

    page = None if save is None else page_file(save)
    result = workspace.search(
        text,
        image=image,
        like=like,
        text_weight=text_weight,
        index=index_name,
        filters=_parsed_filter(filters),
        query_type=query_type,
        k=k,
        columns=comma_separated(columns),
        encoder=encoder,
    )
    note(result.note)
    if as_json:
        out = {"index": result.index, "query": result.query, "results": result.to_dicts()}
        click.echo(json.dumps(out, indent=2, default=str))
    else:
        print_result(result, all_columns=columns is not None)
    if page is not None:
        click.echo(f"saved {result.save(page)}", err=True)
        note(result.missing_photos())


@main.command()
@takes_workspace("Where to build it.  [default: $VITRINE_WORKSPACE, else ./vitrine-demo]")
@click.option("--encoder", metavar="NAME", help="ARCHITECTURE/TAG, .../FILE or local-dir:DIR.")
def demo(encoder: str | None) -> None:
    """Build a workspace from the bundled sample and show what it can do."""
    from engine.shop.demo import DEMO_DIR, Demo
    from engine.workspace import Workspace

    folder = chosen_workspace() or os.environ.get("VITRINE_WORKSPACE") or DEMO_DIR
    opened = Workspace(folder)
    shown = Demo(opened.shop, opened.tables, opened.volumes, opened.path)
    report = shown.build(encoder)
    print_import(report.imported)
    print_embed(report.embedded)
    for name, synced in report.synced.items():
        print_sync(name, synced)
    for step in shown.searches():
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
def _parsed_filter(text: str | None) -> object:
    if text is None or not text.lstrip().startswith(("{", "[")):
        return text
    from engine.doors.rest.json_text import parse_exactly  # loads routes that texts don't need

    try:
        return parse_exactly(text)
    except ValueError as error:
        raise click.BadParameter(
            f'{text!r} is not JSON ({error}). Expected an object such as {{"price <": 50}}, or '
            'text such as "price < 50".',
            param_hint="--filter",
        ) from None
