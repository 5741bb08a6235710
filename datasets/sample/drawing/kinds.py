"""What the catalogue sells: article types with their colours, patterns, cuts, seasons and uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from . import (
    accessories,
    bags,
    bottoms,
    cosmetics,
    dresses,
    footwear,
    jewellery,
    outerwear,
    sandals,
    tops,
)
from .colours import Look
from .paint import Canvas

Draw = Callable[[Canvas, Look, np.random.Generator], None]

CLOTHES = "Black White Red Blue Navy_Blue Green Yellow Pink Purple Orange Grey Maroon Teal"
LEATHERS = "Black Brown Beige Maroon Grey Red White"
JEWELS = "Gold Silver Red Green Blue White Pink Turquoise_Blue"


@dataclass(frozen=True)
class Kind:
    """One article type.

    ``variants`` maps a cut to the noun used in product names; ``patterns`` maps a pattern to its
    weight; ``narrow`` types may also be shot in a 3:4 portrait; ``tilt`` is the spread of camera
    angles in degrees.
    """

    article: str
    master: str
    sub: str
    draw: Draw
    weight: int
    genders: tuple[str, ...]
    colours: str
    variants: dict[str, str]
    patterns: dict[str, int] = field(default_factory=lambda: {"plain": 1})
    seasons: tuple[str, ...] = ("Summer", "Fall", "Winter")
    usages: tuple[str, ...] = ("Casual",)
    narrow: bool = False
    tilt: float = 1.2

    def palette(self) -> tuple[str, ...]:
        """The colours this type comes in."""
        return tuple(name.replace("_", " ") for name in self.colours.split())


_PRINTS = {"plain": 5, "floral": 4, "dots": 2, "stripes": 2, "checks": 1}
_MEN_MOSTLY = ("Men", "Men", "Women")
_APPAREL = (
    Kind("Tshirts", "Apparel", "Topwear", tops.tshirt, 16, ("Men", "Men", "Women", "Boys", "Girls"),
         CLOTHES, {"crew": "Round Neck T-shirt", "v-neck": "V-Neck T-shirt", "polo": "Polo T-shirt",
         "raglan": "Raglan T-shirt", "scoop": "Scoop Neck T-shirt", "long-sleeve":
         "Long Sleeve T-shirt", "sleeveless": "Sleeveless T-shirt"},
         {"plain": 5, "graphic": 5, "stripes": 3, "melange": 1, "blocks": 1, "camouflage": 1},
         ("Summer", "Summer", "Fall"), ("Casual", "Casual", "Casual", "Sports"), True),
    Kind("Shirts", "Apparel", "Topwear", tops.shirt, 12, _MEN_MOSTLY,
         "White Blue Navy_Blue Black Pink Purple Green Red Grey Yellow",
         {"casual": "Casual Shirt", "formal": "Formal Shirt", "short-sleeve": "Short Sleeve Shirt",
          "rolled": "Roll-Up Sleeve Shirt"}, {"plain": 4, "checks": 4, "pinstripes": 3, "dots": 1},
         ("Summer", "Fall"), ("Casual", "Casual", "Formal"), True),
    Kind("Tops", "Apparel", "Topwear", tops.top, 11, ("Women", "Women", "Women", "Girls"),
         CLOTHES, {"tank": "Tank Top", "flutter": "Flutter Sleeve Top", "puff": "Puff Sleeve Top",
         "bell": "Bell Sleeve Top", "peplum": "Peplum Top", "wrap": "Wrap Top"}, _PRINTS,
         ("Summer", "Summer", "Spring", "Fall"), ("Casual", "Casual", "Party"), True),
    Kind("Sweaters", "Apparel", "Topwear", tops.sweater, 8, ("Men", "Women"),
         "Maroon Grey Navy_Blue Green Cream Black Purple Red Beige",
         {"crew": "Sweater", "v-neck": "V-Neck Sweater", "turtleneck": "Turtleneck Sweater",
          "cable": "Cable Knit Sweater", "cardigan": "Cardigan"},
         {"plain": 5, "stripes": 3, "blocks": 1}, ("Winter", "Fall"), ("Casual",), True),
    Kind("Jackets", "Apparel", "Topwear", outerwear.jacket, 8, ("Men", "Men", "Women", "Unisex"),
         "Brown Blue Olive Navy_Blue Red Grey Green Black",
         {"leather": "Leather Jacket", "denim": "Denim Jacket", "bomber": "Bomber Jacket",
          "puffer": "Padded Jacket", "track": "Track Jacket", "hooded": "Hooded Jacket"},
         {"plain": 1}, ("Winter", "Fall"), ("Casual", "Casual", "Sports"), True),
    Kind("Kurtas", "Apparel", "Topwear", outerwear.kurta, 8, ("Women", "Women", "Men"),
         "White Orange Green Maroon Yellow Pink Turquoise_Blue Purple Cream",
         {"mandarin": "Mandarin Collar Kurta", "three-quarter": "Three-Quarter Sleeve Kurta",
          "short-sleeve": "Short Sleeve Kurta", "long": "Long Kurta"},
         {"plain": 4, "floral": 3, "stripes": 1, "dots": 1}, ("Summer", "Fall"), ("Ethnic",), True),
    Kind("Dresses", "Apparel", "Dress", dresses.dress, 14, ("Women",) * 6 + ("Girls",),
         CLOTHES + " Turquoise_Blue", {"a-line": "A-Line Dress", "skater": "Skater Dress",
         "sheath": "Sheath Dress", "maxi": "Maxi Dress", "shift": "Shift Dress", "wrap":
         "Wrap Dress", "strappy": "Strappy Dress", "long-sleeve": "Long Sleeve Dress"}, _PRINTS,
         ("Summer", "Summer", "Spring", "Fall"), ("Casual", "Casual", "Party", "Formal"), True),
    Kind("Skirts", "Apparel", "Bottomwear", bottoms.skirt, 8, ("Women", "Women", "Women", "Girls"),
         "Black Red Blue Grey Teal Pink Green White Purple",
         {"mini": "Mini Skirt", "pleated": "Pleated Skirt", "pencil": "Pencil Skirt",
          "maxi": "Maxi Skirt", "denim": "Denim Skirt", "tiered": "Tiered Skirt"}, _PRINTS,
         ("Summer", "Fall")),
    Kind("Jeans", "Apparel", "Bottomwear", bottoms.jeans, 7, ("Men", "Women", "Men"),
         "Black Grey Navy_Blue Blue", {"skinny": "Skinny Fit Jeans", "slim": "Slim Fit Jeans",
         "straight": "Straight Fit Jeans", "bootcut": "Bootcut Jeans", "wide": "Loose Fit Jeans"},
         {"plain": 1}, ("Summer", "Fall", "Winter"), ("Casual",), True),
    Kind("Trousers", "Apparel", "Bottomwear", bottoms.trousers, 8, _MEN_MOSTLY,
         "Beige Black Grey Navy_Blue Brown Olive Maroon", {"straight": "Formal Trousers",
         "slim": "Slim Fit Trousers", "wide": "Wide Leg Trousers"},
         {"plain": 6, "checks": 1, "pinstripes": 2}, ("Summer", "Fall"), ("Formal", "Casual"),
         True),
    Kind("Shorts", "Apparel", "Bottomwear", bottoms.shorts, 8, ("Men", "Men", "Women", "Boys"),
         "Olive Blue Red Black Grey Green Navy_Blue Beige Orange", {"casual": "Shorts",
         "cargo": "Cargo Shorts", "denim": "Denim Shorts", "running": "Running Shorts"},
         {"plain": 5, "checks": 1, "camouflage": 1}, ("Summer",), ("Casual", "Sports")),
    Kind("Track Pants", "Apparel", "Bottomwear", bottoms.track_pants, 7, _MEN_MOSTLY,
         "Black Grey Navy_Blue Blue Red Green", {"open": "Track Pants", "cuffed": "Joggers",
         "piped": "Training Track Pants"}, {"plain": 1}, ("Summer", "Fall"), ("Sports", "Casual"),
         True),
    Kind("Socks", "Apparel", "Socks", sandals.socks, 7, ("Men", "Women", "Unisex", "Boys"),
         "Grey White Black Red Blue Pink Green", {"crew": "Socks", "ankle": "Ankle Length Socks",
         "knee": "Knee Length Socks"}, {"plain": 3, "stripes": 3, "dots": 2, "checks": 1}, tilt=4),
)  # fmt: skip
_FOOTWEAR = (
    Kind("Casual Shoes", "Footwear", "Shoes", footwear.casual_shoe, 9, ("Men", "Men", "Women",
         "Unisex", "Boys"), "Black Blue Red Brown Navy_Blue Grey Green Pink White",
         {"sneaker": "Sneakers", "canvas": "Canvas Sneakers", "high-top": "High-Top Sneakers",
          "slip-on": "Slip-On Casual Shoes"}, {"plain": 7, "checks": 1, "floral": 1}, tilt=3),
    Kind("Sports Shoes", "Footwear", "Shoes", footwear.sports_shoe, 9, _MEN_MOSTLY,
         "Black Blue Grey Red White Green Navy_Blue Orange Silver", {"running": "Running Shoes",
         "training": "Training Shoes"}, {"plain": 1}, ("Summer", "Fall"), ("Sports",), tilt=3),
    Kind("Formal Shoes", "Footwear", "Shoes", footwear.formal_shoe, 5, ("Men",),
         "Black Brown Maroon", {"oxford": "Oxford Formal Shoes", "derby": "Derby Formal Shoes",
         "brogue": "Brogue Formal Shoes", "loafer": "Formal Loafers",
         "monk": "Monk Strap Formal Shoes"},
         {"plain": 1}, ("Summer", "Fall", "Winter"), ("Formal",), tilt=3),
    Kind("Heels", "Footwear", "Shoes", footwear.heels, 9, ("Women",),
         "Red Black Pink Gold Silver Beige Blue Purple", {"pump": "Pumps", "peep-toe":
         "Peep Toe Heels", "block": "Block Heels", "wedge": "Wedge Heels", "strappy":
         "Strappy Heels"}, {"plain": 6, "floral": 1, "dots": 1}, ("Summer", "Winter"),
         ("Casual", "Party"), tilt=3),
    Kind("Sandals", "Footwear", "Sandal", sandals.sandal, 8, ("Men", "Women"),
         "Black Brown Beige Red Grey", {"sport": "Sports Sandals", "slide": "Slides",
         "gladiator": "Gladiator Sandals", "strappy": "Sandals"}, seasons=("Summer",), tilt=3),
    Kind("Flip Flops", "Footwear", "Flip Flops", sandals.flip_flops, 8, ("Men", "Women", "Unisex"),
         "Blue Black Pink Green Red Yellow Orange Brown", {"straight": "Flip Flops", "crossed":
         "Flip Flops", "slanted": "Slippers"}, {"plain": 5, "floral": 2, "stripes": 2},
         ("Summer",), tilt=3),
)  # fmt: skip
_ACCESSORIES = (
    Kind("Handbags", "Accessories", "Bags", bags.handbag, 10, ("Women",),
         "Brown Red Beige Pink Blue White Purple Maroon Green Yellow", {"tote": "Tote Handbag",
         "satchel": "Satchel Handbag", "hobo": "Hobo Handbag", "shoulder": "Shoulder Handbag"},
         {"plain": 7, "floral": 2, "checks": 1}, tilt=2),
    Kind("Backpacks", "Accessories", "Bags", bags.backpack, 8, ("Unisex", "Men", "Women", "Boys"),
         "Blue Black Brown Green Red Grey Purple Orange", {"school": "Backpack", "hiking":
         "Hiking Backpack", "leather": "Leather Backpack", "flap": "Flap Backpack"},
         {"plain": 5, "camouflage": 1, "checks": 1}, tilt=2),
    Kind("Clutches", "Accessories", "Bags", bags.clutch, 7, ("Women",),
         "Gold Black Red Purple Silver Pink Blue", {"envelope": "Envelope Clutch", "frame":
         "Frame Clutch", "fold-over": "Fold-Over Clutch", "wristlet": "Wristlet Clutch"},
         {"plain": 4, "floral": 1}, usages=("Party", "Casual"), tilt=4),
    Kind("Wallets", "Accessories", "Wallets", bags.wallet, 8, ("Men", "Women"),
         LEATHERS + " Pink Blue",
         {"bifold": "Leather Wallet", "open": "Bifold Wallet", "long": "Long Wallet",
          "zip": "Zip Wallet"}, tilt=4),
    Kind("Belts", "Accessories", "Belts", bags.belt, 8, ("Men", "Men", "Women"),
         LEATHERS + " Navy_Blue",
         {"classic": "Leather Belt", "braided": "Braided Belt", "slim": "Slim Belt",
          "wide": "Wide Belt", "plate": "Plate Buckle Belt"}, usages=("Casual", "Formal"), tilt=4),
    Kind("Watches", "Accessories", "Watches", jewellery.watch, 10, ("Men", "Women", "Unisex"),
         "Black Silver Brown Gold White Red Blue Pink", {"leather": "Analogue Watch", "bracelet":
         "Bracelet Watch", "chronograph": "Chronograph Watch", "square": "Square Dial Watch",
         "slim": "Slim Watch"}, seasons=("Winter",), narrow=True, tilt=4),
    Kind("Sunglasses", "Accessories", "Eyewear", accessories.sunglasses, 8, ("Men", "Women",
         "Unisex"), "Black Gold Silver Brown Red Purple Blue White", {"wayfarer":
         "Wayfarer Sunglasses", "aviator": "Aviator Sunglasses", "round": "Round Sunglasses",
         "oversized": "Oversized Sunglasses", "sport": "Sports Sunglasses"}, seasons=("Winter",
         "Summer"), tilt=4),
    Kind("Caps", "Accessories", "Headwear", accessories.cap, 8, ("Men", "Unisex", "Women", "Boys"),
         "Black Red White Navy_Blue Green Grey Blue Yellow", {"plain": "Cap", "contrast":
         "Contrast Visor Cap", "two-tone": "Two-Tone Cap"}, {"plain": 5, "camouflage": 1,
         "checks": 1}, ("Summer",), ("Casual", "Sports"), tilt=4),
    Kind("Ties", "Accessories", "Ties", accessories.tie, 8, ("Men",),
         "Navy_Blue Red Black Purple Grey Maroon Blue Green", {"classic": "Tie", "slim": "Slim Tie",
         "bow": "Bow Tie"}, {"stripes": 4, "dots": 2, "plain": 3, "checks": 1},
         usages=("Formal",), tilt=4),
    Kind("Scarves", "Accessories", "Scarves", accessories.scarf, 8, ("Women", "Women", "Men"),
         "Cream Red Blue Grey Purple Pink Black Green Orange", {"knit": "Knitted Scarf",
         "woven": "Scarf"}, {"plain": 3, "checks": 3, "stripes": 2, "floral": 2},
         ("Winter", "Fall"), narrow=True, tilt=3),
    Kind("Earrings", "Accessories", "Jewellery", jewellery.earrings, 8, ("Women",), JEWELS,
         {"drop": "Drop Earrings", "hoop": "Hoop Earrings", "stud": "Stud Earrings", "bell":
          "Jhumka Earrings", "chandelier": "Chandelier Earrings"}, usages=("Casual", "Ethnic"),
         tilt=4),
    Kind("Necklace and Chains", "Accessories", "Jewellery", jewellery.necklace, 7, ("Women",),
         JEWELS, {"chain": "Chain", "pendant": "Pendant Necklace", "beads": "Beaded Necklace",
         "layered": "Layered Necklace"}, usages=("Casual", "Party"), narrow=True, tilt=4),
    Kind("Perfume and Body Mist", "Personal Care", "Fragrance", cosmetics.perfume, 7,
         ("Women", "Men"), "Pink Blue Yellow Purple Green Orange Gold", {"square": "Perfume",
         "round": "Eau de Toilette", "tall": "Body Mist", "tapered": "Eau de Parfum"},
         seasons=("Spring",), narrow=True, tilt=2),
    Kind("Lipstick", "Personal Care", "Lips", cosmetics.lipstick, 7, ("Women",),
         "Red Pink Maroon Brown Orange Purple", {"swatch": "Lipstick", "capped": "Matte Lipstick",
         "alone": "Creme Lipstick"}, seasons=("Spring",), narrow=True, tilt=4),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.article: kind for kind in (*_APPAREL, *_FOOTWEAR, *_ACCESSORIES)}
