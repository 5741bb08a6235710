"""Choosing the products of a catalogue, photographing them, and writing the folder."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from .colours import LIKE, Look, partner, tinted
from .kinds import KINDS, Kind
from .paint import Canvas, View

COLUMNS = ("id", "gender", "masterCategory", "subCategory", "articleType", "baseColour", "season",
           "year", "usage", "productDisplayName")  # fmt: skip
BRANDS = ("Vitrine", "Velbrant", "Oskelle", "Mirrowin", "Thornlake", "Plumwick", "Kestrado",
          "Halvenna", "Brindlow", "Quenlo", "Fennimar", "Tallowby")  # fmt: skip
LINES = ("Weekender", "Harbour", "Campus", "Atelier", "Meadow", "Metro")
FITS = ("Regular Fit", "New Season", "Classic Edition")
PATTERN_WORDS = {"plain": "", "stripes": "Striped", "pinstripes": "Pinstriped", "checks": "Checked",
                 "dots": "Polka Dot", "floral": "Floral", "blocks": "Colourblocked",
                 "camouflage": "Camouflage", "melange": "Melange",
                 "graphic": "Printed"}  # fmt: skip
BACKDROPS = ("white",) * 9 + ("near-white",) * 4 + ("grey",) * 2 + ("cream", "gradient", "gradient")
FIRST_ID = 10001
DEFAULT_PRODUCTS = 320
EXTRA_SHARE = 0.1


@dataclass(frozen=True)
class Staple:
    """Products every catalogue has, so that common searches have answers."""

    article: str
    colour: str
    count: int
    variants: tuple[str, ...] = ()
    season: str = ""


STAPLES = (
    Staple("Dresses", "Red", 8, season="Summer"),
    Staple("Dresses", "Red", 3, season="Fall"),
    Staple("Jeans", "Blue", 10),
    Staple("Casual Shoes", "White", 8, ("sneaker", "canvas", "high-top")),
    Staple("Sports Shoes", "White", 4),
    Staple("Handbags", "Black", 9),
    Staple("Tshirts", "Yellow", 8),
    Staple("Jackets", "Black", 8, ("leather",)),
    Staple("Formal Shoes", "Black", 5),
    Staple("Formal Shoes", "Brown", 4),
)


@dataclass(frozen=True)
class Product:
    """One line of the catalogue with what is needed to draw it again."""

    number: int
    seed: int
    kind: str
    look: Look
    row: dict[str, str]
    photos: int = 1

    def photo_names(self) -> list[str]:
        """File names of the product's photos, the main one first."""
        ident = self.row["id"]
        return [f"{ident}.jpg" if k == 0 else f"{ident}_{k + 1}.jpg" for k in range(self.photos)]


class Wish(NamedTuple):
    """What a product has to be; an empty season or pattern is left to chance."""

    article: str
    colour: str
    variant: str
    season: str = ""
    pattern: str = ""


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _shuffled(rng: np.random.Generator, options: Sequence[str]) -> Iterator[str]:
    """The options in a random order, over and over."""
    return cycle([options[int(k)] for k in rng.permutation(len(options))])


def _shares(total: int) -> dict[str, int]:
    """How many products of each type make up a total, by weight."""
    weight = sum(kind.weight for kind in KINDS.values())
    exact = {name: total * kind.weight / weight for name, kind in KINDS.items()}
    counts = {name: int(value) for name, value in exact.items()}
    rest = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in rest[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def _wishes(products: int, rng: np.random.Generator) -> list[Wish]:
    """What every product has to be, in catalogue order; half of the staples are plain."""
    wishes: list[Wish] = []
    for staple in STAPLES:
        kind = KINDS[staple.article]
        variants = _shuffled(rng, staple.variants or tuple(kind.variants))
        for k in range(max(1, round(staple.count * products / DEFAULT_PRODUCTS))):
            pattern = "plain" if k % 2 == 0 else ""
            wishes.append(
                Wish(staple.article, staple.colour, next(variants), staple.season, pattern)
            )
    for article, count in _shares(max(0, products - len(wishes))).items():
        kind = KINDS[article]
        colours, variants = _shuffled(rng, kind.palette()), _shuffled(rng, tuple(kind.variants))
        wishes += [Wish(article, next(colours), next(variants)) for _ in range(count)]
    return [wishes[int(k)] for k in rng.permutation(len(wishes))][:products]


def _gender(kind: Kind, variant: str, rng: np.random.Generator) -> str:
    """Who the product is for, keeping cuts with the people who are sold them."""
    gender = _pick(rng, kind.genders)
    if gender == "Girls" and variant in ("sheath", "maxi", "wrap", "pencil", "denim", "strappy"):
        return "Women"
    if gender != "Women" and variant in ("scoop", "gladiator", "bootcut", "wide"):
        return "Women" if "Women" in kind.genders else gender
    if kind.article == "Kurtas":
        return "Women" if variant in ("three-quarter", "short-sleeve") else gender
    return gender


def _usage(kind: Kind, variant: str, summer_dress: bool, rng: np.random.Generator) -> str:
    """What the product is for, as far as its cut allows."""
    usage = _pick(rng, kind.usages)
    if variant == "formal":
        return "Formal"
    if summer_dress or (usage == "Sports" and variant in ("denim", "leather", "cargo", "casual")):
        return "Casual"
    return usage


def _pattern(kind: Kind, gender: str, look: tuple[str, str], rng: np.random.Generator) -> str:
    """A pattern the type comes in, plain where the drawn one would look wrong."""
    colour, variant = look
    weights = np.array(list(kind.patterns.values()), dtype=np.float64)
    pattern = str(rng.choice(list(kind.patterns), p=weights / weights.sum()))
    wrong = (
        (pattern == "melange" and colour not in ("Grey", "Blue", "Navy Blue", "Maroon"))
        or (pattern == "camouflage" and colour not in ("Green", "Olive", "Grey", "Brown", "Beige"))
        or (variant in ("denim", "leather", "cable", "formal") and pattern not in
            ("plain", "pinstripes"))
        or (pattern == "floral" and gender in ("Men", "Boys"))
        or (variant == "raglan" and pattern in ("blocks", "stripes"))
    )  # fmt: skip
    return "plain" if wrong else pattern


def _name(kind: Kind, look: Look, season: str, rng: np.random.Generator) -> str:
    """A display name in the manner of shop listings; a few carry quotes or commas."""
    noun = kind.variants[look.variant]
    if kind.article == "Tshirts" and rng.random() < 0.4:
        noun = noun.replace("T-shirt", "Tshirt")
    if kind.article == "Dresses" and season == "Summer":
        noun = noun.replace("Dress", "Summer Dress") if rng.random() < 0.4 else "Summer Dress"
    line = f'"{_pick(rng, LINES)}"' if rng.random() < 0.04 else ""
    words = (_pick(rng, BRANDS), look.gender, line, look.colour, PATTERN_WORDS[look.pattern], noun)
    name = " ".join(word for word in words if word)
    return f"{name}, {_pick(rng, FITS)}" if rng.random() < 0.03 else name


def _product(number: int, seed: int, wish: Wish, photos: int) -> Product:
    article, colour, variant, season, pattern = wish
    kind = KINDS[article]
    rng = np.random.default_rng([seed, number, 1])
    gender = _gender(kind, variant, rng)
    look = Look(
        article, gender, colour, pattern or _pattern(kind, gender, (colour, variant), rng),
        variant,
        tinted(colour, rng), partner(colour, rng), partner(str(rng.choice(LIKE[colour])), rng),
    )  # fmt: skip
    season = season or _pick(rng, kind.seasons)
    name = _name(kind, look, season, rng)
    usage = _usage(kind, variant, "Summer Dress" in name, rng)
    gap = float(rng.random())
    row = {
        "id": str(FIRST_ID + number), "gender": gender, "masterCategory": kind.master,
        "subCategory": kind.sub, "articleType": article, "baseColour": colour,
        "season": "" if gap < 0.012 else season, "year": str(int(rng.integers(2019, 2026))),
        "usage": "NA" if gap > 0.98 else usage, "productDisplayName": name,
    }  # fmt: skip
    return Product(number, seed, article, look, row, photos)


def plan_catalogue(seed: int = 0, products: int = DEFAULT_PRODUCTS) -> list[Product]:
    """The products of a catalogue, without drawing anything."""
    rng = np.random.default_rng([seed, 0])
    wishes = _wishes(products, rng)
    extra = set(rng.choice(len(wishes), round(len(wishes) * EXTRA_SHARE), replace=False).tolist())
    return [_product(k, seed, wish, 2 if k in extra else 1) for k, wish in enumerate(wishes)]


def _view(product: Product, photo: int) -> tuple[View, bool]:
    """Camera and backdrop of one photo, and whether it is a 3:4 portrait."""
    kind = KINDS[product.kind]
    first = np.random.default_rng([product.seed, product.number, 2])
    portrait = kind.narrow and bool(first.random() < 0.22)
    rng = np.random.default_rng([product.seed, product.number, 3, photo])
    angle = float(rng.normal(0, kind.tilt))
    scale, dx, dy = float(rng.uniform(0.90, 1.03)), *(float(v) for v in rng.uniform(-2, 2, 2))
    flip = bool(rng.random() < (0.3 if kind.master == "Footwear" else 0.0))
    if photo:
        flip = not flip
        angle += float(rng.uniform(4, 10)) * (1 if rng.random() < 0.5 else -1)
        if rng.random() < 0.5:
            scale, angle = scale * float(rng.uniform(1.2, 1.45)), angle * 0.4
    view = View(
        (product.seed, product.number, photo), angle, scale * (1.2 if portrait else 1.0), dx, dy,
        flip, _pick(rng, BACKDROPS if not photo else BACKDROPS[9:]),
    )  # fmt: skip
    return view, portrait


def draw_photo(product: Product, photo: int = 0, size: int = 224) -> Image.Image:
    """Draw one photo of a product; ``size`` is the height in pixels."""
    view, portrait = _view(product, photo)
    canvas = Canvas((size * 3 // 4 if portrait else size, size), view)
    design = np.random.default_rng([product.seed, product.number, 4])
    KINDS[product.kind].draw(canvas, product.look, design)
    return canvas.picture()


def _save(product: Product, folder: Path, size: int, quality: int) -> None:
    for photo, name in enumerate(product.photo_names()):
        draw_photo(product, photo, size).save(folder / name, quality=quality, optimize=True)


def draw_catalogue(
    out: Path | str, seed: int = 0, products: int = DEFAULT_PRODUCTS, *, size: int = 224,
    quality: int = 90, workers: int = 1,
) -> list[Product]:  # fmt: skip
    """Write ``styles.csv`` and ``images/`` under ``out``; gives the products drawn."""
    folder = Path(out)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    catalogue = plan_catalogue(seed, products)
    save = partial(_save, folder=folder / "images", size=size, quality=quality)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(save, catalogue, chunksize=8))
    else:
        for product in catalogue:
            save(product)
    with (folder / "styles.csv").open("w", encoding="utf-8", newline="") as sheet:
        writer = csv.DictWriter(sheet, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(product.row for product in catalogue)
    return catalogue
