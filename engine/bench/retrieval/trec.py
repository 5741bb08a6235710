"""Runs and judgements as TREC's files have them, written and read.

A run: `QUERY Q0 DOCUMENT RANK SCORE TAG` a line; judgements (qrels): `QUERY 0 DOCUMENT GRADE`. Columns
are separated by blanks or tabs, lines end in LF or CRLF, a file may be packed by gzip and begin with a
byte order mark. As trec_eval does, ranks are not read: the score says the order.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import numpy as np

from engine.bench.retrieval.ranking import Ranked, Scores
from engine.core.arrays import Vector
from engine.errors import BadSourceFile

_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"
_RUN = "QUERY Q0 DOCUMENT RANK SCORE TAG"
_QRELS = "QUERY 0 DOCUMENT GRADE"
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class RunFile:
    """A run that was read: scores by query and document.

    Attributes:
        tag: what the file calls its system (its first line's). lines: where a query stands first.
    """

    file: Path
    tag: str
    scores: Mapping[str, Mapping[str, float]]
    lines: Mapping[str, int]


def read_run(file: Path) -> RunFile:
    """A system's run.

    Raises:
        BadSourceFile: no such file, no line, one of other columns, a score that is no finite number, a
            document twice for one query; names the file and the line.
    """
    tag = ""
    scores: dict[str, dict[str, float]] = {}
    lines: dict[str, int] = {}
    for number, (query, _, document, _, score, own) in _rows(file, _RUN):
        tag = tag or own
        lines.setdefault(query, number)
        found = scores.setdefault(query, {})
        if document in found:
            raise _twice(file, number, query, document)
        found[document] = _number(file, number, score, float, "a finite number as score")
    return RunFile(file, tag, scores, lines)


def read_qrels(file: Path) -> dict[str, dict[str, int]]:
    """Grades of documents by query; those of 0 and below are not right, and are kept.

    Raises:
        BadSourceFile: as `read_run`; a grade that is no integer.
    """
    grades: dict[str, dict[str, int]] = {}
    for number, (query, _, document, grade) in _rows(file, _QRELS):
        found = grades.setdefault(query, {})
        if document in found:
            raise _twice(file, number, query, document)
        found[document] = _number(file, number, grade, int, "an integer as grade")
    return grades


def write_run(file: Path, found: Iterable[tuple[str, Ranked]], tag: str) -> None:
    """A run whose scores fall strictly, so that others' tools keep the order in which ties were put.

    Where scores are equal, each is the next smaller number of float32, which is what trec_eval reads.
    """
    tag = token(tag) or "run"
    with file.open("w", encoding="utf-8", newline="\n") as out:
        for query, ranked in found:
            own = token(query)
            for rank, (document, score) in enumerate(zip(ranked.ids, falling(ranked.scores)), 1):
                out.write(f"{own} Q0 {token(document)} {rank} {score!s} {tag}\n")


def write_qrels(file: Path, right: Mapping[str, Mapping[str, int]]) -> None:
    """Judgements; queries in the order of their ids."""
    with file.open("w", encoding="utf-8", newline="\n") as out:
        for query in sorted(right):
            own = token(query)
            out.writelines(f"{own} 0 {token(one)} {grade}\n" for one, grade in right[query].items())


def token(text: str) -> str:
    """An id as it stands in such a file: blanks and what is no character of a line as %20 and so on."""
    return "".join(one if _is_plain(one) else quote(one, errors="surrogatepass") for one in text)


def falling(scores: Scores) -> Vector:
    """The same scores in float32, each below the one before."""
    made: Vector = np.asarray(scores, dtype=np.float32).copy()
    for row in np.flatnonzero(np.diff(made) >= 0) + 1:
        while row < len(made) and made[row] >= made[row - 1]:
            made[row] = np.nextafter(made[row - 1], np.float32(-np.inf))
            row += 1
    return made


def _is_plain(one: str) -> bool:
    return one.isprintable() and not one.isspace()


def _rows(file: Path, form: str) -> Iterator[tuple[int, list[str]]]:
    """Number of each line, from 1, and its columns; empty lines are skipped."""
    columns = form.split()
    content = _content(file)
    is_empty = True
    for number, line in enumerate(content.split(b"\n"), 1):
        parts = line.split()  # of bytes: at blanks, tabs and returns, and at no other character
        if not parts:
            continue
        is_empty = False
        if len(parts) != len(columns):
            why = f"{len(parts)} columns; expected {len(columns)}: {form}"
            raise BadSourceFile(f"the line has {why}", file=str(file), line=number)
        try:
            yield number, [part.decode() for part in parts]
        except UnicodeDecodeError:
            raise BadSourceFile("the line is no UTF-8", file=str(file), line=number) from None
    if is_empty:
        raise BadSourceFile(f"there is no line in it; expected {form}", file=str(file))


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadSourceFile(f"damaged gzip ({error})", file=str(file)) from error
    except OSError as error:
        raise BadSourceFile(f"can't be read ({error.strerror or error})", file=str(file)) from error
    return content.removeprefix(_MARK)


def _number(file: Path, line: int, text: str, kind: Callable[[str], _Number], what: str) -> _Number:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not math.isfinite(value):
        raise BadSourceFile(
            f"{text!r:.80} stands there; expected {what}", file=str(file), line=line, value=text
        )
    return value


def _twice(file: Path, line: int, query: str, document: str) -> BadSourceFile:
    return BadSourceFile(
        f"document {document!r:.80} stands a second time for query {query!r:.80}; a document has one "
        "line a query",
        file=str(file),
        line=line,
        value=document,
    )
