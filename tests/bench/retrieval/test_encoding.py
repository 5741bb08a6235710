"""Vectors of a collection: the workspace's, the cache's, else the model's; and what has none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.catalogue import write_catalogue
from support.contestants import DrawnEncoder
from support.needs import needs

from engine.bench.collections.collection import Collection, Document, Picture, Query
from engine.bench.records.line import LeftOut, Measured
from engine.bench.retrieval.answers import encoded
from engine.bench.retrieval.encoding import CollectionEncoder, KnownVectors, Parts, cache_of
from engine.bench.retrieval.goods.asked import GoodsAsked
from engine.bench.retrieval.goods.goods import Goods, goods_of_files
from engine.bench.retrieval.goods.workspace import goods_of_workspace, own_encoder
from engine.bench.retrieval.measures import DEFAULTS, Measure, values_of
from engine.bench.retrieval.run import RetrievalRun
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.tasks.asked import Asked
from engine.bench.retrieval.tasks.catalogue import TASKS, tasks_of_goods
from engine.core.ranking.fusion import blend_vectors
from engine.encode.cache.embeddings import EmbeddingCache
from engine.encode.encoder import TextsOnly
from engine.encode.registry import load_encoder
from engine.errors import BadSourceFile, InvalidInputException
from engine.shop.evaluation.figures.catalogue import zero_shot
from engine.shop.evaluation.run import query_sets
from engine.workspace import Workspace

HASHED = load_encoder("hashed")


@pytest.fixture()
def cache(tmp_path: Path) -> Iterator[EmbeddingCache]:
    made = cache_of(Workspace(tmp_path / "cache"))
    yield made
    made.close()


def goods(folder: Path, products: int = 24, **how: int) -> Goods:
    made = write_catalogue(folder, products)
    return goods_of_files("made", made.styles, made.images, columns={}, **how)


def nothing(done: int) -> None:
    pass


def test_pictures_and_texts_are_blended_as_the_shop_does(
    tmp_path: Path, cache: EmbeddingCache
) -> None:
    some = goods(tmp_path, 4)
    pictures, texts = list(some.pictures), [str(text) for text in some.texts]
    image, text = HASHED.encode_images(pictures), HASHED.encode_texts(texts)
    encoder = CollectionEncoder("hashed", HASHED, cache)
    both = [Parts(*pair) for pair in zip(pictures, texts)]
    for weight in (0.0, 0.25, 0.5, 1.0):
        rows, found = encoder.vectors(both, weight, nothing)
        assert rows == [0, 1, 2, 3]
        np.testing.assert_allclose(found, blend_vectors(text, image, weight), atol=1e-6)
    mixed = [Parts(pictures[0], None), Parts(None, texts[1]), Parts(None, None), both[3]]
    rows, found = encoder.vectors(mixed, 0.5, nothing)
    assert rows == [0, 1, 3]
    np.testing.assert_allclose(found[:2], [image[0], text[1]], atol=1e-6)


def test_only_the_side_that_counts_is_encoded(tmp_path: Path, cache: EmbeddingCache) -> None:
    some = goods(tmp_path, 5)
    both = [Parts(*pair) for pair in zip(some.pictures, some.texts)]
    encoder = CollectionEncoder("hashed", HASHED, cache)
    for weight, count in ((1.0, 5), (1.0, 5), (0.0, 10), (0.5, 10)):
        encoder.vectors(both, weight, nothing)
        assert encoder.encoded == count
    again = CollectionEncoder("hashed", HASHED, cache)
    again.vectors(both, 0.5, nothing)
    assert again.encoded == 0  # all of it is in the cache


def test_one_bad_picture_is_that_documents_trouble(tmp_path: Path, cache: EmbeddingCache) -> None:
    good = goods(tmp_path, 3).pictures
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")

    def in_archive() -> bytes:
        assert isinstance(good[0], Path)
        return good[0].read_bytes()

    def gone() -> bytes:
        raise OSError(5, "Input/output error")

    pictures: list[Picture] = [broken, in_archive, tmp_path / "absent.jpg", gone, good[1], tmp_path]
    encoder = CollectionEncoder("hashed", HASHED, cache)
    rows, found = encoder.vectors([Parts(one, None) for one in pictures], 0.5, nothing)
    assert rows == [1, 4]
    np.testing.assert_allclose(found, HASHED.encode_images([good[0], good[1]]), atol=1e-6)
    assert set(encoder.failed) == {broken, tmp_path / "absent.jpg", gone, tmp_path}
    assert "Input/output error" in encoder.failed[gone]
    documents = [Document(str(place), one) for place, one in enumerate(pictures)]
    queries = [Query("good", picture=good[0]), Query("bad", picture=broken)]
    task = Task("t", Collection("c", documents, queries, {"good": {"1": 1}, "bad": {"1": 1}}))
    answer = encoded(encoder, task, 10, nothing)
    assert set(answer.run) == {"good"} and answer.run["good"].ids[0] == "1"
    assert answer.documents == 2
    assert ["4 documents have no vector" in note for note in answer.notes] == [True, False]
    assert "1 queries have no vector and count 0" in answer.notes[1]


class WordsOnly(TextsOnly, DrawnEncoder):
    """Knows no pictures."""


def test_a_model_of_texts_is_left_out_where_there_are_pictures(
    tmp_path: Path, cache: EmbeddingCache
) -> None:
    needs("evaluation")
    words = CollectionEncoder("words", WordsOnly(), cache)
    documents = [Document("a", text="red dress"), Document("b", text="blue jeans")]
    texts = Task("texts", Collection("c", documents, [Query("q", "red dress")], {"q": {"a": 1}}))
    pictures = tasks_of_goods(goods(tmp_path), ["name_to_image"], Asked())
    kept: list[Measured] = []
    run = RetrievalRun([texts, *pictures], [words])
    (result,) = run.results(kept.append, nothing)
    assert result.task is texts
    assert result.scores[0].values[DEFAULTS[1]].tolist() == [1.0]
    assert [one.reason for one in kept if isinstance(one, LeftOut)] == [
        "words encodes texts only, and there are pictures"
    ]


# ------------------------------------------------------------------ catalogues
@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("built")
    made = write_catalogue(folder, 30)
    (made.images / "7.jpg").write_bytes(b"no picture")
    (made.images / "9.jpg").unlink()
    workspace = Workspace(folder / "ws")
    workspace.build(made.styles, made.images, encoder="hashed")
    return workspace


def test_vectors_of_a_workspaces_own_model_are_not_made_anew(
    built: Workspace, tmp_path: Path, cache: EmbeddingCache
) -> None:
    found = goods_of_workspace(built)
    assert found.ids == [str(key) for key in range(1, 31) if key != 9]
    assert found.products[0]["articleType"] == "Jeans" and found.products[0]["masterCategory"]
    assert own_encoder(built) == "hashed" and found.known is not None
    tasks = tasks_of_goods(found, list(TASKS), Asked(query_sets=GoodsAsked().query_sets()))
    own = CollectionEncoder("hashed", HASHED, cache, found.known)
    texts = {query.text for task in tasks for query in task.queries.values() if query.text}
    texts |= {one.text for task in tasks for one in task.collection.documents if one.text}
    for task in tasks:
        answer = encoded(own, task, 10, nothing)
        if any(one.picture for one in task.collection.documents):
            by_text = task.text_weight == 1  # which the broken photo doesn't matter to
            assert answer.documents == (29 if by_text else 28), task.title
    assert own.encoded <= len(texts - set(found.texts))  # queries' texts, and no picture
    (photo,) = [one for one in own.failed if isinstance(one, Path)]
    assert photo.name == "7.jpg"
    fresh = CollectionEncoder("hashed", HASHED, cache)
    for task in tasks[2:4]:
        mine, theirs = encoded(own, task, 10, nothing), encoded(fresh, task, 10, nothing)
        assert {q: one.ids for q, one in mine.run.items()} == {
            q: one.ids for q, one in theirs.run.items()
        }
    other = CollectionEncoder("drawn", DrawnEncoder(), cache, found.known)
    encoded(other, tasks[2], 10, nothing)
    assert other.encoded >= 28  # vectors of another model are none of its own


def test_a_workspace_and_its_files_are_one_catalogue(built: Workspace) -> None:
    held = goods_of_workspace(built, hold_out=2)
    assert 5 < len(held.products) < 25 and set(held.ids) < set(goods_of_workspace(built).ids)
    assert goods_of_workspace(built, limit=4).ids == ["1", "2", "3", "4"]
    with pytest.raises(BadSourceFile, match="none of its 30 products is held out"):
        goods_of_workspace(built, hold_out=10**6)


def test_files_need_each_other_and_stand_for_themselves(tmp_path: Path, built: Workspace) -> None:
    made = write_catalogue(tmp_path, 6)
    asked = GoodsAsked(made.styles, made.images)
    assert asked.goods(built).ids == ["1", "2", "3", "4", "5", "6"]
    assert asked.goods(None).name == "styles" and asked.goods(None).known is None
    with pytest.raises(InvalidInputException, match="needs a folder of photos"):
        GoodsAsked(made.styles).goods(None)
    assert GoodsAsked().goods(None).name == "sample"


def test_known_vectors_of_another_fingerprint_are_not_used(cache: EmbeddingCache) -> None:
    wrong = KnownVectors("another", {}, {"red": np.ones(HASHED.dimension, dtype=np.float32)})
    encoder = CollectionEncoder("hashed", HASHED, cache, wrong)
    _, found = encoder.vectors([Parts(None, "red")], 0.5, nothing)
    np.testing.assert_allclose(found, HASHED.encode_texts(["red"]), atol=1e-6)


# ------------------------------------------------------------------ beside the other evaluation
def test_figures_agree_with_those_of_vitrine_evaluate(cache: EmbeddingCache) -> None:
    """Two ways to one number: the figures of `vitrine evaluate`, which know neither runs nor TREC."""
    needs("evaluation")
    some = GoodsAsked(limit=120).goods(None)
    sets = query_sets(GoodsAsked().queries) or GoodsAsked().query_sets()
    asked = Asked(query_sets=sets, queries=None)
    encoder = CollectionEncoder("hashed", HASHED, cache)
    _, images = encoder.vectors([Parts(one, None) for one in some.pictures], 0.5, nothing)
    (kinds, *_) = tasks_of_goods(some, ["zero_shot"], asked)
    figure = zero_shot(images, some.products, HASHED.encode_texts, "articleType")
    answer = encoded(encoder, kinds, 10, nothing)
    ids = {query: found.ids for query, found in answer.run.items()}
    first = Measure.parse("Success@1")
    values = dict(zip(kinds.queries, values_of([first], kinds.right, ids)[first]))
    assert values == {
        f"told:articleType:{one}": value for one, value in zip(figure.queries, figure.values)
    }


def test_a_drawn_encoder_loses_to_the_embedded_one(cache: EmbeddingCache) -> None:
    needs("evaluation")
    some = GoodsAsked(limit=60).goods(None)
    tasks = tasks_of_goods(some, ["name_to_image", "zero_shot"], Asked(queries=40))
    contestants = [
        CollectionEncoder("drawn", DrawnEncoder(), cache),
        CollectionEncoder("embedded", load_encoder("embedded"), cache),
    ]
    run = RetrievalRun(tasks[:2], contestants)
    run.check()
    for result in run.results(lambda line: None, nothing):
        first = [one for one in result.differences if one.measure == result.measures[0]]
        assert [one.verdict for one in first] == ["embedded is better beyond noise"]
