"""The recipe of the embedded model's second edition: its pieces against slow twins, and a whole run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.catalogue import Catalogue
from support.needs import needs
from support.training import WORDS, drawn_catalogue, write_teacher

needs("clip")
import torch

from engine import load_encoder
from engine.errors import InvalidInputException
from engine.shop.evaluation.products import is_held_out
from engine.shop.training.stages import losses as engines
from engine.shop.training.towers.pieces import read_tokenizer
from engine.shop.training.towers.teacher import read_teacher

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "embedded_model"))
try:
    import train
    from recipe import catalogue, losses, photos, texts, towers
    from recipe.augment import augment
    from recipe.settings import ABLATIONS, Settings
finally:
    sys.path.pop(0)

PRODUCTS = 30  # three of them held out
QUERIES = (
    '{"text": "red footwear", "where": {"baseColour": ["Red"], "masterCategory": ["Footwear"]}}\n'
)


# ------------------------------------------------------------------ losses
def test_losses_equal_those_of_the_engine() -> None:
    random = torch.Generator().manual_seed(3)
    logits = torch.randn(7, 9, generator=random)
    targets = (torch.rand(7, 9, generator=random) < 0.3).float()
    targets[2] = 0.0
    found = losses.soft_cross_entropy(logits, targets)
    assert torch.allclose(found, engines.cross_entropy_to(logits, targets))
    images, others = torch.randn(7, 4, generator=random), torch.randn(2, 4, generator=random)
    gallery, alike = torch.cat([images, others]), torch.randint(0, 3, (7, 9), generator=random)
    scale = torch.tensor(3.0)
    found = losses.photo_loss(scale, images, gallery, alike.float())
    assert torch.allclose(found, engines.photo_loss(images, gallery, alike.float(), scale))
    codes = {"articleType": torch.tensor([0, 1, -1, 2]), "season": torch.tensor([-1, -1, -1, -1])}
    heads = {field: torch.randn(3, 3, generator=random) for field in codes}
    own = torch.tensor([3, 0, 2])
    found = losses.head_loss(heads, codes, own)
    assert torch.allclose(found, engines.head_loss(heads, codes, own))


def test_no_row_with_an_answer_is_no_loss() -> None:
    assert float(losses.soft_cross_entropy(torch.randn(3, 4), torch.zeros(3, 4))) == 0.0


def test_a_colour_is_asked_for_given_the_kind() -> None:
    logits = torch.randn(4, 2, 3)
    kinds, asked = torch.tensor([5, 6, 7, 6]), torch.tensor([6, 5])
    colours = torch.tensor([2, 0, 1, -1])
    expected = [
        torch.nn.functional.cross_entropy(logits[row, place], colours[row], label_smoothing=0.05)
        for row, place in ((0, 1), (1, 0))  # 7 was not asked for, the last has no colour
    ]
    found = losses.colour_loss(logits, kinds, asked, colours)
    assert torch.allclose(found, torch.stack(expected).mean())


# ------------------------------------------------------------------ photos
def test_the_background_is_what_the_border_reaches() -> None:
    photo = torch.full((1, 16, 16, 3), 200, dtype=torch.uint8)
    photo[0, 4:12, 4:12] = 40  # a frame ...
    photo[0, 7:9, 7:9] = 200  # ... with a hole of the background's colour
    found = photos.background(photo)[0]
    assert bool(found[0, 0]) and not bool(found[5, 5]) and not bool(found[8, 8])
    assert int(found.sum()) == 16 * 16 - 8 * 8
    assert not bool(photos.background(photo // 2).any())  # of a dark border, nothing


def test_photos_of_rare_kinds_and_of_products_with_one_weigh_more() -> None:
    kinds = torch.tensor([0, 0, 0, 1, -1])
    shown = [torch.tensor([0, 1, 3, 4]), torch.tensor([0]), torch.tensor([2])]
    found = photos.photo_weights(kinds, shown, 2)
    usual = (4 + 1) / 2
    common, rare = (4 / usual) ** -0.3, (1 / usual) ** -0.3
    expected = torch.tensor([0.65 * common, common, rare, 0.5, 0.75 * common, common])
    assert torch.allclose(found, expected / expected.mean())
    alone = photos.photo_weights(kinds, [shown[1], shown[2]], 1)
    assert torch.allclose(alone, torch.ones(2))


def test_each_photo_is_drawn_as_often_as_it_weighs() -> None:
    torch.manual_seed(1)
    order = photos.Order(torch.tensor([0.5, 1.5, 1.0]))
    counts = torch.bincount(torch.cat([order.draw(7) for _ in range(300)]))
    assert torch.allclose(counts / counts.sum(), torch.tensor([0.5, 1.5, 1.0]) / 3, atol=0.02)


def test_photos_are_augmented_each_in_its_own_way() -> None:
    torch.manual_seed(0)
    photo = torch.randint(0, 255, (1, 48, 48, 4), dtype=torch.uint8)
    found = augment(photo.expand(9, -1, -1, -1), 32)
    assert found.shape == (9, 3, 32, 32) and bool(torch.isfinite(found).all())
    assert all(not torch.equal(found[0], other) for other in found[1:])


# ------------------------------------------------------------------ a catalogue
@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Drawn products, with a second folder of small photos beside the photos."""
    folder = tmp_path_factory.mktemp("drawn")
    made = drawn_catalogue(folder, products=PRODUCTS)
    (folder / "small").mkdir()
    for file in made.images.glob("*.jpg"):
        Image.open(file).resize((60, 80)).save(folder / "small" / file.name)
    return made


@pytest.fixture(scope="module")
def given(shop: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Arguments of a run of a few steps."""
    folder = tmp_path_factory.mktemp("given")
    for name, lines in (("words", WORDS), ("queries", QUERIES)):
        (folder / name).mkdir()
        (folder / name / "some.jsonl").write_text(lines)
    write_teacher(folder / "teacher")
    return ["--table", str(shop.styles), "--photos", str(shop.images.parent / "small"),
            "--photos", str(shop.images), "--work", str(folder / "work"),
            "--teacher", str(folder / "teacher"), "--words", str(folder / "words"),
            "--queries", str(folder / "queries"), "--device", "cpu", "--batch", "8", "--size", "32",
            "--drawn", "4", "--threads", "1"]  # fmt: skip


@pytest.fixture(scope="module")
def trained(given: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "tiny"
    assert train.main([*given, "--out", str(out), "--steps", "2"]) == 0
    return out


def test_a_run_makes_a_model_that_encodes(trained: Path, shop: Catalogue) -> None:
    encoder = load_encoder(f"local-dir:{trained}")
    vectors = encoder.encode_texts(["red shoes", "a blue bag"])
    pictures = encoder.encode_images(sorted(shop.images.glob("*.jpg"))[:2])
    for found in (vectors, pictures):
        assert found.shape == (2, 512) and np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-3)
    facts = json.loads((trained / "model.json").read_text())
    assert facts["name"] == "tiny" and facts["preprocess"]["size"] == 32
    assert facts["backbone"] == "cs3darknet_focus_s" and facts["text"]["layers"] == 3
    assert facts["training"]["steps"] == 5 and facts["training"]["photos"] == 40  # three to warm up


def test_a_run_is_judged_by_the_photos_of_each_folder_that_are_held_out(trained: Path) -> None:
    lines = [json.loads(x) for x in (trained / "training" / "log.jsonl").read_text().splitlines()]
    student, teacher = lines
    assert student["stage"] == "both towers" and teacher["stage"] == "the teacher itself"
    for found in (student["held_out"], teacher["held_out"]):
        assert {"small name", "images name", "small photo", "images photo"} <= set(found)
    assert (trained / "training" / "learning_curve.png").stat().st_size


def test_the_table_of_word_pieces_stays_the_teacher_s(trained: Path, given: list[str]) -> None:
    from engine.shop.training.onnx_form.read_back import read_facts, text_tower

    teacher = read_teacher(Path(given[given.index("--teacher") + 1]))[0]
    trunk, _ = text_tower(trained, read_facts(trained))
    rows, own = teacher.tokens.weight.detach(), trunk.tokens.weight.detach()
    assert torch.allclose(rows, own, atol=float(rows.abs().max()) / 100)
    assert not torch.allclose(trunk.places.weight, teacher.places.weight, atol=1e-6)


def test_a_run_may_start_from_a_model_of_the_same_teacher(trained: Path, given: list[str]) -> None:
    from engine.shop.training.onnx_form.read_back import image_weights, read_facts, text_tower

    facts = read_facts(trained)
    teacher = read_teacher(Path(given[given.index("--teacher") + 1]))[0]
    photo = torch.rand(4, 3, 32, 32)
    made = towers.make_towers(teacher, {"season": 2}, trained, photo, Settings(size=32))
    head = text_tower(trained, facts)[1].state_dict()
    for name, value in made.head.state_dict().items():
        assert torch.equal(value, head[name])
    assert torch.equal(made.image.projection.weight, image_weights(trained)[1])
    found = {name: float(made.scales(name).detach()) for name in made.scales.logs}
    assert found == pytest.approx(facts["temperatures"], abs=0.01)
    anew = towers.make_towers(teacher, {"season": 2}, trained, photo, Settings(size=32, warm=False))
    assert not torch.equal(anew.head.straight.weight, head["straight.weight"])


def test_without_a_teacher_the_whole_text_tower_learns(given: list[str], tmp_path: Path) -> None:
    out = tmp_path / "alone"
    more = ["--out", str(out), "--steps", "1", "--ablation", "no-teacher"]
    assert train.main([*given, *more]) == 0
    lines = (out / "training" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["stage"] for line in lines] == ["both towers"]
    assert load_encoder(f"local-dir:{out}").encode_texts(["shoes"]).shape == (1, 512)


def read(shop: Catalogue, folders: list[Path], *drawn: tuple[int, Path]) -> Any:
    return catalogue.read_catalogue(shop.styles, folders, drawn)


def test_nothing_that_is_held_out_is_shown(
    shop: Catalogue, given: list[str], tmp_path: Path
) -> None:
    small = shop.images.parent / "small"
    made = catalogue.draw_catalogues(Path(given[given.index("--work") + 1]), 4)
    found = read(shop, [small, shop.images], *made)
    held = [is_held_out(row["id"]) for row in found.rows[:PRODUCTS]]
    assert 0 < sum(held) < PRODUCTS / 2 and found.held.tolist() == held + [False] * 12
    assert len({row["id"] for row in found.rows}) == PRODUCTS + 12
    own = photos.read_bank(found, True, tmp_path, "cpu", 1)
    assert not found.held[own.products].any()
    assert set(own.products.tolist()) == set(np.flatnonzero(~found.held).tolist())
    alone = photos.read_bank(found, False, tmp_path, "cpu", 1)  # of the last folder
    shown = (~found.held[:PRODUCTS]).sum()
    assert len(alone.products) == shown and len(own.products) >= 2 * shown + 12
    aside = photos.read_aside(found, 32, tmp_path, 1)
    assert [one.name for one in aside] == ["small", "images"]
    assert all(found.held[one.products].all() and len(one.products) for one in aside)


def test_two_folders_of_one_name_are_refused(shop: Catalogue, tmp_path: Path) -> None:
    shutil.copytree(shop.images, tmp_path / "images")
    with pytest.raises(InvalidInputException, match="images"):
        read(shop, [shop.images, tmp_path / "images"])


# ------------------------------------------------------------------ texts
def words_of(shop: Catalogue, given: list[str], folder: Path, **settings: Any) -> Any:
    from engine.shop.evaluation.run import query_sets

    lists = folder / "lists"
    lists.mkdir(exist_ok=True)
    (lists / "a.jsonl").write_text(
        '{"part": "noun", "texts": ["trainers", "sneaker"], "where": {"gender": ["Men"]}}\n'
        '{"part": "whole", "texts": ["Red  Sneakers!", "in red"], "where": {"baseColour": ["Red"]}}\n'
    )
    (folder / "other.jsonl").write_text(
        '{"text": "red sneaker", "where": {"baseColour": ["Red"]}}\n'
        '{"text": "tshirt", "where": {"articleType": ["Tshirts"]}}\n'
    )
    queries = query_sets([folder / "other.jsonl"])
    return texts.read_words(
        read(shop, [shop.images]), [lists], queries, ["shoe"], Settings(**settings)
    )


def test_texts_that_models_are_judged_by_are_not_shown(
    shop: Catalogue, given: list[str], tmp_path: Path
) -> None:
    words = words_of(shop, given, tmp_path)
    shown = {number for some in words.queries for number in some} | {n for n, _ in words.whole}
    said = {words.corpus.texts[number].lower() for number in shown | set(words.kept)}
    assert {"trainers", "in red"} <= said
    assert not {"red  sneakers!", "red sneakers", "red sneaker", "tshirts", "tshirt"} & said
    assert all(words.queries)


def test_without_lists_queries_are_of_the_catalogue_s_own_words(
    shop: Catalogue, given: list[str], tmp_path: Path
) -> None:
    words = words_of(shop, given, tmp_path, lists=False)
    listed = range(len(words.phrases) - 2, len(words.phrases))
    asked = {p for some in words.queries for n in some for p in words.corpus.phrases_of[n]}
    assert asked and not asked & set(listed)
    assert not {phrase for _, phrase in words.whole} & set(listed)


def test_texts_on_the_device_say_what_they_describe(
    shop: Catalogue, given: list[str], tmp_path: Path
) -> None:
    words, own = words_of(shop, given, tmp_path), read(shop, [shop.images])
    place = Path(given[given.index("--teacher") + 1])
    tokenizer = read_tokenizer(place / "tokenizer.json", texts.LONG)
    found = texts.texts_of(words, own, tokenizer, "cpu")
    assert found.ids.shape == (len(words.corpus.texts), texts.LONG)
    for product, row in enumerate(found.queries[:, : texts.QUERIES]):
        for number in row[row >= 0]:  # a product is right for each of its queries
            assert bool(found.describes[found.phrases_of[number], product].all())
    teacher = read_teacher(place)[0]
    features = texts.teacher_features(teacher, found.ids[:50]).float()
    alone = teacher(found.ids[7:8][:, found.ids[7] > 0].long()).float()
    expected = torch.nn.functional.normalize(alone, dim=-1)[0]
    assert torch.allclose(features[7], expected, atol=2e-3)


def test_each_ablation_changes_one_thing() -> None:
    assert {name: list(change) for name, change in ABLATIONS.items()} == {
        "large-photos": ["all_photos"],
        "no-teacher": ["teacher"],
        "no-lists": ["lists"],
        "from-scratch": ["warm"],
        "96-pixels": ["size"],
    }
    assert all(Settings(**change) != Settings() for change in ABLATIONS.values())


@pytest.mark.parametrize("wrong", [["--batch", "2"], ["--steps", "0"], ["--seconds", "-1"]])
def test_numbers_that_can_not_be_are_refused(given: list[str], wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        train.main([*given, "--out", "nowhere", *wrong])
    assert stopped.value.code == 2
