"""`vitrine classify`, `latent`, `validate` and `search --more`: what is printed, written and refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support import command
from support.needs import needs

from engine import Workspace


@pytest.fixture
def typed(sample: Workspace) -> Any:
    """Runs a command in the sample's workspace."""

    def run(*arguments: object) -> Result:
        return command.typed(*arguments, "-w", sample.path)

    return run


def test_a_photo_is_classified(typed: Any, photo: Path) -> None:
    result = typed("classify", "--image", photo, "--label", "bag=a handbag", "--label", "shoe")
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[2].split()
    assert first[0] == "bag"
    assert first[-1] == "yes"
    assert "calibrated for vitrine-clip-2" in result.stderr


def test_labels_of_a_file_and_json(typed: Any, sample: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "styles.yaml"
    file.write_text("dress: a dress\nshoe: [a shoe, boots]\n")
    result = typed("classify", "--product", 10242, "--labels", file, "--json", "-k", 1)
    body = json.loads(result.stdout)
    assert body["label"] == "dress"
    assert len(body["labels"]) == 1
    assert body == sample.classify(file, product=10242, k=1).to_dict()


def test_a_catalogue_is_tagged(typed: Any, sample: Workspace) -> None:
    result = typed("classify", "--attribute", "color", "--to", "cli_tags", "--multi-label")
    assert "tagged" in result.stdout
    assert sample.read_table("cli_tags").num_rows == 320
    assert typed("classify", "--to", "products").exit_code == 1


def test_a_calibration_is_printed(typed: Any) -> None:
    result = typed("classify", "--calibrate", "gender", "--hold-out", 1)
    assert result.exit_code == 0, result.output
    assert "one label of several" in result.stdout
    assert "kept for vitrine-clip-2" in result.stderr
    assert "--hold-out 1" in typed("classify", "--calibrate", "gender").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--image"),
        (("--image", "x", "--to", "y"), "with one of"),
        (("--product", "1"), "not in index"),
        (("--product", "10242", "--labels", "no.yaml"), "no.yaml"),
        (("--product", "10242", "--labels", "no.yaml", "--label", "a"), "one of them"),
        (("--product", "10242", "--threshold", "2"), "0<=x<=1"),
    ],
)
def test_a_bad_classification_is_explained(typed: Any, arguments: Any, said: str) -> None:
    result = typed("classify", *arguments)
    assert result.exit_code
    assert said in result.stderr


def test_a_dimension_is_shown(typed: Any, sample: Workspace) -> None:
    result = typed("latent", 7, "-k", 2)
    assert "highest: " in result.stdout
    assert "lowest: " in result.stdout
    body = json.loads(typed("latent", 7, "-k", 2, "--json").stdout)
    assert body["products"] == 320
    assert typed("latent", 512).exit_code == 1
    assert typed("latent", 7, "--attribute", "color").exit_code == 2


def test_attributes_are_shown_with_their_directions(typed: Any) -> None:
    needs("latent")
    result = typed("latent", "--attribute", "color")
    assert "base_color=Black" in result.stdout
    body = json.loads(typed("latent", "--attribute", "color", "--json").stdout)
    assert list(body["attributes"]) == ["base_color"]


def test_searches_are_validated_and_written(typed: Any, tmp_path: Path) -> None:
    table, page = tmp_path / "rows.csv", tmp_path / "page.html"
    result = typed("validate", "blue jeans", "zzz", "-k", 5, "--csv", table, "--save", page)
    assert result.exit_code == 0, result.output
    assert "'zzz' is not judged" in result.stderr
    assert "article_type: Jeans" in result.stderr
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["search"] for row in rows] == ["image", "keyword", "full_text"]
    assert page.read_text().startswith("<!doctype html>")
    body = json.loads(typed("validate", "--json").stdout)
    assert len(body["rows"]) == 15


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x", "--queries", "q.txt"), "twice"),
        (("--queries", "q.txt"), "q.txt"),
        (("--save", "/no/such/page.html"), "no folder"),
        (("--csv", "/no/such/rows.csv"), "no folder"),
        (("--search", "all"), "image"),
    ],
)
def test_a_bad_validation_is_explained(typed: Any, arguments: Any, said: str) -> None:
    result = typed("validate", *arguments)
    assert result.exit_code
    assert said in result.stderr


def test_more_and_less_move_a_search(typed: Any, sample: Workspace) -> None:
    def keys(*arguments: object) -> list[int]:
        found = json.loads(typed("search", *arguments, "--json", "-k", 5).stdout)
        return [row["product_id"] for row in found["results"]]

    wanted = sample.search(
        compose=[
            {"text": "dress"},
            {"direction": "color=black", "weight": 0.3},
            {"direction": "gender=women", "weight": -0.5},
        ],
        k=5,
    )
    moved = keys("dress", "--more", "color=black", "--less", "gender=women:0.5")
    assert moved == [row["product_id"] for row in wanted]
    assert moved != keys("dress")
    assert "nope" in typed("search", "dress", "--more", "nope").stderr
