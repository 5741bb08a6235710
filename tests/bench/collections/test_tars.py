"""Tars of webdataset: read in place, over shards, with captions or classes; cut off and ugly ones."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from support.standard_sets import picture_bytes, tar

from engine.bench.collections.opening import open_collection
from engine.bench.collections.part import IMAGE_TO_TEXT, Part
from engine.bench.collections.shards import Member
from engine.errors import BadSourceFile


def sample(key: str, seed: int, **members: bytes) -> list[tuple[str, bytes]]:
    return [
        (f"{key}.jpg", picture_bytes(seed, "JPEG")),
        *((f"{key}.{k}", d) for k, d in members.items()),
    ]


def test_samples_are_read_in_place_over_shards(tmp_path: Path) -> None:
    tar(
        tmp_path / "00000.tar", sample("000000000", 0, txt=b"a hat\n", json=b'{"caption": "other"}')
    )
    tar(tmp_path / "00001.tar", sample("000000000", 1, json=b'{"caption": "a shoe"}'))
    before = sorted(tmp_path.iterdir())
    found = open_collection(tmp_path)
    assert [one.text for one in found.queries] == ["a hat", "a shoe"]
    assert [one.id for one in found.documents] == ["00000/000000000", "00001/000000000"]
    for seed, document in enumerate(found.documents):
        assert isinstance(document.picture, Member)
        assert document.picture() == picture_bytes(seed, "JPEG")
    assert sorted(tmp_path.iterdir()) == before


def test_one_tar_and_shards_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 9):
        tar(tmp_path / f"{number}.tar", sample("k", number, txt=f"no {number}".encode()))
    assert [one.text for one in open_collection(tmp_path).queries] == ["no 9", "no 10"]
    (only,) = open_collection(tmp_path / "9.tar").documents
    assert only.id == "k"


def test_names_of_members_are_split_at_the_first_full_stop_behind_the_folder(
    tmp_path: Path,
) -> None:
    members = [
        ("./a.b/c.jpg", picture_bytes(0, "JPEG")),
        ("./a.b/c.seg.png", b"another kind"),
        ("./a.b/c.TXT", "a “hat”".encode()),
        ("./a.b/.hidden", b""),
        ("./a.b/noending", b""),
    ]
    (document,) = open_collection(tar(tmp_path / "x.tar", members)).documents
    assert document.id == "./a.b/c"


def test_clip_benchmarks_retrieval_has_a_caption_a_line(tmp_path: Path) -> None:
    (tmp_path / "dataset_type.txt").write_text("retrieval\n")
    members = [*sample("s0000000", 0, txt=b"one\ntwo"), *sample("s0000001", 1, txt=b"three")]
    tar(tmp_path / "test" / "0.tar", members)
    (tmp_path / "test" / "nshards.txt").write_text("1\n")
    for path in (tmp_path, tmp_path / "test", tmp_path / "test" / "0.tar"):
        found = open_collection(path)
        assert [one.text for one in found.queries] == ["one", "two", "three"]
    back = open_collection(tmp_path, part=Part(direction=IMAGE_TO_TEXT))
    assert back.relevance["s0000000"] == {"s0000000#0": 1, "s0000000#1": 1}
    with pytest.raises(BadSourceFile, match=r"no tar of the split 'train'; there are: \['test'\]"):
        open_collection(tmp_path, part=Part(split="train"))


def test_elsewhere_a_text_is_one_caption(tmp_path: Path) -> None:
    file = tar(tmp_path / "x.tar", sample("k", 0, txt=b"one\ntwo"))
    assert [one.text for one in open_collection(file).queries] == ["one\ntwo"]


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    (tmp_path / "classnames.txt").write_text("red shoe\nhat\n")
    (tmp_path / "zeroshot_classification_templates.txt").write_text("a photo of a {c}.\na {c}\n")
    members = [*sample("s0", 0, cls=b"1"), *sample("s1", 1, cls=b"0"), *sample("s2", 2, cls=b"1")]
    tar(tmp_path / "test" / "0.tar", members)
    return tmp_path


def test_classes_are_texts_and_groups(classes: Path) -> None:
    found = open_collection(classes, part=Part(direction=IMAGE_TO_TEXT))
    assert [one.text for one in found.documents] == ["a photo of a red shoe.", "a photo of a hat."]
    assert [one.group for one in found.queries] == ["hat", "red%20shoe", "hat"]
    assert found.relevance["s0"] == {"class-1": 1}
    assert "the first of the set's 2 templates" in found.limits
    back = open_collection(classes)
    assert back.relevance == {"class-1": {"s0": 1, "s2": 1}, "class-0": {"s1": 1}}


def test_several_classes_are_marks_in_an_array(classes: Path) -> None:
    (classes / "dataset_type.txt").write_text("multilabel")

    def marks(*values: int) -> bytes:
        out = io.BytesIO()
        np.save(out, np.array(values))
        return out.getvalue()

    members = [*sample("s0", 0, npy=marks(1, 1)), *sample("s1", 1, npy=marks(0, 0))]
    tar(classes / "test" / "0.tar", [*members, *sample("s2", 2, npy=b"no array")])
    found = open_collection(classes, part=Part(direction=IMAGE_TO_TEXT))
    assert found.relevance == {"s0": {"class-0": 1, "class-1": 1}}
    assert found.queries[0].group is None
    told = found.more["left out"]
    assert "s1: its classes [] are not among the 2 of classnames.txt" in told and "s2: " in told


@pytest.mark.parametrize("cls", [b"2", b"-1", b"hat", b""])
def test_a_class_that_is_not_there_is_named(classes: Path, cls: bytes) -> None:
    tar(classes / "test" / "0.tar", [*sample("s0", 0, cls=b"1"), *sample("s1", 1, cls=cls)])
    found = open_collection(classes, part=Part(direction=IMAGE_TO_TEXT))
    assert [one.id for one in found.queries] == ["s0"]
    assert found.more["left out"].startswith("s1: its classes")


def test_bad_samples_are_left_out_and_named(tmp_path: Path) -> None:
    members = [
        *sample("good", 0, txt=b"a hat"),
        ("mute.jpg", picture_bytes(1, "JPEG")),
        ("blind.txt", b"a shoe"),
        ("broken.jpg", b"\xff\xd8\xff no picture"),
        ("broken.txt", b"a coat"),
        ("odd.jpg", picture_bytes(2, "JPEG")),
        ("odd.json", b"[1, 2"),
    ]
    found = open_collection(tar(tmp_path / "x.tar", members))
    assert [one.id for one in found.queries] == ["good#0"]
    told = dict(line.split(": ", 1) for line in found.more["left out"].splitlines())
    assert told["blind"].startswith("no picture (webp, png, jpg, jpeg)")
    assert told["mute#0"] == told["odd#0"] == "the caption is empty"
    assert "damaged" in told["broken"] and told["queries that only they answer"] == "1"


def test_a_tar_that_is_cut_off_keeps_what_is_before(tmp_path: Path) -> None:
    file = tar(tmp_path / "x.tar", [*sample("a", 0, txt=b"a hat"), *sample("b", 1, txt=b"a shoe")])
    with tarfile.open(file) as archive:
        last = archive.getmember("b.jpg")
    file.write_bytes(file.read_bytes()[: last.offset_data + last.size // 2])
    found = open_collection(file)
    assert [one.id for one in found.documents] == ["a"]
    assert "x.tar, b.jpg: the tar ends within it" in found.more["left out"].splitlines()
    (picture,) = (one.picture for one in found.documents)
    file.write_bytes(b"")
    assert callable(picture)
    with pytest.raises(OSError, match=r"x\.tar ends within a\.jpg"):
        picture()


def test_compressed_and_foreign_files_are_refused_with_what_to_do(tmp_path: Path) -> None:
    plain = tar(tmp_path / "x.tar", sample("a", 0, txt=b"a hat"))
    plain.write_bytes(gzip.compress(plain.read_bytes()))
    with pytest.raises(
        BadSourceFile, match=r"x\.tar: not a tar without compression .*decompress it"
    ):
        open_collection(plain)
    plain.write_text(json.dumps({"no": "tar"}) * 100)
    with pytest.raises(BadSourceFile, match="not a tar"):
        open_collection(plain)


def test_links_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    file = tmp_path / "x.tar"
    (tmp_path / "secret.jpg").write_bytes(picture_bytes(0, "JPEG"))
    with tarfile.open(file, "w") as archive:
        link = tarfile.TarInfo("a.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.jpg")
        archive.addfile(link)
        text = tarfile.TarInfo("a.txt")
        text.size = 5
        archive.addfile(text, io.BytesIO(b"a hat"))
    with pytest.raises(BadSourceFile, match="0 pictures and 0 texts"):
        open_collection(file)
