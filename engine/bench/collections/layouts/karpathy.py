"""Flickr8k, Flickr30k and COCO in Karpathy's JSON.

    dataset_flickr30k.json, dataset_flickr8k.json or dataset_coco.json:
        {"dataset": "flickr30k", "images": [{"filename": "1000092795.jpg", "split": "train",
          "imgid": 0, "sentids": [0, 1, 2, 3, 4], "sentences": [{"raw": "...", "sentid": 0,
          "imgid": 0, "tokens": [...]}, ...]}, ...]}
    COCO's images have also "filepath": "val2014" and "cocoid".

The pictures lie beside the file or one folder above, as `val2014/...` for COCO, below `images/` or
`flickr30k-images/`. `restval` are the pictures of COCO's val2014 that are trained on.

Source: caption_datasets.zip of Karpathy and Fei-Fei, Deep Visual-Semantic Alignments for Generating
Image Descriptions, CVPR 2015; tests of 1,000 pictures (Flickr30k) and of 5,000 or five times 1,000
(COCO), in the order of the file.
"""

from __future__ import annotations

from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.layout import Layout
from engine.bench.collections.pairs import ONE_RIGHT_ANSWER, Pairs, Places
from engine.bench.collections.part import IMAGE_TO_TEXT, TEXT_TO_IMAGE, Part
from engine.bench.collections.source_files import Entry, read_object
from engine.errors import BadSourceFile, InvalidParameterValue

FOLD = 1_000  # pictures
FOLDERS = ("images", "flickr30k-images", "flickr30k_images", "Flicker8k_Dataset")
PATTERN = "dataset_*.json"


def _recognises(path: Path) -> bool:
    return path.match(PATTERN) if path.is_file() else any(path.glob(PATTERN))


def _read(path: Path, part: Part) -> Collection:
    file = path if path.is_file() else _only_file(path)
    whole = read_object(file)
    name = whole.text("dataset") if whole.has("dataset") else file.stem
    wanted = part.split or "test"
    images = list(whole.entries("images"))
    chosen = [image for image in images if image.text("split") == wanted]
    if not chosen:
        there = sorted({image.text("split") for image in images})
        raise BadSourceFile(
            f"no picture of the split {wanted!r}; there are: {there}", file=str(file)
        )
    pairs = Pairs()
    places = Places(_roots(file))
    for image in _fold(chosen, part.fold, file):
        own = image.text("filename")
        folder = f"{image.text('filepath')}/" if image.has("filepath") else ""
        captions = [sentence.text("raw") for sentence in image.entries("sentences")]
        pairs.add(own, places.find(folder + own, own), captions)
    return pairs.collection(
        f"{name} {wanted}" + ("" if part.fold is None else f", fold {part.fold}"),
        part,
        source=f"Karpathy's {file.name}",
        limits=f"{ONE_RIGHT_ANSWER} All captions of a picture are used; some COCO pictures have six "
        "or seven, of which some papers use the first five.",
    )


def _only_file(folder: Path) -> Path:
    files = sorted(folder.glob(PATTERN))
    if len(files) == 1:
        return files[0]
    raise InvalidParameterValue(
        f"{folder} holds {len(files)} files {PATTERN} ({', '.join(one.name for one in files)}); "
        "give the file itself"
    )


def _roots(file: Path) -> list[Path]:
    above = [file.parent, file.parent.parent]
    return [*above, *(one / folder for one in above for folder in FOLDERS)]


def _fold(chosen: list[Entry], fold: int | None, file: Path) -> list[Entry]:
    if fold is None:
        return chosen
    kept = chosen[fold * FOLD : (fold + 1) * FOLD]
    if not kept:
        raise InvalidParameterValue(
            f"fold {fold}: {file.name} has {len(chosen)} pictures in this split, which is folds 0 to "
            f"{(len(chosen) - 1) // FOLD} of {FOLD:,}"
        )
    return kept


KARPATHY = Layout(
    kind="karpathy",
    expected="dataset_flickr30k.json or dataset_coco.json of Karpathy's splits, beside the pictures",
    directions=(TEXT_TO_IMAGE, IMAGE_TO_TEXT),
    takes=frozenset({"split", "fold"}),
    recognises=_recognises,
    read=_read,
)
