"""The `vitrine` command as a line of a shell. Knows words; not what is asked."""

from __future__ import annotations

from collections.abc import Sequence

from engine.shop.as_code.writing.quoting import json_text, shell_option, shell_word

ROUNDED = "The table rounds scores to four digits and cuts long texts; --json prints them whole."


def command(
    name: str, options: Sequence[str], workspace: str, arguments: Sequence[str] = ()
) -> str:
    """A command: its options, the workspace, then arguments, of which one may begin with `-`."""
    words = ["vitrine", name, *options, shell_option("-w", workspace)]
    if any(each.startswith("-") for each in arguments):
        words.append("--")
    return " ".join([*words, *map(shell_word, arguments)]) + "\n"


def filter_option(
    filters: object, as_json: str = "--filter", as_text: str = "--filter"
) -> list[str]:
    """The option of a filter, in the form in which it was asked; none for no filter."""
    if not filters:
        return []
    if isinstance(filters, str):
        return [shell_option(as_text, filters)]
    return [shell_option(as_json, json_text(filters))]
