"""A notebook's file, whatever its form. Knows bytes and names; not cells."""

from __future__ import annotations

import codecs
from pathlib import Path

from engine.doors.notebook.reading.cells import Notebook
from engine.doors.notebook.reading.ipynb import read_ipynb
from engine.doors.notebook.reading.source_form import read_source_form
from engine.errors import BadSourceFile, NotFound

_SUFFIXES = ("", ".py", ".sql", ".ipynb")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_notebook(path: Path) -> Notebook:
    """The notebook in a file.

    Raises:
        BadSourceFile: no notebook, and why; names file, line and value. NotFound: no such file.
        NotSupported: a notebook in Scala or R.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise NotFound(f"{path} {what}; expected an exported notebook: .py, .sql or .ipynb.")
    text = _text(path, path.read_bytes())
    if not text.strip():
        raise BadSourceFile("this file is empty; expected an exported notebook", file=str(path))
    read = read_ipynb if path.suffix.lower() == ".ipynb" else read_source_form
    return read(path, text)


def find_notebook(named: str, folder: Path) -> Path:
    """The file that `%run ./other` or `dbutils.notebook.run` means, with or without its ending.

    Raises:
        NotFound: names what was tried.
    """
    tried = [folder / f"{named}{suffix}" for suffix in _SUFFIXES]
    for file in tried:
        if file.is_file():
            return file.resolve()
    shown = ", ".join(str(file) for file in tried[1:])
    raise NotFound(
        f"there is no notebook {named!r} here; tried {shown}. Export it beside the one that runs it."
    )


def _text(path: Path, content: bytes) -> str:
    if content.startswith(_WIDE):
        raise BadSourceFile("this is UTF-16; expected UTF-8. Save it as UTF-8", file=str(path))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadSourceFile(
            f"byte 0x{content[error.start]:02x} is not UTF-8, the encoding that notebooks are exported "
            "in; save it as UTF-8",
            file=str(path),
            line=line,
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
