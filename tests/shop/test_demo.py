"""The bundled sample and the demo: what a new user sees first."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from support.children import started

from engine.doors.cli.command import main
from engine.encode.model_folders import editions
from engine.shop.demo import sample_dir
from engine.shop.products.importing import read_styles

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sample() -> list[dict]:
    table, report = read_styles(sample_dir() / "styles.csv", sample_dir() / "images")
    assert report.with_photo == report.products
    return table.to_pylist()


def test_the_sample_is_large_and_varied_enough(sample: list[dict]) -> None:
    assert len(sample) >= 300
    assert len({row["article_type"] for row in sample}) >= 20
    assert len({row["base_color"] for row in sample}) >= 12
    size = sum(f.stat().st_size for f in sample_dir().rglob("*") if f.is_file())
    assert size <= 4 * 1024 * 1024
    assert len(list((sample_dir() / "images").glob("*_2.jpg"))) >= 20


@pytest.mark.parametrize(
    ("kind", "color"),
    [
        ("Dresses", "Red"),
        ("Jeans", "Blue"),
        ("Casual Shoes", "White"),
        ("Handbags", "Black"),
        ("Tshirts", "Yellow"),
    ],
)
def test_the_sample_can_answer_the_usual_queries(sample: list[dict], kind: str, color: str) -> None:
    counts = Counter((row["article_type"], row["base_color"]) for row in sample)
    assert counts[kind, color] >= 6


def test_the_dataset_card_tells_the_truth(sample: list[dict]) -> None:
    card = (sample_dir() / "README.md").read_text()
    assert str(len(sample)) in card
    kinds = Counter(row["article_type"] for row in sample)
    for kind, count in kinds.items():
        assert (
            f"{kind} | {count}" in card or f"{kind}: {count}" in card or f"{kind} {count}" in card
        )


def test_the_script_draws_the_committed_sample(sample: list[dict], tmp_path: Path) -> None:
    """Same texts; and the same pictures as far as libraries draw alike."""
    script = ROOT / "datasets" / "sample" / "draw.py"
    command = [sys.executable, str(script), "--out", str(tmp_path), "--products", "320"]
    subprocess.run(command, check=True, capture_output=True, timeout=500)
    assert (tmp_path / "styles.csv").read_bytes() == (sample_dir() / "styles.csv").read_bytes()
    drawn = {f.name for f in (tmp_path / "images").iterdir()}
    assert drawn == {f.name for f in (sample_dir() / "images").iterdir()}


def test_the_demo_shows_four_searches_and_what_to_type_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # one of the commands saves a page
    place = str(tmp_path / "demo")
    for _ in range(2):  # a second time goes through as well
        done = CliRunner().invoke(main, ["demo", "-w", place])
        assert done.exit_code == 0, done.output
    assert "imported 320 products" in done.stdout
    assert "untrained" not in done.output
    assert "made 5 users" in done.stdout
    assert done.stdout.endswith(
        f"\nLook at it in a browser: vitrine serve --no-auth -w {place}, then open\nhttp://127.0.0.1:8765/\n"
    )
    by_words = done.stdout.split("by words:")[1].splitlines()[3:6]
    assert sum("Dress" in line and "Red" in line for line in by_words) == 3
    for title in ("by words:", "by a photo:", "by both:", "by words, filtered:", "Next, try:"):
        assert title in done.stdout
    assert done.stdout.count("product_display_name") == 4
    for line in done.stdout.split("Next, try:")[1].strip().splitlines()[:3]:
        import shlex

        done = CliRunner().invoke(main, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.output)


def test_the_wheel_carries_the_sample_and_only_the_engine(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.stat().st_size < 60 * 1024 * 1024
    assert any(name.endswith("share/vitrine/sample/styles.csv") for name in names)
    assert "engine/shop/catalogue/layouts/fashion.toml" in names
    for edition in editions():
        for file in ("image.onnx", "text.onnx", "tokenizer.json", "model.json"):
            assert f"engine/encode/embedded/{edition}/{file}" in names
    assert sum("share/vitrine/sample/images/" in name for name in names) >= 300
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if "vitrine_search" not in top} == {"engine"}


def test_the_demo_serves_its_shop_on_a_free_port_where_the_usual_one_is_taken(
    tmp_path: Path,
) -> None:
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # taken already is what is wanted
            stack.enter_context(socket.create_server(("127.0.0.1", 8765)))
        place = str(tmp_path / "shop")
        command = [sys.executable, "-m", "engine.doors.cli", "demo", "--serve", "-w", place]
        env = {**os.environ, "PYTHONUNBUFFERED": "1"}
        run = stack.enter_context(started(command, stdout=subprocess.PIPE, text=True, env=env))
        said = (line for line in run.stdout if line.startswith("the shop, for people: "))
        url = next(said).split()[-1]
        assert url.endswith("/") and ":8765/" not in url
        found = httpx.get(url, params={"q": "red summer dress"}, trust_env=False, timeout=60)
        assert "Red Polka Dot Summer Dress" in found.text
