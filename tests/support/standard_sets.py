"""Standard sets in their own layouts, tiny and made up."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def picture_bytes(seed: int, format: str = "PNG") -> bytes:
    """A picture of its own colours."""
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels.repeat(8, 0).repeat(8, 1)).save(out, format)
    return out.getvalue()


def write_picture(file: Path, seed: int = 0) -> Path:
    """A picture in the format that the file's ending says."""
    file.parent.mkdir(parents=True, exist_ok=True)
    format = "PNG" if file.suffix == ".png" else "JPEG"
    file.write_bytes(picture_bytes(seed, format))
    return file


def write_json(file: Path, value: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


def karpathy(
    folder: Path,
    images: Sequence[Mapping[str, Any]],
    name: str = "flickr30k",
    below: str = "images",
) -> Path:
    """Karpathy's JSON with its pictures; an image is its filename, split and captions."""
    whole, sentence = [], 0
    for number, image in enumerate(images):
        sentences = []
        for caption in image["captions"]:
            sentences.append(
                {"raw": caption, "tokens": caption.split(), "imgid": number, "sentid": sentence}
            )
            sentence += 1
        entry = {key: value for key, value in image.items() if key != "captions"}
        sentids = [one["sentid"] for one in sentences]
        whole.append({**entry, "imgid": number, "sentids": sentids, "sentences": sentences})
        write_picture(folder / below / image.get("filepath", "") / image["filename"], number)
    return write_json(folder / f"dataset_{name}.json", {"dataset": name, "images": whole})


def five(what: str) -> list[str]:
    """Five captions."""
    return [f"{what} seen for the {time} time" for time in ("1st", "2nd", "3rd", "4th", "5th")]


def coco_captions(
    folder: Path, captions: Mapping[int, Sequence[str]], split: str = "val2017"
) -> Path:
    """COCO's captions with its pictures, by the picture's id."""
    images, annotations = [], []
    for id, texts in captions.items():
        name = f"{id:012}.jpg"
        images.append({"id": id, "file_name": name, "height": 32, "width": 32})
        annotations += [
            {"id": 1000 + len(annotations) + place, "image_id": id, "caption": text}
            for place, text in enumerate(texts)
        ]
        write_picture(folder / split / name, id)
    whole = {"info": {}, "licenses": [], "images": images, "annotations": annotations}
    return write_json(folder / "annotations" / f"captions_{split}.json", whole)


def fashion200k(
    folder: Path, photos: Sequence[tuple[str, str]], queries: Iterable[str] = ()
) -> Path:
    """Label files (a photo is its path and description; the category is its second folder's)."""
    labels: dict[str, list[str]] = {}
    for number, (path, text) in enumerate(photos):
        category = path.split("/")[1]
        labels.setdefault(category, []).append(f"{path}\t0.9{number}\t{text}")
        write_picture(folder / path, number)
    (folder / "labels").mkdir()
    for category, lines in labels.items():
        file = folder / "labels" / f"{category}_test_detect_all.txt"
        file.write_text("\n".join(lines) + "\n")
    if queries:
        (folder / "test_queries.txt").write_text("".join(f"{line}\n" for line in queries))
    return folder


def cirr(
    folder: Path, pairs: Sequence[Mapping[str, Any]], names: Sequence[str], split: str = "val"
) -> Path:
    """CIRR's captions and pictures; a pair has reference, target_hard, caption and members."""
    entries = [
        {
            "pairid": 100 + number,
            "reference": pair["reference"],
            **({"target_hard": pair["target_hard"]} if "target_hard" in pair else {}),
            "caption": pair["caption"],
            "img_set": {"id": number, "members": pair["members"]},
        }
        for number, pair in enumerate(pairs)
    ]
    write_json(folder / "captions" / f"cap.rc2.{split}.json", entries)
    paths = {name: f"./dev/{name}.png" for name in names}
    write_json(folder / "image_splits" / f"split.rc2.{split}.json", paths)
    for seed, name in enumerate(names):
        write_picture(folder / "img_raw" / "dev" / f"{name}.png", seed)
    return folder


def fashion_iq(
    folder: Path, categories: Mapping[str, tuple[Sequence[str], Sequence[Mapping[str, Any]]]]
) -> Path:
    """FashionIQ's categories: names of pictures, and entries of candidate, target and captions."""
    for category, (names, entries) in categories.items():
        write_json(folder / "captions" / f"cap.{category}.val.json", list(entries))
        write_json(folder / "image_splits" / f"split.{category}.val.json", list(names))
        for seed, name in enumerate(names):
            write_picture(folder / "images" / f"{name}.jpg", seed)
    return folder


def beir(
    folder: Path,
    corpus: Sequence[Mapping[str, Any]],
    queries: Mapping[str, str],
    judged: Sequence[tuple[str, str, int]],
) -> Path:
    """BEIR's three files."""
    (folder / "qrels").mkdir(parents=True)
    lines = "".join(json.dumps(one) + "\n" for one in corpus)
    (folder / "corpus.jsonl").write_text(lines)
    asked = [{"_id": id, "text": text, "metadata": {}} for id, text in queries.items()]
    (folder / "queries.jsonl").write_text("".join(json.dumps(one) + "\n" for one in asked))
    rows = ["query-id\tcorpus-id\tscore", *(f"{q}\t{d}\t{grade}" for q, d, grade in judged)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(rows) + "\n")
    return folder


def tar(file: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """A tar of members in this order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file
