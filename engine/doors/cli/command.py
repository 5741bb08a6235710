"""The command `vitrine`, with every group of commands. Knows their names; not what they do.

Results go to standard output; progress, warnings and errors to standard error.
"""

from __future__ import annotations

import click

from engine import __version__
from engine.doors.cli.apply import apply
from engine.doors.cli.bench.command import bench
from engine.doors.cli.build import build, demo, embed, import_command
from engine.doors.cli.catalogs.catalogs import catalog
from engine.doors.cli.catalogs.cloud import export
from engine.doors.cli.catalogs.commands import table, volume
from engine.doors.cli.catalogs.schemas import schema
from engine.doors.cli.endpoints import endpoint
from engine.doors.cli.evaluation.command import evaluate
from engine.doors.cli.indexes.commands import index
from engine.doors.cli.models import models, serving
from engine.doors.cli.notebook import notebook
from engine.doors.cli.options import Group
from engine.doors.cli.people.recommend import recommend
from engine.doors.cli.people.users import users
from engine.doors.cli.search import search
from engine.doors.cli.server import serve
from engine.doors.cli.shop.map import map_group
from engine.doors.cli.shop.products import products
from engine.doors.cli.sql import sql
from engine.doors.cli.training.command import train
from engine.doors.cli.understanding.classify import classify
from engine.doors.cli.understanding.latent import latent
from engine.doors.cli.understanding.validate import validate


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vitrine")
def main() -> None:
    """Offline product search by words and photos.

    Start with `vitrine demo`. A workspace is a directory that holds tables, indexes and cached
    vectors: --workspace DIR, here or after the command, else $VITRINE_WORKSPACE, else ~/.vitrine.
    """


for command in (
    import_command, embed, build, demo, apply, export, search, products, map_group, users, recommend,
    sql, notebook, models, evaluate, train, classify, latent, validate, catalog, schema, table, volume,
    endpoint, index, serving, serve, bench,
):  # fmt: skip
    main.add_command(command)
