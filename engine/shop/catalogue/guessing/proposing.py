"""A proposal for whatever file somebody has. Knows sources; not tables."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import BadSourceFile
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.files import CATEGORY
from engine.shop.catalogue.guessing.guess import SAMPLE, Guess, Guesser
from engine.shop.catalogue.guessing.proposal import Proposal, Role
from engine.shop.catalogue.importing.naming import Naming, is_pattern
from engine.shop.catalogue.sources.opening import Reading, open_keyed
from engine.shop.catalogue.sources.source import Source, SourceRow

_ORDER = ("id", "title", "image", CATEGORY, "color", "price", "gender", "season", "usage", "year")


def propose(
    products: str | Path,
    images: str | Path | None,
    reading: Reading,
    given: Mapping[str, Sequence[str]] | None = None,
) -> Proposal:
    """What the columns of a source may mean.

    Args:
        given: role -> columns that somebody has said; the others are guessed.

    Raises:
        BadSourceFile: nothing there that can be read, or a column that is given and missing.
    """
    said = {role: list(columns) for role, columns in (given or {}).items() if columns}
    source = open_keyed(products, reading, next(iter(said.get("id", ())), None))
    naming = Naming.of(source.names, None, str(products))
    columns = {
        role: [one if _is_free(role, one) else naming.source(one, role) for one in ones]
        for role, ones in said.items()
    }
    rows = _good_rows(source, str(products))
    guesser = Guesser(source.names, rows, columns)
    guesses = sorted(guesser.guesses(), key=lambda one: _ORDER.index(one.role))
    roles = tuple(_shown(one, guesser) for one in guesses)
    used = {one.column for one in guesses}
    proposal = Proposal(
        None,
        roles,
        tuple(name for name in source.names if name not in used),
        str(products),
        None if images is None else str(images),
        source.how,
        len(rows),
    )
    if proposal.lacking:
        return proposal
    return replace(proposal, catalogue=Catalogue.from_roles(proposal.words))


def _good_rows(source: Source, place: str) -> list[Mapping[str, Any]]:
    """The rows that are looked at. Raises BadSourceFile: not one can be read, and why."""
    rows: list[Mapping[str, Any]] = []
    first: SourceRow | None = None
    for row in itertools.islice(source.rows(), SAMPLE):
        if row.trouble is None:
            rows.append(row.values)
        else:
            first = first or row
    if rows:
        return rows
    why = f"The first, in {source.unit} {first.line}: {first.trouble}. " if first else ""
    how = f" ({'; '.join(source.how)})" if source.how else ""
    raise BadSourceFile(
        f"no row of it can be read{how}. {why}Expected a header and rows below it; --separator and "
        f"--encoding say how a CSV file is written. Its columns: {', '.join(source.names)[:300]}.",
        file=place,
    )


def _is_free(role: str, given: str) -> bool:
    """Whether it needs no column: a pattern of paths."""
    return role == "image" and is_pattern(given)


def _shown(guess: Guess, guesser: Guesser) -> Role:
    looks = guesser.looks.get(guess.column)
    examples = () if looks is None else tuple(looks.examples())
    return Role(guess.role, guess.column, examples, guess.why)
