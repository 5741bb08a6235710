"""Why a cell failed, by the notebook's own lines. Knows tracebacks; not cells."""

from __future__ import annotations

import re
import traceback
from collections.abc import Container

from engine.errors import VitrineError

_MAGIC = re.compile(r"(#|--) MAGIC ")
_DEEPEST = 10  # of an error's causes


class NotebookExit(BaseException):
    """`dbutils.notebook.exit(value)`: the notebook ends here. No Exception: cells catch these."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class CellFailed(Exception):
    """A cell failed.

    Attributes:
        line: where, as tracebacks count; None where nobody knows. said: lines for the reader.
    """

    def __init__(self, line: int | None, said: str) -> None:
        super().__init__(said)
        self.line, self.said = line, said


def failure_of(
    error: BaseException, files: Container[str], here: str, help_line: str = ""
) -> CellFailed:
    """An error as the reader of a notebook wants it: its own lines, then what it was.

    Args:
        files: what tracebacks call the notebooks that ran; here: the one of the cell.
        help_line: what to do, where somebody knows.
    """
    said = [line for each in _chain(error) for line in _lines_of(each, files)]
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == here]
    line = frames[-1].lineno if frames else None
    if isinstance(error, SyntaxError) and error.filename == here:
        line = error.lineno
    return CellFailed(line, "\n".join([*said, *([help_line] if help_line else [])]))


def _lines_of(error: BaseException, files: Container[str]) -> list[str]:
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename in files]
    head = ["Traceback, the notebook's own lines:"] if frames else []
    return [*head, *(line for frame in frames for line in _frame_lines(frame)), *_words(error)]


def _chain(error: BaseException) -> list[BaseException]:
    """An error's causes, the first of them first, and the error."""
    found = [error]
    while len(found) < _DEEPEST:
        last = found[-1]
        cause = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if cause is None or cause in found:
            break
        found.append(cause)
    return found[::-1]


def _frame_lines(frame: traceback.FrameSummary) -> list[str]:
    place = f"  line {frame.lineno} of {frame.filename}"
    where = "" if frame.name == "<module>" else f", in {frame.name}"
    text = _MAGIC.sub("", frame.line or "")  # of a cell of Python in a notebook of SQL
    return [place + where, *([f"    {text.strip()}"] if text.strip() else [])]


def _words(error: BaseException) -> list[str]:
    if isinstance(error, VitrineError):
        return [f"{type(error).__name__}: {error.in_words}"]
    return "".join(traceback.format_exception_only(type(error), error)).rstrip().split("\n")
