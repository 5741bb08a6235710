"""The same model on the same pictures: clip_benchmark's and open_clip's own figures are ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.catalogue import write_catalogue
from support.contestants import DrawnEncoder
from support.needs import needs

from engine.bench.collections.collection import Collection, Document, Query
from engine.bench.retrieval.encoding import CollectionEncoder, cache_of
from engine.bench.retrieval.measures import Measure
from engine.bench.retrieval.run import RetrievalRun
from engine.bench.retrieval.task import Task
from engine.workspace import Workspace

needs("evaluation", "clip", "judges")

import torch
from clip_benchmark.metrics.zeroshot_classification import run_classification, zero_shot_classifier
from clip_benchmark.metrics.zeroshot_retrieval import evaluate
from open_clip_train.train import get_clip_metrics

DRAWN = DrawnEncoder()  # whose cosines are never equal: a tie is anybody's order
COLOURS = ("red", "blue", "white", "black", "green", "yellow")


class Model:
    """The encoder as both libraries want a model: tensors in, tensors out."""

    def encode_image(self, images: Any) -> Any:
        return torch.from_numpy(DRAWN.encode_pixels(images.numpy()))

    def encode_text(self, rows: Any) -> Any:
        return torch.from_numpy(DRAWN.encode_texts([SAID[int(row)] for row in rows]))


SAID: list[str] = []  # texts by the number that stands for them in a tensor


def tokenizer(texts: list[str]) -> Any:
    SAID.extend(texts)
    return torch.arange(len(SAID) - len(texts), len(SAID))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    made = write_catalogue(tmp_path_factory.mktemp("pictures"), 24)
    return [made.images / f"{key}.jpg" for key in range(1, 25)]


@pytest.fixture()
def encoder(tmp_path: Path) -> Iterator[CollectionEncoder]:
    cache = cache_of(Workspace(tmp_path))
    yield CollectionEncoder("drawn", DRAWN, cache)
    cache.close()


def captions(row: int) -> list[str]:
    return [f"{COLOURS[(row + n) % 6]} thing number {row} seen {n} times" for n in range(5)]


def prepared(pictures: list[Path]) -> Any:
    return torch.from_numpy(np.stack([np.asarray(DRAWN.prepare_image(one)) for one in pictures]))


def figures(task: Task, encoder: CollectionEncoder, *names: str) -> list[float]:
    measures = [Measure.parse(name) for name in names]
    (result,) = RetrievalRun([task], [encoder], {}, measures).results(
        lambda line: None, lambda done: None
    )
    return [float(result.scores[0].values[one].mean()) for one in measures]


def test_retrieval_both_ways_is_as_clip_benchmark_has_it(
    pictures: list[Path], encoder: CollectionEncoder
) -> None:
    rows = range(len(pictures))
    batches = [
        (prepared(pictures[start : start + 8]), [captions(row) for row in range(start, start + 8)])
        for start in range(0, 24, 8)
    ]
    theirs = evaluate(Model(), batches, tokenizer, "cpu", amp=False, recall_k_list=[1, 5, 10])
    images = [Document(f"i{row}", picture) for row, picture in enumerate(pictures)]
    texts = [Document(f"t{row}.{n}", text=captions(row)[n]) for row in rows for n in range(5)]
    by_text = [Query(one.id, one.text) for one in texts]
    by_image = [Query(one.id, picture=one.picture) for one in images]
    of_text = {one.id: {f"i{one.id[1:].partition('.')[0]}": 1} for one in texts}
    of_image = {f"i{row}": {f"t{row}.{n}": 1 for n in range(5)} for row in rows}
    to_image = Task("to image", Collection("c", images, by_text, of_text))
    to_text = Task("to text", Collection("c", texts, by_image, of_image))
    found = figures(to_image, encoder, "R@1", "R@5", "R@10")
    assert found == pytest.approx([theirs[f"image_retrieval_recall@{k}"] for k in (1, 5, 10)])
    found = figures(to_text, encoder, "Success@1", "Success@5", "Success@10")
    assert found == pytest.approx([theirs[f"text_retrieval_recall@{k}"] for k in (1, 5, 10)])
    assert 0 < found[1] < found[2] < 1  # figures that could differ


def test_pairs_both_ways_are_as_open_clip_has_them(
    pictures: list[Path], encoder: CollectionEncoder
) -> None:
    texts = [captions(row)[0] for row in range(len(pictures))]
    sides = (
        torch.from_numpy(DRAWN.encode_images(pictures)),
        torch.from_numpy(DRAWN.encode_texts(texts)),
    )
    theirs = get_clip_metrics(*sides, torch.tensor(100.0))
    ids = [f"{row:02d}" for row in range(len(pictures))]
    right = {one: {one: 1} for one in ids}
    images = [Document(one, picture) for one, picture in zip(ids, pictures)]
    words = [Document(one, text=text) for one, text in zip(ids, texts)]
    by_text = [Query(one.id, one.text) for one in words]
    by_image = [Query(one.id, picture=one.picture) for one in images]
    for way, documents, queries in (
        ("text_to_image", images, by_text),
        ("image_to_text", words, by_image),
    ):
        task = Task(way, Collection("c", documents, queries, right))
        found = figures(task, encoder, "R@1", "R@5", "R@10")
        assert found == pytest.approx([theirs[f"{way}_R@{k}"] for k in (1, 5, 10)])
        assert 0 < found[1] < found[2] < 1  # figures that could differ


def test_zero_shot_is_as_clip_benchmark_has_it(
    pictures: list[Path], encoder: CollectionEncoder
) -> None:
    labels = [row % len(COLOURS) for row in range(len(pictures))]
    classifier = zero_shot_classifier(
        Model(), tokenizer, COLOURS, ["a photo of {c}"], "cpu", amp=False
    )
    batches = [(prepared(pictures), torch.tensor(labels))]
    logits, target = run_classification(Model(), classifier, batches, "cpu", amp=False)
    theirs = float((logits.argmax(1) == target).float().mean())
    documents = [Document(one, text=f"a photo of {one}") for one in COLOURS]
    queries = [Query(f"{row:02d}", picture=one) for row, one in enumerate(pictures)]
    right = {f"{row:02d}": {COLOURS[label]: 1} for row, label in enumerate(labels)}
    task = Task("told", Collection("c", documents, queries, right))
    (found,) = figures(task, encoder, "Success@1")
    assert found == pytest.approx(theirs) and 0 < found < 1
