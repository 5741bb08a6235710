"""`vitrine evaluate`: its tables, JSON and lines; what it reads, leaves out and refuses."""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from PIL import Image
from support.catalogue import HEADER, Catalogue
from support.command import typed

from engine import Workspace, load_encoder
from engine.encode.models.hashed import HashedEncoder
from engine.shop.evaluation import evaluate_vectors, read_query_set, run
from engine.shop.evaluation.products import is_held_out

QUERIES = (
    '{"text": "red shirts", "where": {"baseColour": "Red", "articleType": "Tshirts"}}\n'
    '{"text": "for women", "where": [{"gender": "Women"}, {"name": ["kids"]}]}\n'
    '{"text": "hats", "where": {"articleType": "Hats"}}\n'
)


def evaluate(shop: Catalogue, *arguments: object, models: Sequence[str] = ("hashed",)) -> Result:
    place = shop.styles.parent
    given = [*models, "--table", shop.styles, "--photos", shop.images, "-w", place / "ws"]
    return typed("evaluate", *given, *arguments)


def found(shop: Catalogue, *arguments: object, models: Sequence[str] = ("hashed",)) -> Any:
    result = evaluate(shop, *arguments, "--json", models=models)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def by_figure(report: Any, model: str = "hashed") -> dict[str, Any]:
    return {row["figure"]: row for row in report["figures"] if row["model"] == model}


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    file = tmp_path / "mine.jsonl"
    file.write_text(QUERIES)
    return file


def rows_of(shop: Catalogue) -> list[dict[str, str]]:
    with shop.styles.open(newline="") as file:
        return list(csv.DictReader(file))


def rewritten(shop: Catalogue, rows: list[dict[str, Any]]) -> Catalogue:
    with shop.styles.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return shop


# ------------------------------------------------------------------ what it finds
def test_the_figures_are_those_of_the_models_vectors(catalogue: Catalogue, queries: Path) -> None:
    report = found(catalogue, "--queries", queries, models=("embedded", "hashed"))
    products = [{**row, "name": row["productDisplayName"]} for row in rows_of(catalogue)]
    files = [catalogue.images / f"{row['id']}.jpg" for row in products]
    for model in ("embedded", "hashed"):
        encoder = load_encoder(model)
        sets = {"mine": read_query_set(queries)}
        images = encoder.encode_images(files)
        expected = evaluate_vectors(images, products, encoder.encode_texts, sets)
        rows = by_figure(report, model)
        assert set(rows) == set(expected) - {"photos"}
        for key, row in rows.items():
            for name, value in expected[key].items():
                assert row[name] == pytest.approx(value, abs=2e-4), (key, name)
    assert rows["queries:mine"]["without_answer"] == ["hats"]


def test_a_table_compares_models_with_the_first(catalogue: Catalogue) -> None:
    done = evaluate(catalogue, models=("embedded", "hashed"))
    assert done.exit_code == 0 and "note: encoder hashed" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"images: 40 products with a photo in {catalogue.images}; 0 without"
    assert lines[2].split("  ")[-1].strip() == "more than embedded"
    one, two = (line for line in lines if "name to photo, recall at 10" in line)
    report = found(catalogue, models=("embedded", "hashed"))
    row = by_figure(report)["name_to_photo_recall_at_10"]
    low, high = row["gain_interval"]
    assert two.endswith(f"{row['gain']:+.3f} ({low:+.3f} to {high:+.3f})")
    assert one.rstrip().endswith(" to 1.000") or "(" not in one
    first = by_figure(report, "embedded")["name_to_photo_recall_at_10"]
    assert first["gain"] is None and row["gain"] == pytest.approx(row["value"] - first["value"])


def test_each_format_of_photos_is_reported_for_itself(catalogue: Catalogue, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    for key in range(1, 21):
        Image.open(catalogue.images / f"{key}.jpg").resize((12, 16)).save(small / f"{key}.png")
    report = found(catalogue, "--photos", f"tiny={small}")
    assert [(p["name"], p["products"], p["without_photo"]) for p in report["photos"]] == [
        ("images", 40, 0), ("tiny", 20, 20),
    ]  # fmt: skip
    recall = [r for r in report["figures"] if r["figure"] == "name_to_photo_recall_at_10"]
    assert [(r["photos"], r["n"]) for r in recall] == [("images", 40), ("tiny", 20)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no file that is full")
def test_a_csv_file_that_can_not_be_written_costs_no_figures(catalogue: Catalogue) -> None:
    result = evaluate(catalogue, "--csv", "/dev/full")
    assert result.exit_code == 1
    assert "recall at 10" in result.stdout and "/dev/full can't be written" in result.stderr


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"text": "\\ud83d", "where": {"gender": "Women"}}', "half of a character"),
        ("[" * 100_000, "this is not JSON"),
    ],
)
def test_a_query_file_with_what_is_no_text_is_named_with_its_line(
    catalogue: Catalogue, tmp_path: Path, line: str, why: str
) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(line + "\n")
    result = evaluate(catalogue, "--queries", file)
    assert result.exit_code == 1 and why in result.stderr and "line 1" in result.stderr


def test_every_query_is_a_line_of_the_csv_file(
    catalogue: Catalogue, queries: Path, tmp_path: Path
) -> None:
    out = tmp_path / "lines.csv"
    report = found(catalogue, "--queries", queries, "--csv", out)
    with out.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    for key, row in by_figure(report).items():
        values = [float(line["value"]) for line in lines if line["figure"] == key]
        middle = statistics.median if key.endswith("median_rank") else statistics.mean
        assert len(values) == row["n"]
        if values:
            assert middle(values) == pytest.approx(row["value"], abs=1e-4)
    women = next(line for line in lines if line["query"] == "for women")
    ids = women["found"].split()
    genders = {row["id"]: row["gender"] for row in rows_of(catalogue)}
    assert len(ids) == 10
    right = sum(genders[key] == "Women" for key in ids)
    assert float(women["value"]) == pytest.approx(right / 10)


def test_the_worst_queries_are_shown_with_what_they_found(
    catalogue: Catalogue, queries: Path
) -> None:
    done = evaluate(catalogue, "--queries", queries, "--worst", 1)
    worst = done.stdout.partition("answered worst\n")[2].splitlines()
    values = {row["query"]: row["value"] for row in found(catalogue, "--queries", queries)["worst"]}
    text = min(values, key=lambda query: values[query])
    assert len(worst) == 1 and worst[0].startswith(f"{values[text]:.2f}  {text!r} (mine, images,")
    assert any(word in worst[0] for word in ("Tshirts", "Jeans", "Dresses", "Watches"))
    assert "no product of images is right for 1 queries of mine" in done.stderr
    assert "answered worst" not in evaluate(catalogue, "--queries", queries, "--worst", 0).stdout


def test_a_folder_of_query_sets(catalogue: Catalogue, queries: Path) -> None:
    (queries.parent / "other.jsonl").write_text(QUERIES)
    (queries.parent / "README.md").write_text("no set")
    report = found(catalogue, "--queries", queries.parent)
    assert {"queries:mine", "queries:other"} <= set(by_figure(report))


# ------------------------------------------------------------------ which products
def test_only_what_training_leaves_out(catalogue: Catalogue) -> None:
    held = [row["id"] for row in rows_of(catalogue) if is_held_out(row["id"], 3)]
    report = found(catalogue, "--hold-out", 3)
    assert report["photos"][0]["products"] == len(held) and 0 < len(held) < 40
    assert [key for key in range(100) if is_held_out(key)] == [1, 44, 47, 55, 57, 90, 93]
    assert found(catalogue, "--hold-out", 3, "--limit", 2)["photos"][0]["products"] == 2


def test_missing_and_broken_photos_are_reported_and_left_out(catalogue: Catalogue) -> None:
    (catalogue.images / "3.jpg").unlink()
    (catalogue.images / "5.jpg").write_bytes(b"no photo")
    (catalogue.images / "6.jpg").write_bytes(b"")
    done = evaluate(catalogue)
    assert done.exit_code == 0 and "39 products with a photo" in done.stdout
    assert "warning: 2 photos of images were left out for hashed (5: " in done.stderr
    report = found(catalogue)
    assert report["photos"][0]["without_photo"] == 1
    assert [row["id"] for row in report["failed"]] == ["5", "6"]
    assert all(row["reason"] for row in report["failed"])
    assert by_figure(report)["photo_to_photo_type_precision_at_5"]["n"] == 37


def test_columns_of_any_name(catalogue: Catalogue, queries: Path) -> None:
    expected = by_figure(found(catalogue, "--queries", queries))
    other = {"id": "sku", "articleType": "kind", "gender": "for"}
    rows = [
        {other.get(name, name): value for name, value in row.items()} for row in rows_of(catalogue)
    ]
    rewritten(catalogue, rows)
    options = [f"--column={field}={column}" for field, column in other.items()]
    assert by_figure(found(catalogue, "--queries", queries, *options)) == expected


def test_a_column_that_query_sets_ask_about_by_its_own_name(
    catalogue: Catalogue, queries: Path
) -> None:
    rewritten(catalogue, [{**row, "shelf": int(row["id"]) % 2} for row in rows_of(catalogue)])
    queries.write_text('{"text": "on top", "where": {"shelf": ["1"]}}')
    assert by_figure(found(catalogue, "--queries", queries))["queries:mine"]["n"] == 1
    queries.write_text('{"text": "on top", "where": {"shelves": ["1"]}}')
    done = evaluate(catalogue, "--queries", queries)
    assert done.exit_code == 1
    assert (
        "column 'shelves', which a query set or an attribute asks about, is missing" in done.stderr
    )
    assert "Did you mean 'shelf'?" in done.stderr


def test_a_workspaces_table_as_parquet(catalogue: Catalogue, queries: Path, tmp_path: Path) -> None:
    expected = by_figure(found(catalogue, "--queries", queries))
    made = Workspace(tmp_path / "shop")
    made.import_fashion(catalogue.styles, catalogue.images)
    table = tmp_path / "products.parquet"
    pq.write_table(made.read_table("products"), table)
    assert by_figure(found(Catalogue(table, catalogue.images), "--queries", queries)) == expected


def test_a_field_that_the_table_has_not(catalogue: Catalogue) -> None:
    rows = rows_of(catalogue)
    for row in rows:
        del row["baseColour"]
    rewritten(catalogue, rows)
    done = evaluate(catalogue)
    assert done.exit_code == 1 and "column 'baseColour' is missing" in done.stderr
    assert "--column baseColour= where there is none" in done.stderr
    report = by_figure(found(catalogue, "--column", "baseColour="))
    assert report["colour_type_precision_at_5"]["value"] is None
    assert report["zero_shot_type"]["n"] == 40


def test_attributes_are_judged_where_they_are_asked_for(catalogue: Catalogue) -> None:
    report = by_figure(found(catalogue, "--attribute", "gender", "--attribute", "baseColour"))
    assert report["zero_shot:gender"]["n"] == report["zero_shot:baseColour"]["n"] == 40
    assert report["zero_shot:gender"]["values"] == 2
    assert not [key for key in by_figure(found(catalogue)) if key.startswith("zero_shot:")]
    done = evaluate(catalogue, "--attribute", "shelves")
    assert done.exit_code == 1 and "column 'shelves'" in done.stderr
    done = evaluate(catalogue, "--attribute", "gender", "--attribute", "gender")
    assert done.exit_code == 1 and "given twice" in done.stderr


def test_names_with_unquoted_commas(catalogue: Catalogue) -> None:
    text = catalogue.styles.read_text().replace("No 7", "No 7, blue, large")
    catalogue.styles.write_text(text)
    assert by_figure(found(catalogue))["name_to_photo_recall_at_10"]["n"] == 40
    done = evaluate(catalogue, "--column", "name=")
    assert done.exit_code == 1 and "line 8: the row has 12 fields, expected 10" in done.stderr


# ------------------------------------------------------------------ what it keeps, and how fast
def test_photos_and_texts_are_encoded_once(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = found(catalogue)

    def again(*given: object) -> None:
        raise AssertionError("encoded again")

    for name in ("encode_pixels", "encode_tokens"):
        monkeypatch.setattr(HashedEncoder, name, again)
    assert found(catalogue) == first


def test_speed(catalogue: Catalogue) -> None:
    (catalogue.images / "1.jpg").write_bytes(b"no photo")
    done = evaluate(catalogue, "--speed")
    head, _, line = done.stdout.partition("speed here\n")[2].splitlines()[:3]
    assert head.split("  ")[0] == "model" and "one photo, p50" in head and "photos/s" in head
    assert line.startswith("hashed") and line.count(" ms") == 2
    speed = found(catalogue, "--speed")["speed"]["hashed"]
    assert speed["ready"] > speed["photo"] > 0 and speed["texts"] > speed["photos"] > 1


def test_surroundings(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "as it is": lambda picture: picture,
        "all black": lambda picture: Image.new("RGB", picture.size),
    }
    monkeypatch.setattr(run, "_surroundings", lambda: given)
    rows = found(catalogue, "--surroundings")["surroundings"]
    values = {(row["surrounding"], row["figure"]): row["value"] for row in rows}
    plain = by_figure(found(catalogue))
    assert values["as it is", "zero_shot_type"] == plain["zero_shot_type"]["value"]
    same = plain["photo_to_photo_type_precision_at_5"]["value"]
    assert values["as it is", "same_type_precision_at_5"] == same
    assert values["as it is", "own_photo_first"] == 1
    assert values["all black", "own_photo_first"] <= 1 / 40
    shown = evaluate(catalogue, "--surroundings").stdout
    assert shown.count("all black") == 3 and "photos in other surroundings" in shown


def test_the_embedded_model_is_judged_without_torch(catalogue: Catalogue) -> None:
    code = (
        "import sys; from engine import Workspace; table, photos, place = sys.argv[1:]\n"
        "found = Workspace(place).evaluate(['embedded'], table, photos)\n"
        "assert found.rows() and not {'torch', 'open_clip'} & set(sys.modules)"
    )
    place = catalogue.styles.parent / "ws"
    given = map(str, (catalogue.styles, catalogue.images, place))
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------ what it refuses
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--photos", "{folder}"], "there is no photo of any of the 40 products"),
        (["--photos", "{folder}/none"], "this is not a folder of photos"),
        (["--photos", "a={folder}/images", "--photos", "a={folder}"], "'a' is given twice"),
        (["--column", "articleType"], "'articleType' is not FIELD=COLUMN"),
        (["--column", "articleType=kind"], "column 'kind' is missing"),
        (["--queries", "{folder}/none.jsonl"], "can't be read"),
        (["--queries", "{folder}/images"], "there is no file *.jsonl in this folder"),
        (["--queries", "{folder}/styles.csv"], "line 1: this is not JSON"),
        (["--csv", "{folder}"], "is a folder"),
        (["--csv", "{folder}/none/x.csv"], "lies in no folder"),
        (["--hold-out", "1000000"], "none of its 40 products is held out"),
        (["--hold-out", "0"], "0 is not in the range"),
        (["--encoding", "utf-17"], "which Python doesn't know"),
    ],
)
def test_what_can_not_be_is_refused(catalogue: Catalogue, arguments: list[str], words: str) -> None:
    done = evaluate(catalogue, *(a.format(folder=catalogue.styles.parent) for a in arguments))
    assert done.exit_code in (1, 2) and words in " ".join(done.stderr.split())


@pytest.mark.parametrize("model", ["none-such", "ViT-B-32/none-such", "local-dir:/nowhere"])
def test_an_unknown_model_is_refused_before_a_photo_is_encoded(
    catalogue: Catalogue, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HashedEncoder, "encode_pixels", None)
    done = evaluate(catalogue, models=("hashed", model))
    assert done.exit_code == 1 and model.removeprefix("local-dir:") in done.stderr
    assert evaluate(catalogue, models=("hashed", "hashed")).exit_code == 1


def test_photos_of_which_none_can_be_used(catalogue: Catalogue) -> None:
    for file in catalogue.images.iterdir():
        file.write_bytes(b"no photo")
    done = evaluate(catalogue)
    assert done.exit_code == 1 and "no photo can be used; the first: " in done.stderr


@pytest.mark.parametrize(
    ("ids", "words"), [(["1", "1"], "id 1 appears a second time"), (["1", ""], "has no id")]
)
def test_keys_are_unique_in_either_form(catalogue: Catalogue, ids: list[str], words: str) -> None:
    rows = [{**row, "id": key} for row, key in zip(rows_of(catalogue), ids)]
    rewritten(catalogue, rows)
    done = evaluate(catalogue)
    assert done.exit_code == 1 and "styles.csv, line 3: " in done.stderr and words in done.stderr
    table = catalogue.styles.with_suffix(".parquet")
    pq.write_table(
        pa.Table.from_pylist([{name: row[name] for name in HEADER} for row in rows]), table
    )
    done = evaluate(Catalogue(table, catalogue.images))
    assert done.exit_code == 1 and words in done.stderr
