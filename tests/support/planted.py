"""Goods with columns of their own, in an index of planted vectors."""

from __future__ import annotations

import pyarrow as pa

from engine import Workspace
from engine.core.names import table_name
from engine.shop.catalogue.catalogue import Catalogue

PLANTED = "main.fashion_demo.planted_index"
DIMENSION, GOODS = 16, 600


def index_goods(workspace: Workspace, goods: pa.Table) -> None:
    """Write goods as a table that says what its columns mean, and index their vectors."""
    means = Catalogue(
        key="sku",
        title="naming",
        categories=("sort",),
        color="farbe",
        usage="stil",
        price="cost",
        columns=("sku", "naming", "sort", "farbe", "stil", "cost"),
    )
    properties = {"catalogue": means.to_json()}
    workspace.tables.write(table_name("planted"), goods, properties)
    workspace.create_index(
        PLANTED,
        endpoint="shelf",
        create_endpoint=True,
        primary_key="sku",
        source_table="main.fashion_demo.planted",
        vector_column="vector",
        dimension=DIMENSION,
        pipeline_type="TRIGGERED",
    )
    workspace.sync(PLANTED)
