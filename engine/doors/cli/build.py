"""Commands that make a shop's tables and indexes: import, embed, build, demo. Translates and prints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.catalogue.choosing import chosen_catalogue
from engine.doors.cli.catalogue.options import catalogue_options, reading_of, words_of
from engine.doors.cli.options import (
    FILE,
    chosen_workspace,
    embedding_options,
    file_encoding,
    takes_workspace,
    with_workspace,
)
from engine.doors.cli.people.users import print_users
from engine.doors.cli.printing import (
    print_embed,
    print_import,
    print_map,
    print_result,
    print_sync,
    say,
)
from engine.errors import RowsFailed

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.command("import")
@click.argument("styles_csv", type=FILE)
@click.argument("images_dir", type=FILE)
@file_encoding
@with_workspace
def import_command(
    workspace: Workspace, styles_csv: Path, images_dir: Path, encoding: str | None
) -> None:
    """Read a products file in the public fashion layout, and register its image folder."""
    print_import(workspace.import_fashion(styles_csv, images_dir, encoding=encoding))


@click.command()
@click.argument("table", default="products")
@embedding_options
@with_workspace
def embed(
    workspace: Workspace,
    table: str,
    encoder: str | None,
    recipe: str | None,
    limit_photos: int | None,
    strict: bool,
) -> None:
    """Embed the photos and texts of a products TABLE (default: products)."""
    from engine.shop.embedding.request import EmbedRequest

    request = EmbedRequest(table, encoder=encoder, recipe=recipe, limit_photos=limit_photos)
    report = workspace.shop.embed(request)
    print_embed(report)
    _check_strict(strict, sum(report.failures.values()))


@click.command()
@click.argument("products", type=FILE)
@click.argument("images", type=FILE, required=False)
@catalogue_options
@file_encoding
@embedding_options
@click.option("--no-map", is_flag=True, help="Make no map of the products.")
@with_workspace
def build(
    workspace: Workspace,
    products: Path,
    images: Path | None,
    encoding: str | None,
    encoder: str | None,
    recipe: str | None,
    limit_photos: int | None,
    strict: bool,
    no_map: bool,
    **options: Any,
) -> None:
    """Import, embed and index in one go: the endpoint and the image, text and hybrid index.

    PRODUCTS is a table (CSV, JSON lines, Parquet, Delta), a folder of pictures, or a zip archive; IMAGES
    a folder or archive of pictures. What the columns mean is said by options or --catalogue FILE.toml;
    where neither is given, a guess is shown. The public fashion layout needs no options.
    """
    words = words_of(options)
    catalogue = chosen_catalogue(workspace, products, images, words, options, encoding)
    report = workspace.build(
        products,
        images,
        catalogue=catalogue,
        encoder=encoder,
        recipe=recipe,
        limit_photos=limit_photos,
        encoding=encoding,
        with_map=not no_map,
        **reading_of(options),
    )
    print_import(report.imported)
    print_embed(report.embedded)
    for name, synced in report.synced.items():
        print_sync(name, synced)
    print_map(report.map)
    left_out = report.imported.failures.get("row", 0)
    _check_strict(strict, sum(report.embedded.failures.values()), left_out)


def _check_strict(strict: bool, failed: int, unread: int = 0) -> None:
    if strict and unread:
        raise RowsFailed(
            f"{unread} rows of the source were left out and --strict was given. Table import_failures "
            "lists them: vitrine table show import_failures"
        )
    if strict and failed:
        raise RowsFailed(
            f"{failed} rows were left out and --strict was given. Table embedding_failures lists "
            "them: vitrine table show embedding_failures"
        )


@click.command()
@takes_workspace("Where to build it.  [default: $VITRINE_WORKSPACE, else ./vitrine-demo]")
@click.option("--encoder", metavar="NAME", help="ARCHITECTURE/TAG, .../FILE or local-dir:DIR.")
@click.option(
    "--serve", is_flag=True, help="Serve it afterwards, for this machine; Ctrl-C ends it."
)
def demo(encoder: str | None, serve: bool) -> None:
    """Build a workspace from the bundled sample and show what it can do."""
    from engine.doors.cli.server import URL, serve_here
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
    print_map(report.map)
    print_users(shown.people())
    for step in shown.searches():
        say(f"\n{step.title}: vitrine search {step.command} -w {folder}")
        print_result(step.result)
    key = step.result[0][step.result.catalogue.key]
    say(
        "\nNext, try:\n"
        f'  vitrine search "white sneakers" --save sneakers.html -w {folder}\n'
        f"  vitrine search --like {key} -w {folder}\n"
        f"  vitrine index describe {step.result.index} -w {folder}\n"
        "  vitrine build PRODUCTS IMAGES              (your own catalogue)\n"
    )
    if not serve:
        link = f"vitrine serve --no-auth -w {folder}, then open\n{URL}/"
        say(f"Look at it in a browser: {link}")
    else:
        serve_here(opened)
