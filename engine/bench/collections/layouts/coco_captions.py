"""COCO's own captions.

    annotations/captions_val2017.json:
        {"images": [{"id": 179765, "file_name": "000000179765.jpg", ...}, ...],
         "annotations": [{"id": 38, "image_id": 179765, "caption": "..."}, ...]}
    val2017/000000179765.jpg

clip_benchmark's `coco_test_karpathy.json` has the same objects. The pictures lie in the folder that
the file is named after, beside it or one folder above, or there themselves.

Source: Chen et al., Microsoft COCO Captions, arXiv:1504.00325; the format as cocodataset.org
describes it under "Data format".
"""

from __future__ import annotations

from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.layout import Layout
from engine.bench.collections.pairs import Pairs, Places
from engine.bench.collections.part import IMAGE_TO_TEXT, TEXT_TO_IMAGE, Part
from engine.bench.collections.source_files import Entry, read_object, split_file
from engine.errors import InvalidParameterValue

PATTERN = "captions_*.json"
OTHER_FILES = "coco_*_karpathy.json"
USUAL = "val2017"


def _folder(path: Path) -> Path:
    return path / "annotations" if (path / "annotations").is_dir() else path


def _recognises(path: Path) -> bool:
    if path.is_file():
        return path.match(PATTERN) or path.match(OTHER_FILES)
    return any(_folder(path).glob(PATTERN))


def _read(path: Path, part: Part) -> Collection:
    if path.is_file() and part.split is not None:
        raise InvalidParameterValue(
            f"{path.name} is one split; give the folder to choose the split {part.split!r}"
        )
    file = path if path.is_file() else split_file(_folder(path), PATTERN, part.split or USUAL)
    whole = read_object(file)
    split = file.stem.removeprefix("captions_")
    captions = _captions(whole)
    above = [file.parent, file.parent.parent]
    folders = (split, "images", "train2014", "val2014")
    places = Places([*above, *(one / folder for one in above for folder in folders)])
    pairs = Pairs()
    for image in whole.entries("images"):
        own = captions.pop(image.key("id"), [])
        pairs.add(image.key("id"), places.find(image.text("file_name")), own)
    for unknown, lost in captions.items():
        pairs.left_out[f"picture {unknown}"] = (
            f"{len(lost)} captions of a picture that the file lacks"
        )
    return pairs.collection(f"COCO {split}", part, source=f"COCO's {file.name}")


def _captions(whole: Entry) -> dict[str, list[str]]:
    """Captions by the id of their picture, in the order of the file."""
    found: dict[str, list[str]] = {}
    for annotation in whole.entries("annotations"):
        found.setdefault(annotation.key("image_id"), []).append(annotation.text("caption"))
    return found


COCO_CAPTIONS = Layout(
    kind="coco-captions",
    expected="annotations/captions_val2017.json beside val2017/, or such a file",
    directions=(TEXT_TO_IMAGE, IMAGE_TO_TEXT),
    takes=frozenset({"split"}),
    recognises=_recognises,
    read=_read,
)
