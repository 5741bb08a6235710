"""What an evaluation found: figures by model and format of photos, compared with the first model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.shop.evaluation.figures.figure import Figure, Product
from engine.shop.evaluation.photo_formats import PhotoFormat
from engine.shop.evaluation.speed import Speed
from engine.shop.short_tables import short_table
from engine.text_table import Column

FIGURES = (
    Column("title", "figure", least=20, is_kept=True),
    Column("model", least=14, is_kept=True),
    Column("n", form=","),
    Column("value", form=".3f", is_kept=True),
    Column("photos"),
)
_QUERIES = "queries:"  # how the keys of query sets begin


@dataclass(frozen=True)
class Judgement:
    """One model over one format of photos.

    Attributes:
        products: those whose photo could be used; rows of figures' `found` are places in it.
        failed: why a photo could not, by the product's id.
        surroundings: figures of photos in other surroundings, by the surrounding's name.
    """

    model: str
    photos: str
    products: tuple[Product, ...]
    figures: tuple[Figure, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    surroundings: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """Models over the same products.

    Attributes:
        formats: the photos. judgements: by format, then by model, in the order that was asked for.
        speeds: by model, where they were asked for. notes: what must be known of the models.
    """

    formats: tuple[PhotoFormat, ...]
    judgements: tuple[Judgement, ...]
    speeds: Mapping[str, Speed] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return short_table(f"{', '.join(self.models)} judged", self.rows(), FIGURES)

    @property
    def models(self) -> list[str]:
        """Names of the models, the one that others are compared with first."""
        return list(dict.fromkeys(one.model for one in self.judgements))

    def rows(self) -> list[dict[str, Any]]:
        """A row for each figure and model: value, interval, and by how much it exceeds the first."""
        rows = []
        for judged in self._by_format():
            for place, first in enumerate(judged[0].figures):
                for one in judged:
                    rows.append(_row(one, one.figures[place], first, one is judged[0]))
        return rows

    def surroundings_rows(self) -> list[dict[str, Any]]:
        """As `rows`, for photos in other surroundings, with the surrounding's name."""
        rows = []
        for judged in self._by_format():
            for name, firsts in judged[0].surroundings.items():
                for place, first in enumerate(firsts):
                    for one in judged:
                        figure = one.surroundings[name][place]
                        row = _row(one, figure, first, one is judged[0])
                        rows.append({"surrounding": name, **row})
        return rows

    def lines(self) -> Iterator[dict[str, Any]]:
        """What came of every single query: its value, and the ids of the products that it found."""
        for one in self.judgements:
            for figure in one.figures:
                yield from _lines(one, figure, range(len(figure.queries)))

    def worst(self, count: int) -> list[dict[str, Any]]:
        """The queries of each query set that a model answers worst, with what it found, in words."""
        rows = []
        for one in self.judgements:
            for figure in one.figures:
                if figure.key.startswith(_QUERIES):
                    order = sorted(range(len(figure.queries)), key=lambda row: figure.values[row])
                    for row, line in zip(order[:count], _lines(one, figure, order[:count])):
                        line["found"] = [shown(one.products[place]) for place in figure.found[row]]
                        rows.append(line)
        return rows

    def to_dict(self, worst: int = 0) -> dict[str, Any]:
        """All of it as JSON, but for what came of single queries, of which it holds the worst ones."""
        return {
            "models": self.models,
            "photos": [
                {
                    "name": form.name,
                    "folder": str(form.folder),
                    "products": len(form.products),
                    "without_photo": form.without_photo,
                }
                for form in self.formats
            ],
            "figures": self.rows(),
            "surroundings": self.surroundings_rows(),
            "speed": {name: speed.to_dict() for name, speed in self.speeds.items()},
            "worst": self.worst(worst),
            "failed": [
                {"model": one.model, "photos": one.photos, "id": key, "reason": reason}
                for one in self.judgements
                for key, reason in one.failed.items()
            ],
            "notes": list(self.notes),
        }

    def _by_format(self) -> list[list[Judgement]]:
        return [
            [one for one in self.judgements if one.photos == form.name] for form in self.formats
        ]


def shown(product: Product) -> str:
    """A product in few words: colour and type, else its name, else its id."""
    words = [str(product[name]) for name in ("baseColour", "articleType") if product.get(name)]
    return " ".join(words) or str(product.get("name") or product["id"])


def _row(one: Judgement, figure: Figure, first: Figure, is_first: bool) -> dict[str, Any]:
    gain = None if is_first else figure.gain_over(first)
    return {
        "photos": one.photos,
        "figure": figure.key,
        "title": figure.title,
        "model": one.model,
        **figure.summary(),
        "gain": gain and round(gain[0], 4),
        "gain_interval": gain and [round(bound, 4) for bound in gain[1:]],
    }


def _lines(one: Judgement, figure: Figure, order: Sequence[int]) -> Iterator[dict[str, Any]]:
    for row in order:
        found = figure.found[row] if figure.found else ()
        yield {
            "model": one.model,
            "photos": one.photos,
            "figure": figure.key,
            "query": figure.queries[row],
            "value": round(float(figure.values[row]), 4),
            "found": [one.products[place]["id"] for place in found],
        }
