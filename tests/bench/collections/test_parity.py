"""clip_benchmark and open_clip evaluate the same files with the same model: their numbers are ours.

They read the set by their own readers, encode with open_clip, and count by their own code; we read it
by `open_collection`, encode by the engine, rank and count by `vitrine bench retrieval`.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.needs import needs
from support.standard_sets import coco_captions, picture_bytes, tar, write_picture

needs("clip", "evaluation", "judges")
# webdataset warns of how clip_benchmark calls it, and leaves tars to be closed by the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:WebDataset.shardshuffle:UserWarning"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what these packages say of others as they load
    import open_clip
    import torch
    from clip_benchmark.datasets.builder import build_dataset, image_captions_collate_fn
    from clip_benchmark.datasets.flickr import Flickr
    from clip_benchmark.metrics import zeroshot_classification, zeroshot_retrieval
    from open_clip_train.data import CsvDataset
    from open_clip_train.train import get_clip_metrics
    from torchvision.datasets import CocoCaptions

from engine import Workspace
from engine.bench.collections.opening import open_collection
from engine.bench.collections.part import IMAGE_TO_TEXT, TEXT_TO_IMAGE, Part
from engine.bench.retrieval.encoding import CollectionEncoder, cache_of
from engine.bench.retrieval.measures import Measure
from engine.bench.retrieval.run import RetrievalRun
from engine.bench.retrieval.task import Task, groups_of
from engine.encode.cache.embeddings import EmbeddingCache

PICTURES = 40
CUTOFFS = (1, 5, 10)
WORDS = ["red", "blue", "green", "black", "white", "striped", "floral", "plain", "long", "short"]
THINGS = ["dress", "shirt", "shoe", "hat", "coat", "bag", "skirt", "belt", "scarf", "sock"]
CLASSES = ("dress", "running shoe", "hat", "coat", "bag", "skirt", "belt")


class OneNumber(torch.Tensor):
    """A tensor whose array is a number where it has one: numpy 2.4 makes no float of an array (1,).

    clip_benchmark 1.6's `accuracy` asks for that.
    """

    def numpy(self, **options: Any) -> np.ndarray:
        found = super().numpy(**options)
        return found.reshape(()) if found.size == 1 else found


class Theirs:
    """The model as open_clip makes it, with its own preprocessing and tokenizer."""

    def __init__(self, name: str) -> None:
        self.model, _, self.transform = open_clip.create_model_and_transforms(name)
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer(name)

    def retrieval(self, dataset: Any, batches: Any = None) -> dict[str, float]:
        """clip_benchmark's figures; image_retrieval is text to image."""
        loader = batches
        if batches is None:
            loader = torch.utils.data.DataLoader(
                dataset, batch_size=16, collate_fn=image_captions_collate_fn
            )
        found: dict[str, float] = zeroshot_retrieval.evaluate(
            self.model, loader, self.tokenizer, "cpu", amp=False, recall_k_list=list(CUTOFFS)
        )
        return found


@pytest.fixture(autouse=True)
def tars_are_closed() -> Iterator[None]:
    yield
    gc.collect()  # while the warning is none


@pytest.fixture(scope="module")
def theirs(tiny_encoder_name: str) -> Theirs:
    return Theirs(tiny_encoder_name)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[EmbeddingCache]:
    workspace = Workspace(tmp_path / "workspace")
    workspace.path.mkdir()
    made = cache_of(workspace)
    yield made
    made.close()


Ours = Callable[..., dict[str, np.ndarray]]


@pytest.fixture
def ours(tiny_encoder_name: str, cache: EmbeddingCache, tmp_path: Path) -> Ours:
    """Values of measures by their names, one a query, in the order of the queries' ids."""
    model = Workspace(tmp_path / "workspace").encoder(tiny_encoder_name)

    def values(task: Task, measures: Sequence[str]) -> dict[str, np.ndarray]:
        asked = [Measure.parse(one) for one in measures]
        run = RetrievalRun([task], [CollectionEncoder("tiny", model, cache)], measures=asked)
        run.check()
        (result,) = run.results(lambda line: None, lambda done: None)
        (scores,) = result.scores
        assert not scores.answer.notes
        return {f"{one.name}@{one.cutoff}": value for one, value in scores.values.items()}

    return values


def task_of(path: Path, direction: str) -> Task:
    return Task("parity", open_collection(path, part=Part(direction=direction)))


def captions(number: int, count: int) -> list[str]:
    """Captions of a picture, each its own."""
    rng = np.random.default_rng(number)
    return [
        f"a {rng.choice(WORDS)}, {rng.choice(WORDS)} {rng.choice(THINGS)} no {number} {place}"
        for place in range(count)
    ]


def same_recall(path: Path, expected: dict[str, float], ours: Ours) -> None:
    """Recall in the sense of CLIP's papers: a query counts where any right one is among the first."""
    measures = [f"Success@{k}" for k in CUTOFFS]
    for direction, name in ((TEXT_TO_IMAGE, "image"), (IMAGE_TO_TEXT, "text")):
        found = ours(task_of(path, direction), measures)
        for k in CUTOFFS:
            theirs = expected[f"{name}_retrieval_recall@{k}"]
            assert found[f"Success@{k}"].mean() == pytest.approx(theirs, abs=1e-6), (direction, k)
    # Not all found and not none: figures that could differ.
    assert 0 < expected["image_retrieval_recall@10"] < 1


def test_clip_benchmarks_retrieval_from_tars(tmp_path: Path, theirs: Theirs, ours: Ours) -> None:
    folder = tmp_path / "set"
    for shard in range(2):
        members = []
        for number in range(shard * 20, shard * 20 + 20):
            key = f"s{number:07}"
            members.append((f"{key}.png", picture_bytes(number)))
            members.append((f"{key}.txt", "\n".join(captions(number, 5)).encode()))
        tar(folder / "test" / f"{shard}.tar", members)
    (folder / "test" / "nshards.txt").write_text("2\n")
    (folder / "dataset_type.txt").write_text("retrieval\n")
    dataset = build_dataset(
        "wds/made", root=str(folder), transform=theirs.transform, task="zeroshot_retrieval"
    )
    batches = torch.utils.data.DataLoader(dataset.batched(16), batch_size=None)
    same_recall(folder, theirs.retrieval(None, batches), ours)


def test_clip_benchmarks_flickr_table(tmp_path: Path, theirs: Theirs, ours: Ours) -> None:
    folder = tmp_path / "set"
    lines = ["image,caption"]
    for number in range(PICTURES):
        write_picture(folder / f"{number}.jpg", number)
        lines += [f"{number}.jpg,{caption}" for caption in captions(number, 5)]
    file = folder / "flickr30k_test_karpathy.txt"
    file.write_text("\n".join(lines))
    dataset = Flickr(str(folder), str(file), transform=theirs.transform)
    same_recall(folder, theirs.retrieval(dataset), ours)


def test_coco_captions_with_more_than_five(tmp_path: Path, theirs: Theirs, ours: Ours) -> None:
    folder = tmp_path / "set"
    given = {number * 7 + 1: captions(number, 5 + number % 3) for number in range(PICTURES)}
    file = coco_captions(folder, given)
    dataset = CocoCaptions(str(folder / "val2017"), str(file), transform=theirs.transform)
    same_recall(folder, theirs.retrieval(dataset), ours)


def test_open_clips_own_retrieval_metrics(tmp_path: Path, theirs: Theirs, ours: Ours) -> None:
    folder = tmp_path / "set"
    lines = ["filepath\ttitle"]
    for number in range(PICTURES):
        picture = write_picture(folder / "images" / f"{number}.jpg", number)
        lines.append(f"{picture}\t{captions(number, 1)[0]}")
    file = folder / "val.csv"
    file.write_text("\n".join(lines) + "\n")
    dataset = CsvDataset(
        str(file), theirs.transform, "filepath", "title", sep="\t", tokenizer=theirs.tokenizer
    )
    with torch.inference_mode():
        pictures, texts = (
            torch.stack(part) for part in zip(*(dataset[i] for i in range(PICTURES)))
        )
        expected = get_clip_metrics(
            theirs.model.encode_image(pictures, normalize=True),
            theirs.model.encode_text(texts, normalize=True),
            theirs.model.logit_scale.exp(),
        )
    for direction, name in ((TEXT_TO_IMAGE, "text_to_image"), (IMAGE_TO_TEXT, "image_to_text")):
        found = ours(task_of(folder, direction), [*(f"R@{k}" for k in CUTOFFS), "RR@1000"])
        for k in CUTOFFS:
            assert found[f"R@{k}"].mean() == pytest.approx(expected[f"{name}_R@{k}"])
        ranks = 1 / found["RR@1000"]  # one right answer, and no more than 1,000 documents
        assert ranks.mean() == pytest.approx(expected[f"{name}_mean_rank"])
        assert np.floor(np.median(ranks - 1)) + 1 == expected[f"{name}_median_rank"]
        assert ranks.min() < expected[f"{name}_median_rank"] < ranks.max()


def test_clip_benchmarks_zero_shot_accuracy(
    tmp_path: Path, theirs: Theirs, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, template = tmp_path / "set", "a photo of a {c}."
    labels = [number * number % len(CLASSES) for number in range(PICTURES)]
    labels[:7] = range(7)
    members = []
    for number, label in enumerate(labels):
        members.append((f"s{number:07}.png", picture_bytes(number)))
        members.append((f"s{number:07}.cls", str(label).encode()))
    tar(folder / "test" / "0.tar", members)
    (folder / "test" / "nshards.txt").write_text("1\n")
    (folder / "classnames.txt").write_text("\n".join(CLASSES) + "\n")
    (folder / "zeroshot_classification_templates.txt").write_text(f"{template}\n")
    dataset = build_dataset("wds/made", root=str(folder), transform=theirs.transform)
    batches = torch.utils.data.DataLoader(dataset.batched(16), batch_size=None)
    encoded = theirs.model.encode_image
    monkeypatch.setattr(
        theirs.model, "encode_image", lambda pictures: encoded(pictures).as_subclass(OneNumber)
    )
    expected = zeroshot_classification.evaluate(
        theirs.model, batches, theirs.tokenizer, list(CLASSES), [template], "cpu", amp=False
    )
    task = task_of(folder, IMAGE_TO_TEXT)
    found = ours(task, ["Success@1", "Success@5"])
    assert found["Success@1"].mean() == pytest.approx(expected["acc1"])
    assert found["Success@5"].mean() == pytest.approx(expected["acc5"])
    groups = groups_of(list(task.queries.values()))
    assert len(groups) == len(CLASSES) and len({len(rows) for rows in groups.values()}) > 1
    recalls = [found["Success@1"][rows].mean() for rows in groups.values()]
    assert np.mean(recalls) == pytest.approx(expected["mean_per_class_recall"])
    assert 0 < expected["acc1"] < expected["acc5"] < 1
