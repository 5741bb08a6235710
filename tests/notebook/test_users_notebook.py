"""A notebook of the users' kind runs unchanged on the bundled sample, from products to a search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.needs import needs
from support.notebooks import ran, run_notebook, source_form
from support.shop_notebook import CELLS, INDEX, TABLE

from engine import Settings, Workspace
from engine.shop.demo import sample_dir

needs("notebook", "spark", "pandas", "sdk", "clients")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("sample") / "ws"
    workspace = Workspace(settings=Settings(folder, encoder="hashed"))
    workspace.build(sample_dir() / "styles.csv", sample_dir() / "images", limit_photos=40)
    return workspace


def test_a_notebook_of_the_users_kind_runs_from_products_to_a_search(
    sample: Workspace, tmp_path: Path
) -> None:
    done = run_notebook(source_form(CELLS), tmp_path, sample.path, "--html", "shop.html")
    printed = ran(done)
    assert "saved 12\n" in printed and "12 rows\n" in printed, printed
    assert f"{len(CELLS)} of {len(CELLS)} cells ran" in done.stderr
    assert done.stderr.rstrip().endswith("ended with the value '5 found'")

    rows = sample.read_table(f"{TABLE}_multimodal")
    encoder = sample.encoder()
    texts = encoder.encode_texts(rows["text_content"].to_pylist())
    images = encoder.encode_images([Path(p).read_bytes() for p in photos(sample, rows)])
    assert np.allclose(np.stack(rows["text_embedding"].to_numpy()), texts, atol=1e-5)
    assert np.allclose(np.stack(rows["image_embedding"].to_numpy()), images, atol=1e-5)
    mixed = (texts + images) / np.linalg.norm(texts + images, axis=1, keepdims=True)
    assert np.allclose(np.stack(rows["hybrid_embedding"].to_numpy()), mixed, atol=1e-5)
    assert sample.get_index(INDEX)["status"]["indexed_row_count"] == 12
    page = (tmp_path / "shop.html").read_text()
    assert "Text descriptions" in page and "<strong>hybrid</strong>" in page
    again = run_notebook(source_form(CELLS[:8]), tmp_path, sample.path)
    assert "saved 12\n" in ran(again)  # a MERGE of the same rows


def photos(workspace: Workspace, rows: object) -> list[Path]:
    return [workspace.volumes.resolve(path) for path in rows["image_path"].to_pylist()]  # type: ignore[index]
