"""A search as a `vitrine` command. Knows its options; not how a search is answered."""

from __future__ import annotations

from engine.shop.as_code.search.asked import SaidTerm, SearchAsked
from engine.shop.as_code.snippets import CantSay, Snippet
from engine.shop.as_code.writing.command_line import ROUNDED, command, filter_option
from engine.shop.as_code.writing.quoting import numbers, shell_option, shell_word, weight_text

_KINDS = ("text", "product", "user", "image")


def command_search(asked: SearchAsked) -> Snippet:
    """The snippet: one command."""
    request = asked.parts.request
    notes = [note for each in asked.terms if each.photo for note in each.photo.notes]
    if request.vector is not None:
        return _by_vector(asked)
    options, text = [], request.text if request.compose is None else None
    if request.compose is not None:
        options += [_part(each) for each in asked.terms]
    else:
        options += _first(asked)
    options += _others(asked)
    code = command("search", options, asked.workspace, [text] if text else [])
    return Snippet("vitrine", code, "rows", (ROUNDED, *notes))


def _first(asked: SearchAsked) -> list[str]:
    request, options = asked.parts.request, []
    for each in asked.terms:
        if each.photo is not None:
            options.append(shell_option("--image", each.photo.path))
        elif each.key is not None:
            options.append(shell_option("--like", each.key))
    if request.text_weight is not None:
        options.append(shell_option("--text-weight", weight_text(request.text_weight)))
    return options


def _others(asked: SearchAsked) -> list[str]:
    request = asked.parts.request
    options = [f"-k {request.k}"]
    if request.offset:
        options.append(f"--offset {request.offset}")
    if not asked.parts.is_usual:
        options.append(shell_option("--index", asked.index))
    if asked.parts.kind != "ANN":
        options.append(f"--type {asked.parts.kind.lower()}")
    options += filter_option(request.filters)
    options += [shell_option("--facet", each) for each in asked.facets]
    if request.columns is not None:
        if any("," in name or name != name.strip() for name in request.columns):
            raise CantSay("The command's --columns can't name a column with a comma or a blank.")
        options.append(shell_option("--columns", ",".join(request.columns)))
    if request.encoder is not None:
        options.append(shell_option("--encoder", request.encoder))
    return [*options, *["--exact"] * request.exact]


def _part(said: SaidTerm) -> str:
    """A term with its weight; the kind stands before it, but for a text that begins as no kind."""
    term = said.term
    size = weight_text(abs(term.weight))
    if term.kind == "direction":
        return shell_option("--less" if term.weight < 0 else "--more", f"{term.value}:{size}")
    value = str(said.key if said.key is not None else term.value)
    if said.photo is not None:
        value = said.photo.path
    if term.kind != "text" or value.partition(":")[0] in _KINDS:
        value = f"{term.kind}:{value}"
    return shell_option("--minus" if term.weight < 0 else "--plus", f"{value}:{size}")


def _by_vector(asked: SearchAsked) -> Snippet:
    """`index query`, which takes the numbers themselves."""
    request = asked.parts.request
    if asked.offset or request.exact or asked.facets:
        raise CantSay(
            "The command takes a vector of numbers without an offset, facets or exactness; Python and "
            "SQL say it."
        )
    vector = "[" + " ".join(numbers(list(request.vector or ()), 0).split()) + "]"
    options = [f"--num-results {request.k}", shell_option("--columns", ",".join(asked.columns))]
    options += filter_option(request.filters, "--filters-json", "--filter-string")
    if asked.parts.kind != "ANN":
        options.append(f"--query-type {asked.parts.kind}")
    if asked.query_text is not None:
        options.append(shell_option("--query-text", asked.query_text))
    options.append(f"--query-vector {shell_word(vector)}")
    code = command("index query", options, asked.workspace, [asked.index])
    return Snippet("vitrine", code, "rows", (ROUNDED,))
