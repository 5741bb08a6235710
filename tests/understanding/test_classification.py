"""Zero-shot classification: photos, products, a whole catalogue; calibrated, and as numpy says."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.needs import needs
from support.planted import PLANTED

from engine import (
    BadImage,
    CorruptFile,
    InvalidInputException,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    ResourceConflict,
    Workspace,
    load_encoder,
)
from engine.core.names import table_name
from engine.encode.model_folders import EMBEDDED
from engine.shop.classification.probabilities import CLIP_SCALE, Scales
from engine.shop.classification.scales import ScaleStore
from engine.store.layout import Layout

LABELS = {"bag": ["a handbag", "a tote bag"], "shoe": "a shoe", "watch": "a wrist watch"}
TEMPLATES = ("a photo of {}", "{} on white")


def test_a_photo_is_what_it_shows(sample: Workspace, photo: Path) -> None:
    found = sample.classify(LABELS, image=str(photo))
    assert found.label == "bag"
    assert sum(one.probability for one in found) == pytest.approx(1)
    assert [one.probability for one in found] == sorted(
        (one.probability for one in found), reverse=True
    )
    assert [one.holds for one in found] == [True, False, False]
    assert found.source == "calibrated for vitrine-clip-2, on other labels than these"


def test_cosines_and_probabilities_are_those_of_numpy(sample: Workspace, photo: Path) -> None:
    found = sample.classify(LABELS, image=photo.read_bytes(), templates=TEMPLATES)
    encoder = load_encoder()
    image = encoder.encode_images([photo])[0].astype(np.float64)
    cosines = {}
    for name, said in LABELS.items():
        texts = [
            t.format(one) for one in ([said] if isinstance(said, str) else said) for t in TEMPLATES
        ]
        mean = encoder.encode_texts(texts).astype(np.float64).mean(axis=0)
        cosines[name] = float(image @ (mean / np.linalg.norm(mean)))
    for one in found:
        assert one.cosine == pytest.approx(cosines[one.label], abs=1e-5)
    scale = encoder.calibration["any"]["scale"]
    powers = {name: np.exp(scale * value) for name, value in cosines.items()}
    for one in found:
        assert one.probability == pytest.approx(powers[one.label] / sum(powers.values()), abs=1e-3)


def test_a_product_is_classified_by_its_stored_vector(sample: Workspace, photo: Path) -> None:
    by_key = sample.classify(LABELS, product=10043)
    by_photo = sample.classify(LABELS, image=photo)
    assert [one.label for one in by_key] == [one.label for one in by_photo]
    assert [one.cosine for one in by_key] == pytest.approx(
        [one.cosine for one in by_photo], abs=1e-4
    )
    assert sample.classify(LABELS, product="10043") == by_key


def test_without_labels_the_shop_s_styles_are_ranked(sample: Workspace, photo: Path) -> None:
    found = sample.classify(image=photo, k=2)
    assert len(found) == 2
    assert {one.label for one in sample.classify(image=photo)} == {
        "formal",
        "casual",
        "athletic",
        "vintage",
    }


def test_the_values_of_an_attribute_are_labels(sample: Workspace) -> None:
    found = sample.classify(attribute="color", product=10242)
    assert found.label == "Red"
    assert found.source == "calibrated for vitrine-clip-2 on color"
    assert sample.classify(attribute="base_color", product=10242) == found


def test_labels_are_encoded_once(sample: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that classifies one product after another asks for the same labels each time."""
    encoder = sample.encoder()
    encoded: list[int] = []
    encode = type(encoder).encode_texts

    def counted(self: Any, texts: Any) -> Any:
        encoded.append(len(texts))
        return encode(self, texts)

    monkeypatch.setattr(type(encoder), "encode_texts", counted)
    for product in (10242, 10043, 10242):
        sample.classify(["a hat once", "a bag once"], product=product)
    assert encoded.count(2) == 1
    sample.classify(["a hat once", "a bag once"], product=10242, templates=["seen: {}"])
    assert encoded.count(2) == 2


def test_more_texts_than_can_be_waited_for_are_refused(sample: Workspace) -> None:
    labels = {f"label {n}": [f"one {n}", f"two {n}"] for n in range(1000)}
    with pytest.raises(InvalidInputException, match="make 22,000 texts; expected at most 20,000"):
        sample.classify(labels, product=10242, templates=[f"{n} {{}}" for n in range(11)])


def test_labels_of_which_several_hold_are_judged_alone(sample: Workspace) -> None:
    found = sample.classify(
        {"red": "something red", "dress": "a dress", "watch": "a wrist watch"},
        product=10242,
        multi_label=True,
    )
    assert {one.label for one in found if one.holds} == {"red", "dress"}
    alone = sample.classify(["something red"], product=10242, multi_label=True)
    assert next(iter(alone)).probability == pytest.approx(
        next(one.probability for one in found if one.label == "red")
    )


def test_below_the_threshold_no_label_holds(sample: Workspace) -> None:
    found = sample.classify(product=10242, threshold=1.0)
    assert found.label is None
    assert len(found) == 4


def test_a_catalogue_is_tagged_as_its_products_are(sample: Workspace, tmp_path: Path) -> None:
    report = sample.tag_products(attribute="color", to="color_tags", multi_label=True)
    rows = {row["product_id"]: row for row in sample.read_table("color_tags").to_pylist()}
    assert len(rows) == report.products == 320
    for key in (10043, 10242):
        one = sample.classify(attribute="color", product=key, multi_label=True)
        holding = [scored for scored in one if scored.holds]
        assert rows[key]["labels"] == [scored.label for scored in holding]
        assert rows[key]["probabilities"] == pytest.approx([s.probability for s in holding])
        assert rows[key]["label"] == one.label
    assert report.tagged == sum(row["label"] is not None for row in rows.values())
    assert sum(report.counts.values()) == sum(len(row["labels"]) for row in rows.values())


def test_tags_are_right_far_more_often_than_not(sample: Workspace) -> None:
    sample.tag_products(attribute="kind", to="kind_tags")
    tags = dict(
        zip(*(sample.read_table("kind_tags")[c].to_pylist() for c in ("product_id", "label")))
    )
    known = sample.read_table("products", ["product_id", "article_type"]).to_pylist()
    right = np.mean([tags[row["product_id"]] == row["article_type"] for row in known])
    assert right > 0.6


def test_tags_are_replaced_by_tags_and_nothing_else(sample: Workspace) -> None:
    before = sample.read_table("products")
    for name in ("products", "product_embeddings_enriched"):
        with pytest.raises(ResourceConflict, match="not made by a classification"):
            sample.tag_products(["a", "b"], to=name)
    assert sample.read_table("products") == before
    sample.tag_products(["a", "b"], to="again")
    sample.tag_products(["c"], to="again", threshold=0.0)
    assert set(sample.read_table("again")["label"].to_pylist()) == {"c"}


def test_a_view_is_not_overwritten_by_tags(tmp_path: Path, sample: Workspace) -> None:
    sample.sql("CREATE OR REPLACE VIEW looked_at AS SELECT product_id FROM products")
    with pytest.raises(ResourceConflict):
        sample.tag_products(["a", "b"], to="looked_at")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, InvalidInputException),
        ({"image": "x.jpg", "product": 1}, InvalidInputException),
        ({"product": 10043, "labels": ["a"], "attribute": "color"}, InvalidInputException),
        ({"product": 10043, "labels": ["a", "a"]}, InvalidInputException),
        ({"product": 10043, "templates": ["no place"]}, InvalidInputException),
        ({"product": 10043, "templates": "a {}"}, InvalidInputException),
        ({"product": 10043, "templates": []}, InvalidInputException),
        ({"product": 10043, "threshold": 1.5}, InvalidParameterValue),
        ({"product": 10043, "threshold": "x"}, InvalidParameterValue),
        ({"product": 10043, "k": 0}, InvalidParameterValue),
        ({"product": 10043, "k": "3"}, InvalidParameterValue),
        ({"product": 10043, "k": 1.5}, InvalidParameterValue),
        ({"product": 10043, "attribute": 5}, InvalidInputException),
        ({"product": 10043, "multi_label": "no"}, InvalidInputException),
        ({"product": 5}, NotFound),
        ({"product": 10043, "attribute": "colr"}, NotFound),
        ({"product": 10043, "index": "nowhere"}, NotFound),
        ({"image": b"no photo"}, BadImage),
        ({"image": "/no/such.jpg"}, BadImage),
    ],
)
def test_what_can_not_be_classified_is_refused(
    sample: Workspace, given: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        sample.classify(**given)


def test_a_template_is_no_format_string(sample: Workspace) -> None:
    """Braces of a description, and what Python would look up in them, are words."""
    found = sample.classify({"a": "{0.__class__}", "b": "{}"}, product=10043)
    assert len(found) == 2


def test_odd_photos_are_classified(sample: Workspace) -> None:
    for mode, size in (("L", (9, 400)), ("RGBA", (300, 7)), ("1", (1, 1))):
        file = io.BytesIO()
        Image.new(mode, size).save(file, "PNG")
        assert len(sample.classify(image=file.getvalue())) == 4


# ---------------------------------------------------------------------- calibration
def test_a_calibration_makes_probabilities_that_hold(sample: Workspace) -> None:
    report = sample.calibrate("color", hold_out=1, keep=False)
    assert report.products > 200
    assert 0 <= report.after <= 1
    assert report.interval[0] <= report.accuracy <= report.interval[1]
    assert json.dumps(report.to_dict(), allow_nan=False)


def test_a_calibration_is_kept_for_its_model_and_attribute(
    tmp_path: Path, sample: Workspace
) -> None:
    shutil.copytree(sample.path, tmp_path / "copy")
    first = Workspace(tmp_path / "copy")
    report = first.calibrate("color", hold_out=1)
    again = Workspace(tmp_path / "copy").classify(attribute="base_color", product=10242)
    assert again.scales == report.scales
    assert again.source == "calibrated in this workspace on base_color"
    assert first.calibrate("color", hold_out=1).before <= report.before + 0.01
    plain = first.classify(product=10242).source
    assert plain == "calibrated for vitrine-clip-2, on other labels than these"


def test_an_index_of_other_vectors_than_the_model_s_is_refused(planted: Workspace) -> None:
    for ask in (planted.classify, planted.tag_products):
        given = {"product": "s-1"} if ask == planted.classify else {}
        with pytest.raises(InvalidState, match="length"):
            ask(["a", "b"], index=PLANTED, encoder="hashed", **given)


def test_scales_come_from_the_nearest_source(tmp_path: Path) -> None:
    store, model = ScaleStore(Layout(tmp_path)), load_encoder()
    assert store.of(model)[0].scale == model.calibration["any"]["scale"]
    assert store.of(model, "base_color", "color")[0].scale == model.calibration["color"]["scale"]
    store.keep(model, "base_color", Scales(7.0, 8.0, 0.1))
    assert store.of(model, "base_color", "color") == (
        Scales(7.0, 8.0, 0.1),
        "calibrated in this workspace on base_color",
    )
    assert store.of(model)[0].scale == model.calibration["any"]["scale"]
    hashed = load_encoder("hashed")
    assert store.of(hashed)[0] == Scales(CLIP_SCALE, CLIP_SCALE)
    assert "not calibrated" in store.of(hashed)[1]
    store.keep(hashed, "any", Scales(3.0))
    assert store.of(hashed)[0] == store.of(hashed, "any")[0] == Scales(3.0)


def test_a_damaged_calibration_is_named_and_can_be_made_again(tmp_path: Path) -> None:
    store, model = ScaleStore(Layout(tmp_path)), load_encoder("hashed")
    store.keep(model, "kind", Scales(3.0))
    file = next(Layout(tmp_path).calibrations_dir.glob("*.json"))
    file.write_text("{")
    with pytest.raises(CorruptFile, match="calibrate again"):
        store.of(model)
    store.keep(model, "kind", Scales(4.0))
    assert store.of(model, "kind")[0] == Scales(4.0)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"attribute": "nope"}, NotFound),
        ({"attribute": "color", "hold_out": 0}, InvalidParameterValue),
        ({"attribute": "color", "hold_out": 1.5}, InvalidParameterValue),
        ({"attribute": "color", "hold_out": "x"}, InvalidParameterValue),
        ({"attribute": 5}, InvalidInputException),
        ({"attribute": "color"}, InvalidState),  # a tenth of 320 products
        ({"attribute": "color", "templates": ["x"]}, InvalidInputException),
    ],
)
def test_what_can_not_be_calibrated_is_refused(
    sample: Workspace, given: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        sample.calibrate(**given)


def test_the_calibration_does_not_change_what_the_model_is(tmp_path: Path) -> None:
    """The fingerprint keys the cache and every index: probabilities are no part of it."""
    model = load_encoder("vitrine-clip-2")
    assert set(model.calibration) == {
        "any",
        "kind",
        "category",
        "color",
        "gender",
        "season",
        "usage",
    }
    facts = {"files": model.facts["files"], "preprocess": model.facts["preprocess"]}
    assert "calibration" not in facts
    for values in model.calibration.values():
        assert Scales.from_dict(values).scale > 10


def test_names_of_tables_are_checked(sample: Workspace) -> None:
    with pytest.raises(InvalidParameterValue):
        sample.tag_products(["a"], to="no such name!")
    assert not sample.tables.exists(table_name("a"))


def test_a_model_of_open_clip_has_the_scale_of_its_training(
    tmp_path: Path, tiny_encoder_name: str
) -> None:
    needs("clip")
    model = load_encoder(tiny_encoder_name)
    assert model.logit_scale == pytest.approx(1 / 0.07, rel=1e-3)  # as open_clip starts a training
    scales, source = ScaleStore(Layout(tmp_path)).of(model, "base_color", "color")
    assert scales == Scales(model.logit_scale, model.logit_scale)
    assert "of its training, not calibrated" in source


def test_a_model_with_a_damaged_calibration_is_named(tmp_path: Path) -> None:
    shutil.copytree(EMBEDDED / "vitrine-clip-2", tmp_path / "model")
    facts = json.loads((tmp_path / "model" / "model.json").read_text())
    for wrong in ([1], {"any": {"scale": "high"}}):
        (tmp_path / "model" / "model.json").write_text(json.dumps({**facts, "calibration": wrong}))
        model = load_encoder(f"local-dir:{tmp_path / 'model'}")
        with pytest.raises(CorruptFile, match="calibration"):
            ScaleStore(Layout(tmp_path)).of(model)
