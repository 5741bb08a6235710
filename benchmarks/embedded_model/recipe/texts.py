"""Training texts: product names, recipes, and attribute queries with the photos they describe."""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass, field

from .data import Product

# Words that shoppers use for an article type (or for several, when the word covers them all).
SYNONYMS: dict[str, tuple[str, ...]] = {
    "tshirt": ("Tshirts",), "t-shirt": ("Tshirts",), "tee": ("Tshirts",), "t shirt": ("Tshirts",),
    "sneaker": ("Casual Shoes", "Sports Shoes"), "trainer": ("Sports Shoes", "Casual Shoes"),
    "running shoe": ("Sports Shoes",), "sport shoe": ("Sports Shoes",),
    "shoe": ("Casual Shoes", "Sports Shoes", "Formal Shoes"),
    "footwear": ("Casual Shoes", "Sports Shoes", "Formal Shoes", "Flip Flops", "Sandals",
                 "Flats", "Heels", "Sports Sandals"),
    "dress shoe": ("Formal Shoes",), "oxford shoe": ("Formal Shoes",),
    "handbag": ("Handbags",), "hand bag": ("Handbags",), "purse": ("Handbags",),
    "bag": ("Handbags", "Backpacks", "Clutches", "Laptop Bag", "Duffel Bag", "Messenger Bag"),
    "rucksack": ("Backpacks",), "denim jeans": ("Jeans",), "denims": ("Jeans",),
    "pants": ("Trousers",), "formal trousers": ("Trousers",), "joggers": ("Track Pants",),
    "jumper": ("Sweaters",), "pullover": ("Sweaters",), "cardigan": ("Sweaters",),
    "hoodie": ("Sweatshirts",), "coat": ("Jackets",), "frock": ("Dresses",), "gown": ("Dresses",),
    "high heels": ("Heels",), "pumps": ("Heels",), "stilettos": ("Heels",),
    "slippers": ("Flip Flops",), "ballerinas": ("Flats",), "shades": ("Sunglasses",),
    "wristwatch": ("Watches",), "hat": ("Caps",), "necktie": ("Ties",), "blouse": ("Tops",),
    "perfume": ("Perfume and Body Mist",), "undershirt": ("Innerwear Vests",),
    "vest": ("Innerwear Vests",), "underwear": ("Briefs", "Trunk"), "boxers": ("Trunk",),
    "sari": ("Sarees",), "pyjamas": ("Night suits", "Lounge Pants"),
    "pajamas": ("Night suits", "Lounge Pants"),
    "jewelry": ("Earrings", "Pendant", "Necklace and Chains", "Bracelet", "Ring", "Bangle"),
    "jewellery": ("Earrings", "Pendant", "Necklace and Chains", "Bracelet", "Ring", "Bangle"),
    "necklace": ("Necklace and Chains",), "muffler": ("Mufflers",), "scarf": ("Scarves", "Mufflers"),
    "kurta": ("Kurtas",), "kurti": ("Kurtis",), "tunic": ("Tunics",), "legging": ("Leggings",),
}  # fmt: skip
PLURAL_ONLY = ("Jeans", "Briefs", "Tights", "Capris", "Trousers", "Shorts", "Sunglasses")
COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "Grey": ("grey", "gray"), "Grey Melange": ("grey melange", "gray melange"),
    "Navy Blue": ("navy blue", "navy", "dark blue"), "Off White": ("off white", "ivory"),
    "Multi": ("multi", "multicolour", "multicolored", "multi coloured"),
    "Maroon": ("maroon", "dark red"),
    "Gold": ("gold", "golden"), "Silver": ("silver",), "Purple": ("purple", "violet"),
    "Beige": ("beige",), "Turquoise Blue": ("turquoise blue", "turquoise"),
}  # fmt: skip
GENDER_WORDS: dict[str, tuple[str, ...]] = {
    "Men": ("men", "mens", "men's", "man", "male", "for men"),
    "Women": ("women", "womens", "women's", "ladies", "female", "for women", "woman"),
    "Boys": ("boys", "boy", "kids", "for boys"),
    "Girls": ("girls", "girl", "kids", "for girls"),
    "Unisex": ("unisex",),
}
USAGE_WORDS: dict[str, tuple[str, ...]] = {
    "Casual": ("casual", "everyday", "relaxed", "casual everyday relaxed wear"),
    "Formal": ("formal", "office", "business", "elegant", "formal elegant business wear", "work wear"),
    "Sports": ("sports", "sporty", "athletic", "gym", "training",
               "athletic sporty performance wear"),
    "Ethnic": ("ethnic", "traditional", "festive", "indian"),
    "Smart Casual": ("smart casual",), "Party": ("party",), "Travel": ("travel",), "Home": ("home",),
}  # fmt: skip
TEMPLATES = (
    "{}", "{}", "{}", "a photo of {}", "a photo of {}", "a photo of a {}", "photo of {}", "a {}",
    "{} on white background", "a picture of {}", "an image of {}", "buy {}", "{} online",
    "a product photo of {}",
)  # fmt: skip
PRICE_WORDS = ("affordable budget friendly", "mid-range value", "premium quality",
               "luxury high-end designer")  # fmt: skip
SPELLINGS = (("colour", "color"), ("grey", "gray"), ("jewellery", "jewelry"), ("analogue", "analog"),
             ("t-shirt", "tshirt"), ("coloured", "colored"), ("pyjama", "pajama"))  # fmt: skip


def singular(word: str) -> str:
    """The singular of an article type, as shoppers write it."""
    if word in PLURAL_ONLY:
        return word
    for end, new in (("ches", "ch"), ("sses", "ss"), ("arves", "arf"), ("ies", "ie"), ("s", "")):
        if word.endswith(end) and not word.endswith("ss"):
            return word[: -len(end)] + new
    return word


@dataclass
class Query:
    """A text and what a photo must carry for the text to describe it (empty: anything)."""

    text: str
    types: tuple[str, ...] = ()
    wanted: dict[str, str] = field(default_factory=dict)


class TextSampler:
    """Draws training texts for products."""

    def __init__(self, seed: int = 0, junk: float = 0.1) -> None:
        self.random = random.Random(seed)
        self.junk = junk
        self.by_type: dict[str, list[str]] = {}
        for word, types in SYNONYMS.items():
            for t in types:
                self.by_type.setdefault(t, []).append(word)

    def type_text(self, article: str, exact: bool = False) -> Query:
        """A word for an article type; ``exact`` keeps to the type's own name."""
        r = self.random
        if not exact and article in self.by_type and r.random() < 0.3:
            word = r.choice(self.by_type[article])
            types = SYNONYMS[word]
            if r.random() < 0.4 and not word.endswith("s"):
                word += "s"
            return Query(word, types)
        return Query(article.lower() if r.random() < 0.6 else singular(article).lower(), (article,))

    def colour_text(self, colour: str) -> str:
        words = COLOUR_WORDS.get(colour)
        if words is None or self.random.random() < 0.4:
            return colour.lower()
        return self.random.choice(words)

    def type_prompt(self, article: str) -> str:
        return self.random.choice(TEMPLATES).format(self.type_text(article, exact=True).text)

    def query(self, product: Product) -> Query:
        """An attribute text of a product: mostly colour and type, sometimes more or less."""
        r = self.random
        query = self.type_text(product.articleType) if product.articleType else Query("product")
        parts = [query.text]
        if product.baseColour and r.random() < 0.8:
            parts.insert(0, self.colour_text(product.baseColour))
            query.wanted["baseColour"] = product.baseColour
        if product.articleType and query.wanted and r.random() < 0.06:
            parts.pop()  # the colour alone
            query.types = ()
        if product.usage in USAGE_WORDS and r.random() < 0.15:
            parts.insert(0, r.choice(USAGE_WORDS[product.usage]))
            query.wanted["usage"] = product.usage
        if product.season and r.random() < 0.06:
            parts.insert(len(parts) - 1, product.season.lower())
        if product.gender and r.random() < 0.25:
            word = r.choice(GENDER_WORDS.get(product.gender, (product.gender.lower(),)))
            parts.insert(len(parts) if word.startswith("for ") or r.random() < 0.1 else 0, word)
            query.wanted["gender"] = product.gender
        text = " ".join(parts)
        if len(parts) < 4:
            text = r.choice(TEMPLATES).format(text)
        query.text = self.add_junk(text)
        return query

    def name(self, product: Product) -> str:
        """The product's name, as it is, respelled, with words left out, or inside a recipe."""
        r = self.random
        name = product.name or " ".join(filter(None, (product.baseColour, product.articleType)))
        draw = r.random()
        if draw < 0.2:
            return self.recipe(product, name)
        if draw < 0.45:
            words = name.split()
            keep = [w for w in words if r.random() > 0.2] or words
            name = " ".join(keep)
        if r.random() < 0.2:
            name = self.respell(name.lower())
        if r.random() < 0.08:
            name = "a photo of " + name
        return self.add_junk(name)

    def recipe(self, product: Product, name: str) -> str:
        """The text that a catalogue embeds: the name followed by the attributes."""
        r = self.random
        fields = [name, product.articleType, product.baseColour, product.masterCategory]
        if r.random() < 0.5:
            fields += [product.gender, product.season]
        else:
            fields += [product.subCategory, product.gender, product.season, product.usage]
            if r.random() < 0.8:
                fields.append(r.choice(PRICE_WORDS))
        return " ".join(f for f in fields if f)

    def respell(self, text: str) -> str:
        for british, american in SPELLINGS:
            text = text.replace(british, american)
        return re.sub(r"s\b", "", text) if self.random.random() < 0.15 else text

    def add_junk(self, text: str) -> str:
        """Now and then a word that means nothing, so that unseen words do no harm."""
        r = self.random
        if r.random() >= self.junk:
            return text
        words = text.split()
        junk = "".join(r.choices(string.ascii_lowercase, k=r.randint(2, 7)))
        words.insert(r.randint(0, len(words)), junk)
        return " ".join(words)
