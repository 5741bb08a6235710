"""What searches have in common is checked once; each gets the query that it would get alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.schema import Column, Columns, IndexSpec
from engine.errors import VitrineError
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.search.queries import SearchQueries
from engine.shop.search.query_vector import QueryVector
from engine.shop.search.request import SearchRequest

NAMES = ("product_id", "product_display_name", "price", "gender")
COLUMNS = {name: Column(name, "float" if name == "price" else "string") for name in NAMES}
FEWER = {name: column for name, column in COLUMNS.items() if name != "price"}
SPEC = IndexSpec(
    name="main.shop.vs",
    id="1",
    endpoint_name="shop",
    primary_key="product_id",
    source_table="main.shop.products",
    vector_column="v",
    dimension=2,
    pipeline_type="TRIGGERED",
    creator="somebody",
    created_at=0,
    columns=NAMES,
)
OTHER = replace(SPEC, id="2", dimension=3)
LIKE_IT = replace(FASHION, title="gender")

requests = st.builds(
    SearchRequest,
    vector=st.sampled_from([[0.6, 0.8], [1, 0], [0.6], [], ["a", 1], 5, [1.0, 0.0, 0.0]]),
    columns=st.sampled_from(
        [None, ["price"], ("price",), ["price", "gender"], ["price", "price"], ["no"], [["price"]]]
    ),
    filters=st.sampled_from([None, {"price <": 5}, {"price <": 6}, {"no": 1}, "gender = 'a'"]),
    k=st.sampled_from([1, 2, 10_000]),
    offset=st.sampled_from([0, 3]),
    exact=st.booleans(),
    facets=st.sampled_from([None, ["gender"]]),
)


def outcome(
    queries: SearchQueries, asked: SearchRequest, spec: IndexSpec, known: Columns, means: Catalogue
) -> Any:
    """The query by its fields, or the refusal."""
    sought = QueryVector(asked.vector)
    try:
        query = queries.of(asked, "ANN", sought, spec, known, means)
    except VitrineError as error:
        return type(error), str(error)
    fields: dict[str, Any] = {**vars(query), "vector": query.vector.tolist()}
    assert query.vector.dtype == np.float32
    return fields


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    asked=st.lists(
        st.tuples(
            requests,
            st.sampled_from([SPEC, OTHER]),
            st.sampled_from([COLUMNS, FEWER]),
            st.sampled_from([FASHION, LIKE_IT]),
        ),
        min_size=2,
        max_size=40,
    )
)
def test_each_search_gets_the_query_that_it_gets_alone(asked: list[Any]) -> None:
    shared = SearchQueries()
    for search in [*asked, *asked]:
        assert outcome(shared, *search) == outcome(SearchQueries(), *search)
