"""Sets of pictures with captions: Karpathy's JSON, COCO's, tables. Splits, folds, both directions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.standard_sets import coco_captions, five, karpathy, write_json, write_picture

from engine.bench.collections.collection import Collection
from engine.bench.collections.layouts import karpathy as karpathy_layout
from engine.bench.collections.opening import open_collection
from engine.bench.collections.part import IMAGE_TO_TEXT, TEXT_TO_IMAGE, Part
from engine.errors import BadSourceFile, InvalidParameterValue


def consistent(collection: Collection) -> None:
    """Every id that is judged is there, and ids are told apart."""
    documents = [one.id for one in collection.documents]
    queries = [one.id for one in collection.queries]
    assert len(set(documents)) == len(documents) and len(set(queries)) == len(queries)
    assert set(collection.relevance) <= set(queries)
    for grades in collection.relevance.values():
        assert set(grades) <= set(documents)
    assert not any(set(id) & set(" \t\n") for id in [*documents, *queries])


@pytest.fixture
def flickr(tmp_path: Path) -> Path:
    images = [
        {"filename": "1.jpg", "split": "train", "captions": five("a dog")},
        {"filename": "2.jpg", "split": "test", "captions": five("a cat")},
        {"filename": "3 b.jpg", "split": "val", "captions": five("a cow")},
        {"filename": "4 d.jpg", "split": "test", "captions": five("a hen")},
    ]
    karpathy(tmp_path, images, below="flickr30k-images")
    return tmp_path


def test_karpathys_test_split_has_five_captions_a_picture(flickr: Path) -> None:
    found = open_collection(flickr)
    consistent(found)
    assert found.name == "flickr30k test"
    assert [one.id for one in found.documents] == ["2.jpg", "4%20d.jpg"]
    assert found.documents[1].picture == flickr / "flickr30k-images" / "4 d.jpg"
    assert len(found.queries) == 10
    assert found.queries[0].text == "a cat seen for the 1st time"
    assert found.relevance["2.jpg#0"] == {"2.jpg": 1}
    assert found.more["direction"] == TEXT_TO_IMAGE and "left out" not in found.more
    assert str(flickr) not in found.source


def test_the_other_direction_has_the_same_pairs(flickr: Path) -> None:
    there = open_collection(flickr, "karpathy", Part(direction=TEXT_TO_IMAGE))
    back = open_collection(flickr / "dataset_flickr30k.json", part=Part(direction=IMAGE_TO_TEXT))
    consistent(back)
    assert [one.text for one in back.documents] == [one.text for one in there.queries]
    assert [one.picture for one in back.queries] == [one.picture for one in there.documents]
    pairs = {(q, d) for q, grades in there.relevance.items() for d in grades}
    assert pairs == {(d, q) for q, grades in back.relevance.items() for d in grades}
    assert len(back.relevance["2.jpg"]) == 5


def test_a_split_that_is_not_there_is_named_with_those_that_are(flickr: Path) -> None:
    assert len(open_collection(flickr, part=Part(split="train")).documents) == 1
    with pytest.raises(BadSourceFile, match=r"'restval'; there are: \['test', 'train', 'val'\]"):
        open_collection(flickr, part=Part(split="restval"))


def test_cocos_pictures_lie_by_their_filepath_and_restval_is_a_split(tmp_path: Path) -> None:
    images = [
        {
            "filepath": "val2014",
            "filename": "a.jpg",
            "split": "restval",
            "cocoid": 1,
            "captions": ["x"],
        },
        {
            "filepath": "val2014",
            "filename": "b.jpg",
            "split": "test",
            "cocoid": 2,
            "captions": ["y"],
        },
    ]
    file = karpathy(tmp_path, images, "coco", below="")
    (tmp_path / "karpathy").mkdir()
    moved = file.rename(tmp_path / "karpathy" / file.name)
    assert [one.picture for one in open_collection(moved).documents] == [
        tmp_path / "val2014" / "b.jpg"
    ]
    assert [one.id for one in open_collection(moved, part=Part(split="restval")).documents] == [
        "a.jpg"
    ]


def test_folds_are_a_thousand_pictures_each_in_the_files_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert karpathy_layout.FOLD == 1_000
    monkeypatch.setattr(karpathy_layout, "FOLD", 2)
    images = [{"filename": f"{n}.jpg", "split": "test", "captions": [f"no {n}"]} for n in range(5)]
    karpathy(tmp_path, images, "coco")
    folds = [open_collection(tmp_path, part=Part(fold=fold)) for fold in range(3)]
    assert [[one.id for one in fold.documents] for fold in folds] == [
        ["0.jpg", "1.jpg"],
        ["2.jpg", "3.jpg"],
        ["4.jpg"],
    ]
    assert folds[2].name == "coco test, fold 2" and len(folds[0].queries) == 2
    with pytest.raises(InvalidParameterValue, match=r"fold 3: .* has 5 pictures .* folds 0 to 2"):
        open_collection(tmp_path, part=Part(fold=3))


def test_with_two_files_of_splits_the_file_has_to_be_named(flickr: Path) -> None:
    karpathy(flickr, [{"filename": "1.jpg", "split": "test", "captions": ["x"]}], "coco")
    with pytest.raises(
        InvalidParameterValue, match=r"2 files .*dataset_coco\.json, dataset_flickr"
    ):
        open_collection(flickr)
    assert len(open_collection(flickr / "dataset_coco.json").documents) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "holds a list; expected one object"),
        ('{"images": {}}', "'images' is {}; expected a list of objects"),
        ('{"images": [3]}', "images, entry 0: 3; expected an object"),
        ('{"images": [{"split": "test", "sentences": []}]}', "entry 0: 'filename' is missing"),
        ('{"images": [{"split": 1}]}', "'split' is 1; expected a text"),
        (
            '{"images": [{"split": "test", "filename": "a.jpg", "sentences": [{}]}]}',
            "'raw' is missing",
        ),
    ],
)
def test_json_of_another_shape_is_an_error_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "dataset_x.json").write_text(text)
    with pytest.raises(BadSourceFile, match=r"dataset_x\.json: .*") as raised:
        open_collection(tmp_path)
    assert said in raised.value.message


def test_a_bad_picture_is_left_out_with_its_queries_and_named(flickr: Path) -> None:
    images = json.loads((flickr / "dataset_flickr30k.json").read_text())["images"]
    pictures = flickr / "flickr30k-images"
    for number, bad in enumerate((b"", b"<html>not found</html>", b"\xff\xd8\xff cut off", None)):
        name = f"bad{number}.jpg"
        images.append({"filename": name, "split": "test", "sentences": [{"raw": "a fox"}]})
        if bad is not None:
            (pictures / name).write_bytes(bad)
    images.append({"filename": "mute.jpg", "split": "test", "sentences": [{"raw": "  "}]})
    images.append({"filename": "2.jpg", "split": "test", "sentences": [{"raw": "again"}]})
    write_picture(pictures / "mute.jpg")
    write_json(flickr / "dataset_flickr30k.json", {"images": images})
    found = open_collection(flickr)
    consistent(found)
    assert [one.id for one in found.documents] == ["2.jpg", "4%20d.jpg", "mute.jpg"]
    assert len(found.queries) == 10
    told = dict(line.split(": ", 1) for line in found.more["left out"].splitlines())
    assert told["bad0.jpg"] == "the file bad0.jpg is empty"
    assert "a web page" in told["bad1.jpg"] and "damaged" in told["bad2.jpg"]
    assert told["bad3.jpg"] == "no file at bad3.jpg"
    assert told["queries that only they answer"] == "4"
    assert told["mute.jpg#0"] == "the caption is empty"
    assert told["2.jpg"] == "it is there twice; the first is used"
    assert str(flickr) not in found.more["left out"]
    back = open_collection(flickr, part=Part(direction=IMAGE_TO_TEXT))
    assert [one.id for one in back.queries] == ["2.jpg", "4%20d.jpg"]


def test_pictures_that_are_all_missing_are_one_error_that_says_where_they_belong(
    flickr: Path,
) -> None:
    (flickr / "flickr30k-images").rename(flickr / "elsewhere")
    with pytest.raises(BadSourceFile, match=r"none of its 2 pictures .*looked for at .*2\.jpg"):
        open_collection(flickr)


# ------------------------------------------------------------------ COCO's own captions


def test_coco_captions_by_folder_and_by_file(tmp_path: Path) -> None:
    file = coco_captions(tmp_path, {7: five("a bus"), 139: ["a room", "a table"]})
    found = open_collection(tmp_path)
    consistent(found)
    assert [one.id for one in found.documents] == ["7", "139"] and len(found.queries) == 7
    assert found.documents[0].picture == tmp_path / "val2017" / "000000000007.jpg"
    assert open_collection(file).relevance == found.relevance
    assert open_collection(tmp_path / "annotations").relevance == found.relevance
    with pytest.raises(BadSourceFile, match="no split 'val2014': there are: val2017"):
        open_collection(tmp_path, part=Part(split="val2014"))
    with pytest.raises(InvalidParameterValue, match="give the folder"):
        open_collection(file, part=Part(split="val2017"))


def test_captions_of_a_picture_that_the_file_lacks_are_named(tmp_path: Path) -> None:
    file = coco_captions(tmp_path, {7: ["a bus"]})
    whole = json.loads(file.read_text())
    whole["annotations"] += [{"id": n, "image_id": 99, "caption": "lost"} for n in (1, 2)]
    write_json(file, whole)
    found = open_collection(tmp_path)
    assert len(found.queries) == 1
    assert found.more["left out"] == "picture 99: 2 captions of a picture that the file lacks"


# ------------------------------------------------------------------ tables


def test_open_clips_table_of_tabs(tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "a.jpg")
    far = write_picture(tmp_path / "far" / "b.jpg")
    rows = ["filepath\ttitle", "images/a.jpg\ta red, wide hat", f"{far}\ta blue hat"]
    (tmp_path / "train.csv").write_text("\ufeff" + "\r\n".join([*rows, "images/a.jpg\ta hat", ""]))
    found = open_collection(tmp_path)
    consistent(found)
    assert found.name == "train"
    assert [one.picture for one in found.documents] == [tmp_path / "images" / "a.jpg", far]
    assert {one.text for one in found.queries} == {"a red, wide hat", "a blue hat", "a hat"}
    assert found.relevance["images/a.jpg#1"] == {"images/a.jpg": 1}


def test_clip_benchmarks_table_has_commas_in_its_captions(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.jpg")
    text = 'image,caption\n1.jpg,A dog, a cat, and "both" of them.\n1.jpg,"Quoted, whole"\n'
    (tmp_path / "flickr30k_test_karpathy.txt").write_text(text)
    (tmp_path / "readme.txt").write_text("no table")
    (tmp_path / "other.csv").write_bytes(b"\xff\xfe\x00")
    found = open_collection(tmp_path)
    texts = [one.text for one in found.queries]
    assert texts == ['A dog, a cat, and "both" of them.', "Quoted, whole"]


def test_other_columns_beside_them(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.jpg")
    (tmp_path / "t.csv").write_text('split,caption,filepath\ntest,"a, b",1.jpg\n')
    assert [one.text for one in open_collection(tmp_path / "t.csv").queries] == ["a, b"]
    (tmp_path / "t.csv").write_text("split,caption,filepath\ntest,a\n")
    with pytest.raises(BadSourceFile, match=r"t\.csv, line 2: 2 values; expected 3"):
        open_collection(tmp_path)


def test_several_tables_and_none(tmp_path: Path) -> None:
    for name in ("a.tsv", "b.tsv"):
        (tmp_path / name).write_text("filepath\ttitle\n")
    with pytest.raises(InvalidParameterValue, match=r"several tables \(a\.tsv, b\.tsv\)"):
        open_collection(tmp_path)
    with pytest.raises(BadSourceFile, match="0 pictures and 0 texts"):
        open_collection(tmp_path / "a.tsv")
    (tmp_path / "c.tsv").write_text("name\tprice\n")
    with pytest.raises(BadSourceFile, match="no table with a header of filepath or image"):
        open_collection(tmp_path / "c.tsv", "csv")
