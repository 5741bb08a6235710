"""Everything that a training is made of, read and checked before the long work begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import BadSourceFile
from engine.shop.evaluation.figures.query_sets import Query
from engine.shop.evaluation.photo_formats import photo_formats
from engine.shop.evaluation.run import query_sets
from engine.shop.products.conditions import Conditions
from engine.shop.training.products.labels import KIND, Labels, Row
from engine.shop.training.products.photos import Photos
from engine.shop.training.products.table import ProductTable, read_table
from engine.shop.training.request import TrainRequest
from engine.shop.training.stages.step import Material
from engine.shop.training.texts.corpus import Corpus, Numbers, build_corpus
from engine.shop.training.texts.phrases import Phrase, catalogue_phrases, comparable, read_phrases
from engine.shop.training.towers.pieces import vocabulary_words

_RARE = -0.3  # exponent: photos of a kind with few others are drawn more often
_BOUNDS = 0.3, 4.0
_TWICE = 0.7  # weight of each photo of a product with two


@dataclass(frozen=True)
class Given:
    """What a request names, read.

    Attributes:
        files: every photo, of products that training shows first. products: the rows they belong to.
        shown: how many of the photos are of products that training shows.
        judged: folders with photos of products held out, by name.
    """

    table: ProductTable
    labels: Labels
    phrases: Sequence[Phrase]
    queries: Mapping[str, Sequence[Query]]
    files: Sequence[Path]
    products: Sequence[Row]
    shown: int
    judged: Mapping[str, Path]
    notes: tuple[str, ...]


def read_given(request: TrainRequest) -> Given:
    """Read everything that a request names but the photos and the model.

    Raises:
        BadSourceFile: a file that can't be read as asked, a column or photos that are missing.
        InvalidParameterValue: an attribute that the table hasn't.
    """
    path = Path(request.table).expanduser()
    table = read_table(
        path, request.columns, request.attributes, request.hold_out, request.encoding
    )
    queries = query_sets(request.queries)
    labels = Labels.of(table.rows, table.attributes)
    conditions = Conditions(table.rows)
    aside = _kept_aside(queries)
    phrases = catalogue_phrases(conditions, labels.classes, aside)
    phrases += read_phrases(word_files(request.words), conditions, aside)
    folders = request.evaluation(()).folders
    own, held = _photo_files(folders, table)
    files, products = [file for file, _ in own + held], [row for _, row in own + held]
    judged = {name: one for name, one in folders.items() if any(f.parent == one for f, _ in held)}
    notes = []
    if conditions.unknown_fields:
        names = ", ".join(sorted(conditions.unknown_fields))
        notes.append(f"word lists ask for {names}, which no product has: such phrases are left out")
    if not labels.classes[KIND]:
        notes.append(
            f"the table has no kind of product: name its column with --column {KIND}=COLUMN"
        )
    return Given(table, labels, phrases, queries, files, products, len(own), judged, tuple(notes))


def word_files(places: Sequence[str | Path]) -> list[Path]:
    """Files of phrases, those of folders too.

    Raises:
        BadSourceFile: a folder without one.
    """
    found: list[Path] = []
    for place in (Path(one).expanduser() for one in places):
        files = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
        if not files:
            raise BadSourceFile("there is no file *.jsonl in this folder", file=str(place))
        found += files
    return found


def _kept_aside(queries: Mapping[str, Sequence[Query]]) -> frozenset[str]:
    return frozenset(comparable(query.text) for some in queries.values() for query in some)


def _photo_files(
    folders: Mapping[str, Path], table: ProductTable
) -> tuple[list[tuple[Path, Row]], list[tuple[Path, Row]]]:
    """Photos of all folders with their products: of those that training shows, of those held out."""
    rows = {str(row["id"]): row for row in [*table.rows, *table.held_out]}
    is_held = {str(row["id"]) for row in table.held_out}
    own: list[tuple[Path, Row]] = []
    held: list[tuple[Path, Row]] = []
    for form in photo_formats(list(rows.values()), folders, None):
        for file, product in zip(form.files, form.products):
            key = str(product["id"])
            (held if key in is_held else own).append((file, rows[key]))
    if not own:
        place = ", ".join(map(str, folders.values()))
        raise BadSourceFile("every product with a photo is held out", file=place)
    return own, held


def corpus_of(given: Given, words: Iterable[str], seed: int) -> Corpus:
    """The texts of a training. `words`: of a vocabulary, which carry the teacher's meaning."""
    return build_corpus(
        given.table.rows,
        given.labels,
        given.phrases,
        loose=vocabulary_words(words),
        kept_aside=_kept_aside(given.queries),
        seed=seed,
    )


def material_of(given: Given, corpus: Corpus, photos: Photos) -> tuple[Material, Numbers]:
    """What steps draw from, and the places of its photos among the decoded ones.

    Raises:
        BadSourceFile: no photo of a product that training shows can be used.
    """
    places = np.array([p for p in photos.usable() if p < given.shown], dtype=np.int64)
    if not len(places):
        raise BadSourceFile("no photo to train with can be used", file=str(given.files[0]))
    row_of = {str(row["id"]): i for i, row in enumerate(given.table.rows)}
    products = np.array([row_of[str(given.products[place]["id"])] for place in places])
    weights = photo_weights(given.labels.codes[KIND][products], products)
    material = Material(given.table.rows, given.labels, given.phrases, corpus, products, weights)
    return material, places


def photo_weights(kinds: Numbers, products: Numbers) -> np.ndarray:
    """How often each photo is drawn in a pass, 1 on average: more of rare kinds, less of a product with
    several photos."""
    weights = np.full(len(kinds), 0.5)
    known = kinds >= 0
    if known.any():
        counts = np.bincount(kinds[known])
        usual = counts[counts > 0].mean()
        weights[known] = np.clip((counts[kinds[known]] / usual) ** _RARE, *_BOUNDS)
    photos_of = np.bincount(products)[products]
    weights = np.where(photos_of > 1, weights * _TWICE * 2 / photos_of, weights)
    return weights / weights.mean()
