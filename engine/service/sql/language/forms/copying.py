"""COPY INTO: which files go into which table, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot.tokens import Token, TokenType

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.forms.words import Name, Word, Words

COPIED = "vitrine_copied_files"  # what the query of a COPY INTO reads in the place of the path
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CopyInto:
    """`COPY INTO table FROM path | (SELECT ... FROM path) FILEFORMAT = format ...`.

    Attributes:
        columns: the table's, that those of the files are for by their places; empty for none.
        by_position: the same of all columns of the table.
        query: over `COPIED`; None for all columns of the files.
        validate: how many rows are shown and none written; None for a COPY that writes.
        files: paths below the path; empty for all. pattern: which of them; None for all.
    """

    table: Name
    path: str
    format: str
    columns: tuple[str, ...] = ()
    by_position: bool = False
    query: str | None = None
    validate: int | None = None
    files: tuple[str, ...] = ()
    pattern: str | None = None
    format_options: Options = ()
    copy_options: Options = ()


PREVIEW = 50  # rows that VALIDATE shows at most


def copy_into(tokens: Sequence[Token], words: Sequence[Word], text: str) -> CopyInto:
    """Read a statement that begins by COPY.

    Args:
        tokens: of the text. words: the same, as `Words` reads them.

    Raises:
        BadStatement: it goes on otherwise. NotSupported: credentials, which files of volumes need not.
    """
    start = next((n for n, one in enumerate(words) if one.is_word("FROM")), len(words))
    query, kept = None, list(words)
    if start + 1 < len(words) and words[start + 1].is_word("("):
        end = _closing(words, start + 1)
        query, path = _query(tokens[start + 2 : end], text)
        kept = [*words[: start + 1], Word(path, "text"), *words[end + 1 :]]
    return _read(Words(kept), query)


def _closing(words: Sequence[Word], opened: int) -> int:
    depth = 0
    for place in range(opened, len(words)):
        depth += words[place].is_word("(") - words[place].is_word(")")
        if not depth:
            return place
    raise BadStatement("[PARSE_SYNTAX_ERROR] COPY INTO: a parenthesis behind FROM is not closed.")


def _query(tokens: Sequence[Token], text: str) -> tuple[str, str]:
    """A query that reads `COPIED` in the place of its path, and the path."""
    for place in range(1, len(tokens)):
        one = tokens[place]
        if one.token_type == TokenType.STRING and tokens[place - 1].text.upper() == "FROM":
            before, behind = tokens[0].start, tokens[-1].end + 1
            said = f"{text[before : one.start]}{COPIED}{text[one.end + 1 : behind]}"
            return said, one.text
    raise BadStatement("[PARSE_SYNTAX_ERROR] COPY INTO ... FROM (SELECT ... FROM 'path'): no path.")


def _read(words: Words, query: str | None) -> CopyInto:
    words.expect("COPY")
    words.expect("INTO")
    table = words.name("the name of a table")
    by_position = words.take("BY", "POSITION")
    columns = _listed(words, lambda: words.identifier("a column")) if words.comes("(") else ()
    words.expect("FROM")
    path = words.text()
    if words.comes("WITH"):
        raise NotSupported(
            "COPY INTO ... WITH (CREDENTIAL ...) is not supported: volumes need none."
        )
    words.expect("FILEFORMAT")
    words.expect("=")
    kind = words.text() if words.text_comes() else words.identifier("a format")
    validate, pattern = None, None
    files: tuple[str, ...] = ()
    options: dict[str, Options] = {"FORMAT_OPTIONS": (), "COPY_OPTIONS": ()}
    while not words.is_over():
        if words.take("VALIDATE"):
            validate = _validated(words)
        elif words.take("FILES"):
            words.expect("=")
            files = _listed(words, words.text)
        elif words.take("PATTERN"):
            words.expect("=")
            pattern = words.text()
        else:
            name = "COPY_OPTIONS" if words.take("COPY_OPTIONS") else "FORMAT_OPTIONS"
            if name == "FORMAT_OPTIONS":
                words.expect(name)
            options[name] = _options(words)
    if files and pattern is not None:
        raise BadStatement("[PARSE_SYNTAX_ERROR] COPY INTO takes FILES or PATTERN, not both.")
    formats, copies = options["FORMAT_OPTIONS"], options["COPY_OPTIONS"]
    return CopyInto(
        table, path, kind, columns, by_position, query, validate, files, pattern, formats, copies
    )


def _listed(words: Words, one: Callable[[], str]) -> tuple[str, ...]:
    words.expect("(")
    found = [one()]
    while words.take(","):
        found.append(one())
    words.expect(")")
    return tuple(found)


def _validated(words: Words) -> int:
    if words.take("ALL") or words.is_over() or words.comes("FILES") or words.comes("PATTERN"):
        return PREVIEW
    if words.comes("FORMAT_OPTIONS") or words.comes("COPY_OPTIONS"):
        return PREVIEW
    count = words.whole_number("a number of rows")
    words.expect("ROWS")
    return min(count, PREVIEW)


def _options(words: Words) -> Options:
    words.expect("(")
    found: list[tuple[str, str]] = []
    while not found or words.take(","):
        key = words.key()
        words.expect("=")
        found.append((key, words.value()))
    words.expect(")")
    return tuple(found)
