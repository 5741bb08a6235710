"""The options that say what a catalogue's columns mean, and how it is read. Knows click; not files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from engine.doors.cli.options import FILE, Command
from engine.shop.catalogue.files import CATEGORY, ROLES

_COLUMN = "COLUMN"
_ROLE_HELP = {
    "id": "Tells products apart.",
    "title": "What a product is called.",
    "color": "Its colour.",
    "price": "A number, or as people write it: 1.234,50 €.",
    "gender": "Whom it is for.",
    "season": "Its season.",
    "usage": "Its style or occasion.",
    "year": "Its year.",
}
_WORDS = ("image", "currency", "text", "language")  # words of a catalogue file that are options too


def catalogue_options(command: Command) -> Command:
    """The options of a command that takes any catalogue; `words_of` and `reading_of` read them."""
    for option in reversed([*_meaning(), *_reading()]):
        command = option(command)
    return command


def _meaning() -> list[Any]:
    roles = [
        click.option(f"--{role}", f"role_{role}", metavar=_COLUMN, help=_ROLE_HELP[role])
        for role in ROLES
    ]
    return [
        click.option("--catalogue", "file", metavar="FILE.toml", help="A file that says all this."),
        *roles[:2],
        click.option(
            "--image",
            metavar="COLUMN|PATTERN",
            help="Paths, links or bytes of pictures, or a pattern such as 'photos/{id}/*.jpg'.",
        ),
        click.option(
            "--category", multiple=True, metavar=_COLUMN, help="Several times, the coarsest first."
        ),
        *roles[2:],
        click.option("--currency", metavar="SIGN", help="Shown before prices."),
        click.option("--text", metavar="TEMPLATE", help="Such as '{title} in {colour}'."),
        click.option("--language", metavar="CODE", help="Of texts in several, such as de."),
        click.option("--yes", is_flag=True, help="Take a guessed catalogue as it is."),
    ]


def _reading() -> list[Any]:
    return [
        click.option("--separator", metavar="SIGN", help="Of a CSV file.  [default: sniffed]"),
        click.option(
            "--image-list", type=FILE, metavar="FILE", help="A table from ids of pictures to paths."
        ),
        click.option("--fetch", is_flag=True, help="Fetch pictures behind links, each once."),
        click.option("--fetch-megabytes", type=float, default=20.0, show_default=True, metavar="N"),
        click.option("--fetch-seconds", type=float, default=30.0, show_default=True, metavar="N"),
        click.option(
            "--fetch-at-once",
            type=click.IntRange(1, 64),
            default=8,
            show_default=True,
            metavar="N",
            help="Pictures fetched at a time.",
        ),
        click.option(
            "--allow-private", is_flag=True, help="Fetch also from this machine's own network."
        ),
        click.option(
            "--text-index",
            type=click.Choice(["with-photo", "all"]),
            default="with-photo",
            show_default=True,
            help="all: products without a photo are found by their text.",
        ),
        click.option("--replace", is_flag=True, help="Replace products of another catalogue."),
    ]


def words_of(options: dict[str, Any]) -> dict[str, Any]:
    """The words of a catalogue file that the options say; takes them out of the options."""
    words = {role: options.pop(f"role_{role}") for role in ROLES}
    words |= {word: options.pop(word) for word in _WORDS}
    words[CATEGORY] = list(options.pop("category")) or None
    return {word: value for word, value in words.items() if value is not None}


def reading_of(options: dict[str, Any]) -> dict[str, Any]:
    """The other options as `Workspace.build` takes them."""
    from engine.shop.catalogue.pictures.limits import FetchLimits

    limits = FetchLimits(
        megabytes=options.pop("fetch_megabytes"),
        seconds=options.pop("fetch_seconds"),
        at_once=options.pop("fetch_at_once"),
        allow_private=options.pop("allow_private"),
    )
    return {
        "fetch": limits if options.pop("fetch") else False,
        "separator": _sign(options.pop("separator")),
        "image_list": options.pop("image_list"),
        "text_index": options.pop("text_index").replace("-", "_"),
        "replace": options.pop("replace"),
    }


def given_of(words: dict[str, Any]) -> dict[str, Sequence[str]]:
    """The roles among the words, each with its columns."""
    roles = (*ROLES, CATEGORY, "image")
    return {
        role: words[role] if isinstance(words[role], list) else [words[role]]
        for role in roles
        if role in words
    }


def _sign(text: str | None) -> str | None:
    return {"\\t": "\t", "tab": "\t"}.get(text or "", text)
