"""From vectors to places: neighbours stay together, equal input gives equal maps, few rows too."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from support.needs import needs

from engine import progress
from engine.errors import InvalidParameterValue
from engine.shop.projection.placing import EDGE, middle, places_among, scaled
from engine.shop.projection.polygons import corners_of, inside
from engine.shop.projection.principal import principal_components
from engine.shop.projection.projecting import Method, Projection, directions_of, projected


def clouds(each: int = 40, kinds: int = 5, width: int = 24) -> Any:
    """Vectors around so many centres, the ones of a kind after another."""
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(kinds, width))
    rows = np.repeat(centres, each, axis=0) + 0.2 * rng.normal(size=(each * kinds, width))
    return rows.astype(np.float32)


def made(vectors: Any, method: Method) -> Projection:
    return projected(vectors, method, progress.bar)


METHODS = [pytest.param("PCA"), pytest.param("t-SNE")]


@pytest.fixture(params=["PCA", "t-SNE"])
def method(request: pytest.FixtureRequest) -> Method:
    if request.param == "t-SNE":
        needs("map")
    return request.param  # type: ignore[no-any-return]


def test_neighbours_stay_together(method: Method) -> None:
    vectors = clouds()
    found = made(vectors, method)
    assert found.method == method and found.places.shape == (200, 2)
    kinds = np.repeat(np.arange(5), 40)
    x, y = found.places.T.astype(float)
    away = np.hypot(x[:, None] - x, y[:, None] - y)
    np.fill_diagonal(away, np.inf)
    assert (kinds[away.argmin(axis=1)] == kinds).mean() > 0.95
    assert found.kept is not None and found.kept > 0.15


def test_tsne_keeps_more_neighbours_than_principal_components() -> None:
    needs("map")
    vectors = clouds(width=60)
    assert (made(vectors, "t-SNE").kept or 0) > 1.5 * (made(vectors, "PCA").kept or 1)


def test_equal_vectors_in_equal_order_give_an_equal_map(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = clouds()
    first = made(vectors, method).places
    random.seed(3)
    np.random.seed(3)
    assert (made(vectors, method).places == first).all()
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert (made(vectors, method).places == first).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9, 10, 11, 12])
def test_few_products_have_places(method: Method, count: int) -> None:
    found = made(clouds(each=4, kinds=3)[:count], method)
    assert found.places.shape == (count, 2)
    assert len({tuple(place) for place in found.places.tolist()}) == count
    if count > 1:
        assert np.abs(found.places.astype(int)).max() == EDGE


@pytest.mark.parametrize("number", [0.0, 0.3])
def test_equal_vectors_lie_in_one_point(method: Method, number: float) -> None:
    found = made(np.full((30, 8), number, dtype=np.float32), method)
    assert not found.places.any() and found.method == "PCA"


def test_copies_and_vectors_of_length_0_keep_nobody_from_a_place(method: Method) -> None:
    vectors = np.concatenate(
        [np.repeat(clouds(each=2), 12, axis=0), np.zeros((20, 24), np.float32)]
    )
    found = made(vectors, method)
    assert len(found.places) == 140 and np.ptp(found.places.astype(int), axis=0).min() > 0


def test_vectors_of_one_number_lie_on_a_line(method: Method) -> None:
    found = made(np.array([[1.0], [-1.0], [-1.0]], dtype=np.float32), method)
    assert found.places[:, 0].tolist() == [EDGE, -EDGE, -EDGE] and not found.places[:, 1].any()


def test_more_than_are_projected_lie_among_their_nearest(
    monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    monkeypatch.setattr("engine.shop.projection.projecting._MOST", 100)
    vectors = clouds()
    found = made(vectors, method)
    kinds = np.repeat(np.arange(5), 40)
    middles = np.array([np.median(found.places[kinds == kind], axis=0) for kind in range(5)])
    x, y = (found.places[:, None] - middles[None]).transpose(2, 0, 1)
    assert (np.hypot(x, y).argmin(axis=1) == kinds).all()


def test_principal_components_of_many_products_wait_for_no_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = made(clouds(), "PCA").places
    monkeypatch.setattr("engine.shop.projection.projecting._MOST", 100)
    monkeypatch.setattr("engine.shop.projection.projecting.places_among", None)
    monkeypatch.setattr("engine.shop.projection.principal._BLOCK", 33)
    assert np.abs(made(clouds(), "PCA").places.astype(int) - whole).max() <= 1


def test_principal_components_are_those_of_the_covariance() -> None:
    vectors = directions_of(clouds())
    ours = principal_components(vectors)
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    for number in range(2):
        theirs = centred @ axes[number]
        assert (
            min(np.abs(ours[:, number] - theirs).max(), np.abs(ours[:, number] + theirs).max())
            < 1e-4
        )


@pytest.mark.parametrize("rows", [1, 2, 3, 23, 24])
def test_principal_components_of_few_are_those_of_the_covariance(rows: int) -> None:
    vectors = directions_of(clouds()[:: 200 // rows][:rows])
    ours = principal_components(vectors)
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    assert np.abs(ours - centred @ axes).max() < 1e-6
    assert not ours[:, min(2, rows - 1) :].any()  # an axis that they don't have


def test_principal_components_of_vectors_that_are_alike_are_0() -> None:
    vectors = np.tile(directions_of(clouds()[:1]), (7, 1))
    assert np.abs(principal_components(vectors)).max() < 1e-12
    assert principal_components(vectors[:0]).shape == (0, 2)
    assert principal_components(np.ones((1, 1), np.float32)).tolist() == [[0.0, 0.0]]


def test_a_place_among_two_regions_is_in_one_of_them() -> None:
    known = directions_of(np.array([[1, 0.01 * n] for n in range(6)], dtype=np.float32))
    places = np.array([[0, 0], [9, 9], [0, 9], [900, 900], [909, 900], [900, 909]], dtype=np.int16)
    between = places_among(known[:1], known, places)
    assert between.shape == (1, 2)
    assert middle(places[[0, 1, 2, 3]]).tolist() == [4, 9]
    assert places_among(known[:0], known, places).shape == (0, 2)


def test_places_reach_the_edge_and_keep_their_proportions() -> None:
    points = np.array([[0.0, 0.0], [4.0, 1.0], [2.0, 0.5]])
    assert scaled(points).tolist() == [[-EDGE, -8000], [EDGE, 8000], [0, 0]]


def test_what_lies_inside_is_what_each_edge_says() -> None:
    rng = np.random.default_rng(1)
    points = rng.integers(-100, 100, (400, 2)).astype(np.int16)
    corners = [(-60, -70), (80, -20), (10, 5), (70, 90), (-80, 40)]

    def slowly(x: float, y: float) -> bool:
        odd = False
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1]):
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                odd = not odd
        return odd

    found = inside(points, corners)
    assert 0 < found.sum() < 400
    assert found.tolist() == [slowly(x, y) for x, y in points.tolist()]


@pytest.mark.parametrize("text", ["", "1,2", "1,2,3,4", "1,2,3,4,5", "a,b,c,d,e,f", "1.5,2,3,4,5,6",
                                  "1,2,3,4,5," + "9" * 30, ",".join(["1"] * 1002)])  # fmt: skip
def test_a_polygon_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterValue, match="expected x,y,x,y,x,y"):
        corners_of(text)
    assert corners_of("1,2,3,-4,5,6") == [(1, 2), (3, -4), (5, 6)]
