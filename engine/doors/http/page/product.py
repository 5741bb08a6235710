"""The view of one product, and its parts that come after it. Translates and renders."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from engine.doors.http.page.states import problem
from engine.doors.http.page.views import Visit, shown, view
from engine.errors import InvalidInputException, NotFound, VitrineError
from engine.shop.browsing.storefront import Overview
from engine.shop.page.address import Asked
from engine.shop.page.cards import card_of, keyed_url, photo_url, title_of
from engine.shop.page.product.attributes import attributes_of
from engine.shop.page.product.related import (
    LESS,
    LOOK,
    PAGE,
    STEPS,
    WAYS,
    Similar,
    found_text,
    look_groups,
    map_url,
    search_left,
    similar_products,
    steps,
    way_of,
    with_product,
)
from engine.shop.page.product.tags import MOST_VALUES, TagGroup, tag_group, tagged_columns
from engine.workspace import Workspace

_LARGE = 1024  # pixels of the view's photo
_NEAR = 8  # products that are suggested in place of one that is not there
_MOST = 10_000  # similar products before a page


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The view; a key that is no part of a path comes as `id`."""
    return [
        view("/product/{id}", "page_product", _product, workspace),
        view("/product", "page_product", _product, workspace),
        *_part("similar", _similar, workspace),
        *_part("look", _look, workspace),
        *_part("tags", _tags, workspace),
        *_part("steps", _steps, workspace),
    ]


def _part(name: str, answer: Any, workspace: Workspace) -> list[BaseRoute]:
    paths = (f"/page/product/{name}/{{id}}", f"/page/product/{name}")
    return [view(path, f"page_product_{name}", answer, workspace) for path in paths]


def _product(visit: Visit) -> Response:
    overview = visit.workspace.products_overview()
    try:
        product = visit.workspace.get_product(visit.key)
    except NotFound as error:
        return _missing(visit, overview, error)
    catalogue = overview.catalogue
    key = product[catalogue.key]
    left = _left(visit)
    card = card_of(product, key, catalogue)
    return shown(
        "product/product.html",
        {
            "card": card,
            "large": photo_url(key, _LARGE) if card.photo else None,
            "full": photo_url(key),
            "attributes": attributes_of(product, catalogue, overview.columns),
            "similar": _similar_page(visit, key, left, 0),
            "parts": {
                name: keyed_url(f"/page/product/{name}", key, found=found_text(left))
                for name in ("tags", "look", "steps")
            },
            "left": left,
            "more_like": with_product(left, key, 1.0),
            "less_like": with_product(left, key, LESS),
            "map_url": map_url(key),
        },
        visit,
    )


def _missing(visit: Visit, overview: Overview, error: NotFound) -> Response:
    """The page of a key that no product has, with those that may have been meant."""
    keys = visit.workspace.products_near(visit.key, k=_NEAR)
    products = visit.workspace.products_named(keys)
    cards = [
        card_of(product, key, overview.catalogue)
        for key, product in zip(keys, products)
        if product is not None
    ]
    values = {"key": visit.key, "message": error.in_words, "cards": cards}
    return shown("product/missing.html", values, visit, error.status_code)


def _similar(visit: Visit) -> Response:
    product, overview = _asked_for(visit)
    key = product[overview.catalogue.key]
    offset = visit.number("offset", 0, 0, _MOST)
    page = _similar_page(visit, key, _left(visit), offset)
    values = {
        "similar": page,
        "offset": offset,
        "key": key,
        "title": title_of(product, key, overview.catalogue),
    }
    return shown("product/similar.html", values, visit)


def _similar_page(visit: Visit, key: object, left: Asked | None, offset: int) -> Similar:
    way = way_of(visit.given("similar", "both"))
    try:
        found = visit.workspace.similar_products(key, by=WAYS[way][0], k=PAGE, offset=offset)
    except (
        VitrineError
    ) as error:  # no index, no photo: the rest of the view has nothing to do with it
        why_not = problem(visit.workspace, error)
        return similar_products(key, way, why_not, offset, left)
    return similar_products(key, way, found, offset, left)


def _look(visit: Visit) -> Response:
    product, overview = _asked_for(visit)
    key = product[overview.catalogue.key]
    values = {"key": key, "title": title_of(product, key, overview.catalogue), "why_not": None}
    try:
        look = visit.workspace.complete_the_look(key, k=LOOK)
    except VitrineError as error:
        return shown(
            "product/look.html", {**values, "why_not": problem(visit.workspace, error)}, visit
        )
    held = [(name.replace("_", " "), product[name]) for name in look.same]
    found = {
        "groups": look_groups(look, overview.catalogue),
        "category": look.category.replace("_", " "),
        "held": held,
        "is_co_liked": look.is_co_liked,
    }
    return shown("product/look.html", {**values, **found}, visit)


def _tags(visit: Visit) -> Response:
    product, overview = _asked_for(visit)
    key = product[overview.catalogue.key]
    values = {"key": key, "title": title_of(product, key, overview.catalogue), "why_not": None}
    try:
        styles = visit.workspace.classify(product=key)
    except VitrineError as error:  # no index, no photo, no model: then there are no others either
        return shown(
            "product/tags.html", {**values, "why_not": problem(visit.workspace, error)}, visit
        )
    groups = [tag_group("style", styles, {})]
    for column in tagged_columns(overview.catalogue):
        groups.append(_group(visit.workspace, key, product, column))
    found = {"groups": groups, "model": styles.model, "note": styles.note}
    return shown("product/tags.html", {**values, **found}, visit)


def _group(workspace: Workspace, key: object, product: dict[str, Any], column: str) -> TagGroup:
    try:
        page = workspace.list_products(limit=1, facets=[f"{column} TOP {MOST_VALUES + 1}"])
        if len(page.facets[column]) > MOST_VALUES:
            raise InvalidInputException(f"It has more than {MOST_VALUES:,} values.")
        found = workspace.classify(product=key, attribute=column)
    except VitrineError as error:
        return TagGroup(column.replace("_", " "), why_not=error.in_words)
    return tag_group(column, found, product)


def _steps(visit: Visit) -> Response:
    product, overview = _asked_for(visit)
    catalogue = overview.catalogue
    left = _left(visit)
    before, after = None, None
    if left is not None and left.photo is None:
        filters = left.filters(catalogue, overview.columns) or None
        if left.is_search:
            request = left.request(None, filters=filters, k=STEPS)
            found = visit.workspace.shop.search(request)
            keys, rows = list(found.keys), found.to_dicts()
        else:
            page = visit.workspace.list_products(filters=filters, sort=left.sort, limit=STEPS)
            keys, rows = page.keys, page.products
        titles = [title_of(row, key, catalogue) for row, key in zip(rows, keys)]
        before, after = steps(keys, titles, product[catalogue.key], left)
    values = {"left": left, "before": before, "after": after}
    return shown("product/steps.html", values, visit)


def _asked_for(visit: Visit) -> tuple[dict[str, Any], Overview]:
    """The product of an address, and what there is. Raises NotFound: no such product."""
    return visit.workspace.get_product(visit.key), visit.workspace.products_overview()


def _left(visit: Visit) -> Asked | None:
    headers = visit.request.headers
    referrer = "" if visit.is_part else headers.get("referer", "")
    return search_left(visit.given("found"), referrer, headers.get("host", ""))
