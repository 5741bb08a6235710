"""A search as Python for the cloud's clients. Knows their calls; not how a search is answered."""

from __future__ import annotations

from engine.shop.as_code.search.asked import SaidTerm, SearchAsked
from engine.shop.as_code.snippets import Snippet
from engine.shop.as_code.writing.python_lines import (
    CLIENT,
    ENDPOINT_CLASSES,
    INDEX,
    OLDER,
    PARAMETER,
    SDK,
    USER_VECTOR,
)
from engine.shop.as_code.writing.quoting import numbers, python_text, python_value, weight_text
from engine.shop.names import USER_FEATURES

_FLOATS = "Integers come as floats, as the service sends them."


def python_search(asked: SearchAsked) -> Snippet:
    """The snippet: the vector, the call, the rows."""
    lines = _imports(asked)
    lines += ["", *_vector(asked)] if asked.needs_vector else ["", INDEX.format(index=asked.index)]
    lines += _call(asked)
    notes = [OLDER, _FLOATS, *_notes(asked)]
    return Snippet("python", "\n".join(lines) + "\n", "rows", tuple(notes))


def _notes(asked: SearchAsked) -> list[str]:
    notes = [note for each in asked.terms if each.photo for note in each.photo.notes]
    notes += asked.doubts
    if isinstance(asked.filters, str) and asked.parts.spec.endpoint_type == "STANDARD":
        notes.append("The cloud takes filters as text on storage-optimized endpoints only.")
    return notes


def _kinds(asked: SearchAsked) -> set[str]:
    return {each.term.kind for each in asked.terms} if asked.needs_vector else set()


def _needs_sdk(asked: SearchAsked) -> bool:
    return bool(_kinds(asked) & {"text", "image", "user"})


def _imports(asked: SearchAsked) -> list[str]:
    """The modules of the standard library, then the others, as a formatter has them."""
    kinds = _kinds(asked)
    composed = asked.needs_vector and asked.parts.request.vector is None and asked.only is None
    own = [
        line
        for line, needed in (
            ("import base64", "image" in kinds),
            ("import json", "user" in kinds),
            (
                "from pathlib import Path",
                any(p.photo and not p.photo.in_volume for p in asked.terms),
            ),
        )
        if needed and asked.needs_vector
    ]
    others = [CLIENT]
    if _needs_sdk(asked):
        others.append(SDK)
        if not asked.is_there:
            others.append(ENDPOINT_CLASSES)
        if "user" in kinds:
            others.append(PARAMETER)
    numpy = ["import numpy as np"] if composed else []
    return [*own, *([""] if own else []), *numpy, *others]


# ------------------------------------------------------------------ the vector
def _vector(asked: SearchAsked) -> list[str]:
    request = asked.parts.request
    lines = ["w = WorkspaceClient()  # reads DATABRICKS_HOST and DATABRICKS_TOKEN"] * _needs_sdk(
        asked
    )
    lines += [INDEX.format(index=asked.index), ""]
    if request.vector is not None:
        return [*lines, "query_vector = [", numbers(list(request.vector)), "]"]
    lines += _endpoint(asked) + _helpers(asked)
    only = asked.only
    if only is not None:
        return [*lines, f"query_vector = {_call_of(asked, only)}"]
    lines.append("terms = [")
    for each in asked.terms:
        lines.append(f"    ({weight_text(each.term.weight)}, {_call_of(asked, each)}),")
    return [
        *lines,
        "]",
        "total = sum(weight * np.array(vector) for weight, vector in terms)",
        "query_vector = (total / np.linalg.norm(total)).tolist()",
    ]


def _endpoint(asked: SearchAsked) -> list[str]:
    """The endpoint of the index's model, made where there is none."""
    if asked.is_there or not _kinds(asked) & {"text", "image"}:
        return []
    encoder = asked.parts.encoder
    entity = f"ServedEntityInput(entity_name={python_text(encoder.name if encoder else '')})"
    return [
        f"name = {python_text(str(asked.endpoint))}  # of an endpoint with the model of this index",
        "if name not in [each.name for each in w.serving_endpoints.list()]:",
        f"    entity = {entity}",
        "    w.serving_endpoints.create_and_wait(",
        "        name, config=EndpointCoreConfigInput(name=name, served_entities=[entity])",
        "    )",
        "",
    ]


def _helpers(asked: SearchAsked) -> list[str]:
    """A function for each kind of term, as far as there are such terms."""
    kinds, name = _kinds(asked), python_text(asked.endpoint or "")
    lines: list[str] = []
    if kinds & {"text", "image"}:
        lines += [
            "",
            "def encoded(record):",
            f"    reply = w.serving_endpoints.query({name}, dataframe_records=[record])",
            "    return reply.predictions[0]",
            "",
        ]
    if "product" in kinds and asked.stores_vectors:
        lines += ["", *_product_helper(asked), ""]
    if "user" in kinds:
        lines += ["", *USER_VECTOR.format(table=USER_FEATURES).split("\n"), ""]
    return [*lines, ""] if lines else []


def _product_helper(asked: SearchAsked) -> list[str]:
    """The stored vector of a product: any vector finds what only one row matches."""
    spec = asked.parts.spec
    scaled = "vector" if asked.only else "(np.array(vector) / np.linalg.norm(vector)).tolist()"
    return [
        "def stored(key):",
        "    found = index.similarity_search(",
        f"        query_vector=[1.0] + [0.0] * {spec.dimension - 1},  # any: one row matches",
        f"        columns=[{python_text(spec.vector_column)}],",
        f"        filters={{{python_text(spec.primary_key)}: key}},",
        "        num_results=1,",
        "        disable_notice=True,",
        "    )",
        '    vector = found["result"]["data_array"][0][0]',
        f"    return {scaled}",
    ]


def _call_of(asked: SearchAsked, said: SaidTerm) -> str:
    term = said.term
    if term.kind == "text":
        return f'encoded({{"text": {python_text(term.value)}}})'
    if said.photo is not None:
        path = python_text(said.photo.path)
        read = f"Path({path}).read_bytes()"
        if said.photo.in_volume:
            read = f"w.files.download({path}).contents.read()"
        return f'encoded({{"image": base64.b64encode({read}).decode()}})'
    if term.kind == "product" and asked.stores_vectors:
        return f"stored({python_value(said.key)})"
    if term.kind == "user":
        return f"of_user({python_text(term.value)})"
    what = f"# {term.kind} {python_text(str(term.value))}"
    return f"[  {what}\n{numbers(asked.vector(said), 8)}\n    ]"


# ------------------------------------------------------------------ the call
def _call(asked: SearchAsked) -> list[str]:
    lines = ["found = index.similarity_search("]
    if asked.needs_vector:
        lines.append("    query_vector=query_vector,")
    if asked.query_text is not None:
        lines.append(f"    query_text={python_text(asked.query_text)},")
    if asked.parts.kind != "ANN":
        lines.append(f"    query_type={python_text(asked.parts.kind)},")
    lines.append(f"    columns={python_value(asked.columns, 4)},")
    if asked.filters is not None:
        lines.append(f"    filters={python_value(asked.filters, 4)},")
    if asked.facets:
        lines.append(f"    facets={python_value(list(asked.facets), 4)},")
    lines += [f"    num_results={asked.num_results},{_why(asked)}", "    disable_notice=True,", ")"]
    cut = ""
    if asked.num_results > asked.end or asked.offset:
        cut = f"[{asked.offset or ''}:{asked.end}]"
    lines += [f'rows = found["result"].get("data_array", []){cut}  # the score comes last']
    lines += ["for row in rows:", "    print(*row)"]
    if asked.facets:
        lines += [
            'for column, value, count in found["facet_result"]["facet_array"]:',
            "    print(column, value, count)",
        ]
    return lines


def _why(asked: SearchAsked) -> str:
    """Why more are asked for than are shown."""
    if asked.must_be_exact and asked.num_results == asked.exact_at > asked.end:
        return "  # so many that every row is scored, not a shortlist"
    if asked.num_results > asked.end:
        return "  # facets count so many"
    return ""
