"""Evaluation as an operation of a workspace: its request, photos in surroundings against a slow twin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.catalogue import Catalogue

from engine import InvalidInputException, InvalidParameterValue, Workspace, load_encoder
from engine.encode.models.hashed import HashedEncoder
from engine.errors import BadSourceFile
from engine.shop.evaluation import surrounded
from engine.shop.evaluation.request import EvaluationRequest


# ------------------------------------------------------------------ the request
def test_models_are_judged_in_python(workspace: Workspace, catalogue: Catalogue) -> None:
    found = workspace.evaluate(["hashed"], str(catalogue.styles), catalogue.images, limit=10)
    assert [row["model"] for row in found.rows()] == ["hashed"] * 9
    assert found.models == ["hashed"] and len(found.judgements[0].products) == 10
    assert found.to_dict()["speed"] == {} and not workspace.list_tables()


@pytest.mark.parametrize("many", [list, tuple])
def test_folders_are_named_or_have_the_names_that_they_have(many: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    folders = [tmp_path / "one", f"{tmp_path}/two/../two/"]

    def names(photos: Any) -> list[str]:
        return list(EvaluationRequest(["hashed"], "t.csv", photos).folders)

    assert names(many(folders)) == ["one", "two"]
    assert names(folders[0]) == names(str(folders[0])) == ["one"]
    assert names({"a": folders[0], "b": folders[0]}) == ["a", "b"]
    with pytest.raises(InvalidInputException, match="'one' is given twice"):
        names([folders[0], folders[0]])


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"models": "hashed"}, InvalidInputException, "expected a list of names"),
        ({"models": []}, InvalidInputException, "expected a list of names"),
        ({"photos": []}, InvalidInputException, "photos is empty"),
        ({"hold_out": 0}, InvalidParameterValue, "hold_out is 0"),
        ({"limit": -1}, InvalidParameterValue, "limit is -1"),
        ({"queries": ["a/x.jsonl", "b/x.jsonl"]}, InvalidInputException, "'x' is given twice"),
        ({"table": "none.csv"}, BadSourceFile, "there is no such file"),
    ],
)
def test_what_can_not_be_is_refused(
    changed: dict[str, Any], error: type[Exception], words: str, workspace: Workspace,
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.jsonl").write_text('{"text": "t", "where": {"gender": "Men"}}')
    given = {"models": ["hashed"], "table": catalogue.styles, "photos": catalogue.images}
    with pytest.raises(error, match=words):
        workspace.evaluate(**{**given, **changed})


# ------------------------------------------------------------------ photos in surroundings
def test_what_photos_in_a_surrounding_find(catalogue: Catalogue) -> None:
    encoder = load_encoder("embedded")
    files = [catalogue.images / f"{key}.jpg" for key in range(1, 41)]
    products = [{"id": key, "articleType": "ABCD"[key % 4]} for key in range(1, 41)]
    products[4]["articleType"] = None
    plain = encoder.encode_images(files)
    rows = [2, 4, 7, 30, 31]

    def smaller(picture: Image.Image) -> Image.Image:
        canvas = Image.new("RGB", (2 * picture.width, 2 * picture.height), "beige")
        canvas.paste(picture, (picture.width // 2, picture.height // 2))
        return canvas

    finished: list[int] = []
    varied = surrounded.varied_vectors(
        encoder, [files[row] for row in rows], smaller, finished.append
    )
    assert sum(finished) == 5
    own, right = [], []
    for row in rows:
        vector = encoder.encode_images([smaller(Image.open(files[row]).convert("RGB"))])[0]
        scores = plain @ vector
        own.append(all(scores[row] > scores[other] for other in rows if other != row))
        others = sorted(set(range(40)) - {row}, key=lambda other: -scores[other])[:5]
        if products[row]["articleType"]:
            same = [products[o]["articleType"] == products[row]["articleType"] for o in others]
            right.append(sum(same) / 5)
    _, first, same_type = surrounded.surrounded_figures(
        plain, varied, rows, products, encoder.encode_texts
    )
    assert first.queries == ("3", "5", "8", "31", "32") and first.values.tolist() == own
    assert same_type.queries == ("3", "8", "31", "32") and same_type.values.tolist() == right


def test_a_single_photo_in_a_surrounding() -> None:
    vector = np.eye(1, 4, dtype=np.float32)
    _, first, same_type = surrounded.surrounded_figures(
        vector, vector, [0], [{"id": 1, "articleType": "A"}], lambda texts: vector
    )
    assert first.value == 1 and same_type.value is None


def test_so_many_photos_are_put_into_surroundings(
    workspace: Workspace, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.shop.evaluation import run

    monkeypatch.setattr(surrounded, "PHOTOS", 7)
    monkeypatch.setattr(run, "_surroundings", lambda: {"as it is": lambda picture: picture})
    sizes: list[int] = []
    encode = HashedEncoder.encode_images

    def counted(self: HashedEncoder, images: Any) -> Any:
        sizes.append(len(images))
        return encode(self, images)

    monkeypatch.setattr(HashedEncoder, "encode_images", counted)
    (catalogue.images / "3.jpg").write_bytes(b"broken")
    given = (["hashed"], catalogue.styles, catalogue.images)
    found = workspace.evaluate(*given, surroundings=True)
    rows = found.surroundings_rows()
    assert [row["surrounding"] for row in rows] == ["as it is"] * 3
    assert sum(sizes) == 7 == rows[1]["n"] and rows[1]["value"] == 1
    assert not workspace.evaluate(*given).surroundings_rows()
