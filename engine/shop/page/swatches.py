"""Colours by the words that catalogues have for them, as swatches. Knows words; not products."""

from __future__ import annotations

import re

# Of textiles and leather rather than of screens: a "Red" shirt is no #f00.
_COLOURS = {
    "amber": "#e8a317", "apricot": "#f4b183", "aqua": "#5fc9c9", "beige": "#dccbb0",
    "black": "#1b1b1b", "blue": "#2f5fb3", "blush": "#e8b9b5", "brass": "#b08d57",
    "bronze": "#8c6a3f", "brown": "#6f4a2f", "burgundy": "#6d1a2d", "camel": "#b98d5b",
    "champagne": "#ecd9b8", "charcoal": "#3e4247", "chocolate": "#4a2c1d", "cobalt": "#1f4aa8",
    "coffee brown": "#4b3326", "copper": "#b0683d", "coral": "#f0775f", "cream": "#f3e9d2",
    "crimson": "#a71930", "cyan": "#3bb8c9", "denim": "#4a6b8f", "emerald": "#1f7f5c",
    "fluorescent green": "#7fe817", "fuchsia": "#c9357f", "gold": "#c9a24a", "golden": "#c9a24a",
    "gray": "#8b8d8f", "green": "#3d7d45", "grey": "#8b8d8f", "grey melange": "#a5a6a8",
    "indigo": "#36407f", "ivory": "#f4efe0", "khaki": "#9c8f63", "lavender": "#b8a6d4",
    "lemon": "#f2e35c", "light blue": "#9cc3e6", "light green": "#a4d39a", "lilac": "#c3a5cf",
    "lime": "#a8cf3c", "lime green": "#86c232", "magenta": "#b8327a", "maroon": "#6b1f2a",
    "mauve": "#a98299", "metallic": "#a3a6ab", "mint": "#a9dcc3", "mushroom brown": "#9a8474",
    "mustard": "#c9982e", "navy": "#1f2c4d", "navy blue": "#1f2c4d", "nude": "#deb99d",
    "off white": "#f1ece1", "olive": "#6c6b35", "orange": "#e07b28", "peach": "#f5b895",
    "petrol": "#1d5161", "pink": "#e48aa8", "plum": "#6a345c", "purple": "#6c4191",
    "red": "#b8282c", "rose": "#d3768a", "rose gold": "#c98f80", "royal blue": "#2a4fae",
    "rust": "#a4502b", "salmon": "#ee9580", "sand": "#d5bf98", "sea green": "#3d8f74",
    "silver": "#bfc2c6", "skin": "#e6bfa3", "sky blue": "#8cbfe2", "steel": "#8d959c",
    "stone": "#b7ae9f", "tan": "#b88a5e", "taupe": "#8d7c6c", "teal": "#1f7a7d",
    "terracotta": "#bd6343", "turquoise": "#3dbdb5", "turquoise blue": "#2fa9bd",
    "violet": "#7049a0", "white": "#fbfaf7", "wine": "#62192c", "yellow": "#eac53a",
}  # fmt: skip
_SHADES = ("dark", "light", "pale", "bright", "deep", "pastel", "neon", "matte", "matt", "melange")


def swatch(name: object) -> str | None:
    """The colour of a word as `#rrggbb`; None where no word of it is a colour, or it says several.

    "Navy Blue", "navy-blue" and "NAVY_BLUE" are one; of "Dusty Rose" the last word counts.
    """
    words = re.findall(r"[^\W\d_]+", str(name).casefold())
    for start in range(len(words)):  # the longest end that is known
        found = _COLOURS.get(" ".join(words[start:]))
        if found is not None:
            return found
    plain = [word for word in words if word not in _SHADES]
    return _COLOURS.get(plain[0]) if len(plain) == 1 else None
