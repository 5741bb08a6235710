"""What FiftyOne's similarity backend `mosaic` finds over HTTP, with photos and a CLIP model.

FiftyOne runs whole, with its database. Its own package fetches that from outside the registry, so
the group names the one that brings it along. No model of FiftyOne's zoo is asked: photos and texts
are encoded by the workspace's endpoint, and the vectors given to FiftyOne.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Found = dict[str, Any]


@pytest.fixture(scope="session")
def found(run_application: Callable[[str], Found]) -> Found:
    return run_application("fiftyone")


def exact(found: Found, ask: Any) -> list[tuple[str, float]]:
    """Every product with its score, the nearest first, by plain arithmetic."""
    scores = 1 / (1 + ((np.array(found["vectors"]) - ask) ** 2).sum(axis=1))
    return [(found["products"][row], float(scores[row])) for row in np.argsort(-scores)]


def same(pairs: list[list[Any]], wanted: list[tuple[str, float]]) -> bool:
    close = pytest.approx([score for _, score in wanted], abs=1e-6)
    return [key for key, _ in pairs] == [key for key, _ in wanted] and close == [
        score for _, score in pairs
    ]


def test_a_text_finds_photos_with_their_scores(found: Found) -> None:
    assert same(found["text"], exact(found, found["ask"])[:10])


def test_a_photo_finds_photos_by_the_vector_that_a_scan_gives(found: Found) -> None:
    assert found["photo"][0] == [found["products"][0], pytest.approx(1.0)]
    assert same(found["photo"], exact(found, found["vectors"][0])[:5])


def test_the_mean_of_two_photos_finds_photos(found: Found) -> None:
    wanted = exact(found, np.mean(found["vectors"][:2], axis=0))[:5]
    # Both photos are as near to their mean, so that either may come before the other.
    assert same(sorted(found["mean"]), sorted(wanted))
    assert [score for _, score in found["mean"]] == sorted(
        (s for _, s in found["mean"]), reverse=True
    )


def test_a_view_keeps_its_photos_of_a_search_for_all(found: Found) -> None:
    white = set(found["are_white"])
    assert found["white"] == [key for key, _ in exact(found, found["ask"]) if key in white]
    assert len(white) > 3


def test_scans_visit_every_row_over_several_pages(found: Found) -> None:
    assert found["size"] == len(found["products"]) > 200  # FiftyOne's page
    rows, furthest = found["read"]
    assert rows == found["size"]
    assert furthest < 1e-6
    assert "already exist" in found["twice"]


def test_photos_are_removed_and_added_again(found: Found) -> None:
    assert found["removed"] == found["size"] - 5
    assert found["left"] == [5]  # of the first six
    assert found["added"] == found["size"]


def test_boxes_in_photos_have_an_index_of_their_own(found: Found) -> None:
    assert found["boxes"] == found["size"]
    assert found["near_boxes"] == [key for key, _ in exact(found, found["ask"])[:5]]


def test_an_index_is_loaded_again_and_cleaned_up(found: Found) -> None:
    assert found["loaded"] == found["size"]
    assert found["left_indexes"] == []
