"""Which catalogue a command means: said by options or a file, or guessed, shown and agreed to."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.catalogue.options import given_of
from engine.doors.cli.printing import say

if TYPE_CHECKING:
    from engine.shop.catalogue.catalogue import Catalogue
    from engine.workspace import Workspace

NOT_AGREED = 3  # exit status: a catalogue was guessed, and nobody said yes to it


def chosen_catalogue(
    workspace: Workspace,
    products: Path,
    images: Path | None,
    words: dict[str, Any],
    options: dict[str, Any],
    encoding: str | None,
) -> Catalogue | None:
    """What the columns mean; None for the fashion layout, which says it itself.

    A guess is shown, and taken with --yes or a yes at a terminal; else the command ends with status 3.
    """
    from engine.shop.catalogue.catalogue import Catalogue
    from engine.shop.products.layout import has_fashion_layout

    file, agreed = options.pop("file"), options.pop("yes")
    if file is not None:
        return _with(Catalogue.from_file(file), words)
    if not given_of(words) and images is not None and has_fashion_layout(products, encoding):
        return _with(Catalogue.from_file("fashion"), words) if words else None
    if {"id", "title"} <= set(words):
        return Catalogue.from_roles(words)
    found = workspace.propose_catalogue(
        products,
        images,
        given=given_of(words),
        encoding=encoding,
        separator=options.get("separator"),
    )
    say(str(found))
    if found.catalogue is None:
        needed = " and ".join(f"--{role} COLUMN" for role in found.lacking)
        raise click.UsageError(
            f"no column seems to be the {', the '.join(found.lacking)}. Say {needed}."
        )
    if not agreed:
        _ask()
    return _with(found.catalogue, words)


def _with(catalogue: Catalogue, words: dict[str, Any]) -> Catalogue:
    """A catalogue, with what options say beside it."""
    from engine.shop.catalogue.files import changed_fields

    return replace(catalogue, **changed_fields(words))


def _ask() -> None:
    if (
        sys.stdin is not None
        and sys.stdin.isatty()
        and click.confirm("\nBuild with this catalogue?", err=True)
    ):
        return
    say(
        "\nnothing was built: the catalogue is a guess. --yes takes it as it is; the command above says "
        "it, to be corrected.",
        err=True,
    )
    click.get_current_context().exit(NOT_AGREED)
