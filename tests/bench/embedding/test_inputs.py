"""Everyone gets equal photos, and a broken one among many is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.bench.embedding.inputs import choose, names_in
from engine.errors import BadSourceFile
from engine.shop.demo import sample_dir


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for file in sorted((sample_dir() / "images").glob("*.jpg"))[:6]:
        shutil.copy(file, folder / file.name)
    return folder


def test_a_broken_photo_among_many_is_told_and_passed_over(photos: Path, tmp_path: Path) -> None:
    whole = (photos / "cut.jpg", photos / "words.PNG", photos / "empty.jpeg")
    good = sorted(photos.iterdir())
    whole[0].write_bytes(good[0].read_bytes()[:500])
    whole[1].write_text("no picture")
    whole[2].touch()
    (photos / "notes.txt").write_text("not asked for")
    found = choose(photos, ["a"], tmp_path / "to", count=50, text_count=5, seed=0)
    assert set(found.broken) == {"cut.jpg", "words.PNG", "empty.jpeg"}
    assert all(str(photos) not in reason for reason in found.broken.values())
    assert len(found.whole.photos) == len(good)


def test_photos_are_the_same_bytes_in_the_order_of_their_names(
    photos: Path, tmp_path: Path
) -> None:
    found = choose(photos, ["a", "b"], tmp_path / "to", count=4, text_count=5, seed=3).whole
    assert [Path(file).name for file in found.photos] == [f"{n:06}.jpg" for n in range(4)]
    given = {file.read_bytes() for file in photos.iterdir()}
    assert {Path(file).read_bytes() for file in found.photos} <= given
    assert found.photo_bytes == sum(len(Path(file).read_bytes()) for file in found.photos)
    texts = sorted(Path(found.text_folder).iterdir())
    assert [file.read_text() for file in texts] == found.texts


def test_the_seed_chooses(photos: Path, tmp_path: Path) -> None:
    def bytes_of(seed: int, name: str) -> list[bytes]:
        texts = [f"text {n}" for n in range(9)]
        found = choose(photos, texts, tmp_path / name, count=3, text_count=3, seed=seed).whole
        return [*(Path(file).read_bytes() for file in found.photos), *map(str.encode, found.texts)]

    assert bytes_of(1, "a") == bytes_of(1, "b") != bytes_of(2, "c")


def test_without_a_usable_photo_or_text_it_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    with pytest.raises(BadSourceFile, match=r"no file ends in \.bmp"):
        choose(folder, ["a"], tmp_path / "a", count=1, text_count=1, seed=0)
    (folder / "x.jpg").write_text("no picture")
    with pytest.raises(BadSourceFile, match="has no photo that can be used"):
        choose(folder, ["a"], tmp_path / "b", count=1, text_count=1, seed=0)
    with pytest.raises(BadSourceFile, match="no text"):
        choose(None, ["", ""], tmp_path / "c", count=1, text_count=1, seed=0)


def test_texts_of_a_column_or_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "texts"
    file.write_text("id,name\n1,red\n2,\n3,blue\n")
    assert names_in(file, "name") == ["red", "blue"]
    assert names_in(file) == ["id,name", "1,red", "2,", "3,blue"]
    with pytest.raises(BadSourceFile, match="no column 'title'; it has: id, name"):
        names_in(file, "title")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadSourceFile, match="can't be read"):
        names_in(file)
