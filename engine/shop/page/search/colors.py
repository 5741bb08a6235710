"""Words for colours to colours. Knows words of fashion catalogues, in several languages; no pages.

Truth: common sense, and the named colours of CSS where they say the same.
"""

from __future__ import annotations

import re
from functools import lru_cache

from engine.shop.browsing.row_texts import folded

MANY = "many"  # in place of a colour: of several at once
_MANY = {"multi", "multicolor", "multicolour", "multicolored", "mehrfarbig", "bunt", "multicolore"}
_MANY |= {"multicolorido", "multicouleur", "multicouleurs", "assorted", "flerfarget", "veelkleurig"}
# A colour, and the words that name it.
_TABLE = """
#111111 black schwarz noir negro nero preto zwart svart sort czarny siyah onyx ebony
#ffffff white weiss weiß blanc blanche blanco bianco branco wit vit hvid hvit biały beyaz
#8a8d91 grey gray grau gris grigio cinza grijs grå szary gri
#1f4fa3 blue blau bleu azul blu blauw blå niebieski mavi
#1b2a4e navy marine marino marineblau dunkelblau indigo midnight
#c62828 red rot rouge rojo rosso vermelho rood röd rød czerwony kırmızı
#2e7d32 green grün vert verde groen grön grøn zielony yeşil
#f6d32d yellow gelb jaune amarillo giallo amarelo geel gul żółty sarı
#ef7d1a orange naranja arancione laranja oranje pomarańczowy turuncu
#e78fb3 pink rosa rose roze różowy pembe
#6a3fa0 purple lila violet violett violeta viola morado roxo paars fioletowy mor
#795548 brown braun brun marrón marron marrone castanho bruin brązowy kahverengi
#e0cfae beige
#c0c4c8 silver silber argent plata argento prata zilver silver sølv srebrny gümüş
#d4af37 gold golden doré dorado oro dourado goud guld złoty altın
#7b1e3a maroon burgundy bordeaux burgund granate bordowy
#5a1a2b wine oxblood
#f3e9d2 cream creme crème crema kremowy ecru off
#f7f3e3 ivory elfenbein ivoire
#d2b48c tan sand camel cognac
#6b6b3a olive oliv oliva
#b8a77a khaki kaki
#2aa7a0 teal petrol
#3fc1c9 turquoise türkis turquesa turchese
#2d9c8f sea aqua
#c9b2e0 lavender lavendel lavande mauve
#b784b8 plum
#f2a07b peach pfirsich apricot
#f07f6a coral koralle
#e08a7e salmon
#b7410e rust rost
#b5651d copper kupfer bronze
#c79a3f mustard senf moutarde mostaza
#4b3621 coffee kaffee espresso
#5d3a1a chocolate mocha
#d2b49c nude skin taupe
#9e9d93 stone
#3b3f45 charcoal anthracite anthrazit graphite
#9aa0a6 steel stahl titanium
#8a8f98 metallic gunmetal metal
#b9f22f fluorescent neon lime limette
#c2185b magenta fuchsia cerise
#b03060 raspberry cherry
#f4f7fb transparent clear transparente crystal
#ffd9c7 blush
#4aa3df sky azure cyan azzurro celeste himmelblau
#a7d8c2 mint
"""
_WORDS = {
    word: line.split()[0] for line in _TABLE.strip().splitlines() for word in line.split()[1:]
}
# Where the words together say another colour than the one that they end with.
_TOGETHER = {
    "sea green": "#2e8b76",
    "lime green": "#7fc832",
    "fluorescent green": "#5cf22f",
    "mushroom brown": "#a39384",
    "coffee brown": "#4b3621",
    "rose gold": "#d9a58e",
    "turquoise blue": "#23b5c4",
    "grey melange": "#a9abae",
    "off white": "#f5f1e6",
    "navy blue": "#1b2a4e",
    "dark blue": "#1b2a4e",
    "light blue": "#9cc7ea",
    "sky blue": "#87c5ec",
    "royal blue": "#2748c4",
    "dark green": "#1b4d2b",
    "light green": "#a5d6a7",
    "light grey": "#cfd1d4",
    "dark grey": "#4c4f54",
}


@lru_cache(maxsize=4096)
def swatch_of(name: str) -> str | None:
    """The colour of a name such as "Navy Blue", as #rrggbb; `MANY` for several; None where unknown."""
    text = folded(name).strip()
    if re.fullmatch(r"#[0-9a-f]{6}", text):
        return text
    words = re.findall(r"\w+", text)
    if _MANY & set(words) or len(set(filter(None, map(_WORDS.get, words)))) > 2:
        return MANY
    joined = " ".join(words)
    if joined in _TOGETHER:
        return _TOGETHER[joined]
    # The last word that is a colour: "navy blue" is a blue; some languages write it as one word.
    for word in reversed(words):
        if word in _WORDS:
            return _WORDS[word]
    for word in reversed(words):
        inside = [known for known in _WORDS if len(known) > 3 and word.endswith(known)]
        if inside:
            return _WORDS[max(inside, key=len)]
    return None
