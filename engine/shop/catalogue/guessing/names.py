"""The names that columns of each role usually have, in several languages and spellings. Knows names.

The one list for all that guess: proposals of catalogues, and what judges and trains models from a table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

# Role -> names as `folded` has them, the surest first. A product's names end with them, or are them.
NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        *("productid", "articleid", "itemid", "sku", "id", "asin", "productcode", "articlenumber"),
        *("artikelnummer", "artikelnr", "artnr", "itemnumber", "ean", "gtin", "upc", "handle", "uid"),
        *("reference", "referencia", "ref", "codigo", "code", "codice", "key", "productnumber"),
        *("numeroarticle", "idproduit", "idproducto", "artikul", "артикул", "ид", "商品id", "编号"),
        *("商品コード", "商品编号", "货号"),
        *("uniqid", "uniqueid", "guid", "stylecode", "styleid", "itemcode", "image_id", "imageid"),
    ),
    "title": (
        *("productdisplayname", "title", "productname", "producttitle", "prodname", "itemname", "name"),
        *("displayname", "itemtitle", "articlename", "titel", "bezeichnung", "produktname", "titre"),
        *("nom", "nomproduit", "libelle", "designation", "intitule", "titulo", "nombre"),
        *("nombreproducto", "titolo", "nome"),
        *("naam", "productnaam", "namn", "navn", "nazwa", "nazev", "название", "наименование"),
        *("商品名", "商品名称", "名称", "名前", "标题", "caption", "label", "urlname"),
        *("shortdescription", "description", "desc", "beschreibung"),
    ),
    "category": (
        *("mastercategory", "department", "departmentname", "productgroupname", "productgroup"),
        *("category", "categoryname", "maincategory", "categorie", "categoria", "kategorie"),
        *("kategorien", "kategoria", "warengruppe", "rayon", "rubrique", "seccion", "sectionname"),
        *("breadcrumb",),
        *("subcategory", "subcategoryname", "souscategorie", "unterkategorie", "subcategoria"),
        *("articletype", "producttype", "producttypename", "itemtype", "kind", "type", "typ", "tipo"),
        *("produkttyp", "semanticcategory", "googleproductcategory", "productcategory", "class"),
        *("категория", "类别", "カテゴリ", "分类", "garmentgroupname", "master", "collection"),
        *("categories", "productcategories", "categorytree", "genres", "genre"),
    ),
    "kind": (  # the finest category
        *("articletype", "producttype", "producttypename", "itemtype", "kind", "category", "type"),
        *("productcategory", "subcategory", "categoryname", "produkttyp", "typ", "tipo", "class"),
        *("kategorie", "categorie", "categoria", "kategoria", "mastercategory"),
    ),
    "color": (
        *("basecolour", "basecolor", "color", "colour", "colourgroupname", "colorname", "colourname"),
        *("farbe", "couleur", "coloris", "colore", "cor", "kleur", "farg", "farve", "kolor", "barva"),
        *("цвет", "颜色", "色", "カラー", "perceivedcolourmastername", "primarycolor", "maincolor"),
        *("dominantcolor", "colors", "colours"),
    ),
    "price": (
        *("price", "saleprice", "sellingprice", "unitprice", "finalprice", "currentprice", "cost"),
        *("listprice", "retailprice", "amount", "preis", "prix", "precio", "prezzo", "preco", "prijs"),
        *("pris", "cena", "цена", "价格", "価格", "mrp", "rrp", "uvp", "pvp", "verkaufspreis"),
        *("discountedprice", "originalprice", "regularprice", "variantprice", "priceamount"),
    ),
    "gender": (
        *("gender", "sex", "geschlecht", "genre", "sexe", "genero", "genere", "geslacht", "kon"),
        *("targetgender", "audience", "indexgroupname", "пол", "性别", "性別", "kjonn", "plec"),
    ),
    "season": (
        *("season", "saison", "temporada", "stagione", "seizoen", "sasong", "сезон", "季节"),
        *("seasonname",),
    ),
    "usage": (
        *("usage", "occasion", "style", "stil", "anlass", "uso", "ocasion", "occasione", "stilrichtung"),
        *("stylename", "use", "look", "стиль", "graphicalappearancename"),
    ),
    "year": (
        *("year", "jahr", "annee", "ano", "anno", "jaar", "ar", "год", "年", "modelyear"),
        *("releaseyear",),
    ),
    "image": (
        *("image", "imagepath", "imageurl", "imagefile", "imagefilename", "img", "imgurl", "imgpath"),
        *("picture", "pictureurl", "pictures", "photo", "photourl", "photos", "images", "imageurls"),
        *("imagelink", "link", "filename", "file", "filepath", "path", "bild", "bildurl", "bilddatei"),
        *("foto", "fotos", "imagen", "immagine", "imagem", "afbeelding", "obrazek", "zdjecie", "cover"),
        *("картинка", "фото", "изображение", "图片", "画像", "thumbnail", "mainimage", "mainimageid"),
        *("primaryimage", "imagesrc", "variantimage", "primaryimageurl", "url"),
    ),
}  # fmt: skip
_MARKS = re.compile(r"[\W_]+")
_BEHIND = re.compile(r"[a-z]{1,3}|\d{1,2}|brutto|netto|incl|excl")  # name_en, Prix TTC (€), image 1
_OTHERS = frozenset(
    ("id", "no", "nr", "num", "hex", "rgb", "url", "alt", "qty", "key", "per", "off")
)


def folded(name: str) -> str:
    """A column's name without letter case, accents and what stands between its words."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _MARKS.sub("", plain.replace("ß", "ss").casefold())


_RANK = {
    role: {folded(name): rank for rank, name in enumerate(names)} for role, names in NAMES.items()
}


def rank(role: str, name: str) -> float | None:
    """How sure a name is of a role, 0 for the surest; None for a name of another."""
    ranks, plain = _RANK[role], folded(name)
    if plain in ranks:
        return float(ranks[plain])
    ends = [r for word, r in ranks.items() if len(word) > 4 and plain.endswith(word)]
    if ends:
        return 1000.0 + min(ends)
    short = _without_end(name)
    return 2000.0 + ranks[short] if short in ranks else None


def _without_end(name: str) -> str | None:
    """A name without the language, currency or number behind it; None where nothing such is there."""
    parts = [folded(part) for part in re.sub(r"(?<=\D)(\d{1,2})$", r" \1", name).split()]
    words = [word for part in _MARKS.split(name) if (word := folded(part))]
    if len(words) < 2:
        words = [part for part in parts if part]
    count = len(words)
    while count > 1 and _BEHIND.fullmatch(words[count - 1]) and words[count - 1] not in _OTHERS:
        count -= 1
    return "".join(words[:count]) if count < len(words) else None


def usual(role: str, names: Iterable[str], taken: Collection[str] = ()) -> str | None:
    """The column that most likely has a role, by its name alone; None for none."""
    ranked = [
        (found, name)
        for name in names
        if name not in taken and (found := rank(role, name)) is not None
    ]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None
