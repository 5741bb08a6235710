"""A search as calls by curl: of the mirrored API where it can say it, else of `/api/v1`.

Knows routes; not how a search is answered.
"""

from __future__ import annotations

from typing import Any

from engine.shop.as_code.search.asked import SaidTerm, SearchAsked
from engine.shop.as_code.snippets import CantSay, Snippet
from engine.shop.as_code.writing import curl_lines
from engine.shop.as_code.writing.curl_lines import ALL_COLUMNS, part
from engine.shop.as_code.writing.quoting import json_text, shell_word
from engine.shop.browsing.listing import MAX_LIMIT
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, TEXT_INDEX

BY_INDEX = {IMAGE_INDEX: "image", TEXT_INDEX: "text", HYBRID_INDEX: "hybrid"}
_QUERY = "/api/2.0/vector-search/indexes/{index}/query"
_VECTOR = "VECTOR=$({call} |\n  sed 's/.*\\[\\[/[/; s/]].*/]/')\n"


def curl_search(asked: SearchAsked) -> Snippet:
    """The snippet: one call, or one for the vector and one that searches."""
    mirrored = _mirrored(asked)
    if mirrored is not None:
        return mirrored
    return _own(asked)


# ------------------------------------------------------------------ the mirrored API
def _mirrored(asked: SearchAsked) -> Snippet | None:
    """By the API of the cloud; None where that would answer other rows."""
    if asked.offset or asked.num_results > asked.end or asked.num_results > 1000:
        return None
    path = _QUERY.format(index=asked.index)
    body = _body(asked)
    vector = asked.parts.request.vector
    if vector is not None:
        body["query_vector"] = [float(each) for each in vector]
    if not asked.needs_vector or vector is not None:
        return Snippet("curl", curl_lines.post(path, body))
    only = asked.only
    if only is None or only.term.kind not in ("text", "image") or not asked.is_there:
        return None
    if only.term.kind == "image" and asked.parts.is_usual:
        return None  # a form with the photo says it in one call
    made = _VECTOR.format(call=_encoded(asked, only).rstrip("\n"))
    head, tail = json_text({"query_vector": None, **body}).split("null", 1)
    sent = f'{shell_word(head)}"$VECTOR"{shell_word(tail)}'
    call = curl_lines.post(path, {}).replace("--data-raw '{}'", f"--data-raw {sent}")
    return Snippet("curl", made + call, "rows", _photo_notes(asked))


def _body(asked: SearchAsked) -> dict[str, Any]:
    body: dict[str, Any] = {"columns": asked.columns, "num_results": asked.num_results}
    if asked.query_text is not None:
        body["query_text"] = asked.query_text
    if asked.parts.kind != "ANN":
        body["query_type"] = asked.parts.kind
    if isinstance(asked.filters, str):
        body["filter_string"] = asked.filters
    elif asked.filters is not None:
        body["filters_json"] = json_text(asked.filters)
    if asked.facets:
        body["facets"] = list(asked.facets)
    return body


def _encoded(asked: SearchAsked, said: SaidTerm) -> str:
    """The call that makes a vector of a text or a photo."""
    path = f"/serving-endpoints/{part(asked.endpoint)}/invocations"
    if said.photo is None:
        return curl_lines.post(path, {"dataframe_records": [{"text": said.term.value}]})
    head, tail = '{"dataframe_records": [{"image": "', '"}]}'
    pieces = [curl_lines.printed(head), curl_lines.photo_base64(said.photo)]
    return curl_lines.post_pieces(path, [*pieces, curl_lines.printed(tail)])


# ------------------------------------------------------------------ the shop's API
def _own(asked: SearchAsked) -> Snippet:
    request = asked.parts.request
    kind = asked.parts.kind
    if kind != "ANN" and asked.offset:
        raise CantSay(f"The API's {kind} queries have no offset: ask for more, and leave some out.")
    if request.exact and asked.num_results > asked.end:
        raise CantSay("Neither API can be asked to score every row; Python and SQL show how to.")
    if request.encoder is not None or kind != "ANN" or request.vector is not None:
        raise CantSay(
            "/api/v1 takes no vector, no query type and no model; the mirrored API no offset and no "
            "weights. Python and SQL say it."
        )
    if request.k > MAX_LIMIT:
        raise CantSay(f"/api/v1 gives at most {MAX_LIMIT} rows a call; ask for pages by offset.")
    notes = (ALL_COLUMNS, *_photo_notes(asked))
    return Snippet("curl", _call(asked), "rows", notes)


def _call(asked: SearchAsked) -> str:
    request, only = asked.parts.request, asked.only
    kinds = [each.term.kind for each in asked.terms]
    if only is not None and only.term.kind == "product" and asked.index in BY_INDEX:
        path = f"/api/v1/products/{part(only.key)}/similar"
        if not asked.facets:
            return curl_lines.get(path, [("by", BY_INDEX[asked.index]), *_fields(asked)])
    if asked.parts.is_usual and only is not None and only.term.kind == "text":
        return curl_lines.post("/api/v1/search/text", {"query": only.term.value, **_json(asked)})
    if asked.parts.is_usual and only is not None and only.photo is not None:
        return curl_lines.upload("/api/v1/search/image", only.photo, _fields(asked))
    if asked.index == HYBRID_INDEX and request.is_blend and kinds == ["text", "image"]:
        text, image = asked.terms
        assert image.photo is not None
        own = [("query", text.term.value), ("text_weight", text.term.weight)]
        return curl_lines.upload("/api/v1/search/hybrid", image.photo, [*own, *_fields(asked)])
    return _composed(asked)


def _fields(asked: SearchAsked) -> list[tuple[str, object]]:
    """What a form or an address says beside the query."""
    request = asked.parts.request
    fields: list[tuple[str, object]] = [("limit", request.k)]
    if request.offset:
        fields.append(("offset", request.offset))
    if request.filters:
        given = request.filters
        fields.append(("filters", given if isinstance(given, str) else json_text(given)))
    return [*fields, *(("facets", each) for each in asked.facets)]


def _json(asked: SearchAsked) -> dict[str, Any]:
    """The same, as fields of JSON."""
    request = asked.parts.request
    body: dict[str, Any] = {"limit": request.k}
    if request.offset:
        body["offset"] = request.offset
    if request.filters:
        body["filters"] = request.filters
    if asked.facets:
        body["facets"] = list(asked.facets)
    return body


def _composed(asked: SearchAsked) -> str:
    """A POST of terms; photos go in as base64, where a mark stands."""
    marks = {id(each): f"@photo-{n}@" for n, each in enumerate(asked.terms) if each.photo}
    terms = [_term(each, marks.get(id(each))) for each in asked.terms]
    body: dict[str, Any] = {"terms": terms, **_json(asked)}
    if not asked.parts.is_usual:
        body["index"] = asked.index
    path = "/api/v1/search/composed"
    if not marks:
        return curl_lines.post(path, body)
    pieces, rest = [], json_text(body)
    for each in asked.terms:
        if each.photo is not None:
            before, rest = rest.split(f'"{marks[id(each)]}"', 1)
            pieces += [curl_lines.printed(before + '"'), curl_lines.photo_base64(each.photo)]
            rest = '"' + rest
    return curl_lines.post_pieces(path, [*pieces, curl_lines.printed(rest)])


def _term(said: SaidTerm, mark: str | None) -> dict[str, Any]:
    value = said.key if said.key is not None else said.term.value
    return {said.term.kind: value if mark is None else mark, "weight": said.term.weight}


def _photo_notes(asked: SearchAsked) -> tuple[str, ...]:
    return tuple(note for each in asked.terms if each.photo for note in each.photo.notes)
