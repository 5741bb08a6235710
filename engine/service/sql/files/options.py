"""What a statement says of files that it reads: their format and its options. Knows words; not files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import BadStatement, NotSupported
from engine.service.table_files.csv_rows import CsvForm
from engine.service.table_files.formats import FORMAT_OF_ENDING
from engine.service.table_files.packed import name_within

FORMATS = ("csv", "json", "parquet")
_ALL = {
    "pathglobfilter", "filenamepattern", "recursivefilelookup", "ignorecorruptfiles",
    "ignoremissingfiles", "mergeschema", "schema", "schemahints", "infercolumntypes", "inferschema",
    "schemaevolutionmode", "schemalocation", "mode", "rescueddatacolumn",
}  # fmt: skip
_OF_FORMAT = {
    "csv": {"header", "sep", "delimiter", "quote", "escape", "nullvalue", "encoding", "charset",
            "multiline", "enforceschema"},
    "json": {"encoding", "charset", "multiline"},
    "parquet": set[str](),
}  # fmt: skip
# What becomes of rows of another length.
_ODD_ROWS: dict[str, Literal["refused", "left out", "fitted"]] = {
    "permissive": "fitted",
    "failfast": "refused",
    "dropmalformed": "left out",
}
READ_FILES = "read_files"


@dataclass(frozen=True)
class FileOptions:
    """How files are read.

    Attributes:
        kind: one of FORMATS. csv: of a CSV file. encoding: of a text.
        schema: columns with their types as SQL says them; None for those of the files.
        hints: the same of some columns. infers: texts become numbers and days where all are written so.
        lenient: rows that can't be read are left out. skips: whole files that can't be.
        merges: columns are those of all files together, not of the first.
        pattern: of names of files; None for all. rescues: the name of the column `_rescued_data`; empty
            for none.
    """

    kind: str
    csv: CsvForm
    encoding: str | None = None
    schema: str | None = None
    hints: str | None = None
    infers: bool = False
    lenient: bool = False
    skips: bool = False
    merges: bool = False
    pattern: str | None = None
    rescues: str = "_rescued_data"


def options_of(what: str, kind: str, given: Mapping[str, object], infers: bool) -> FileOptions:
    """How files of a format are read.

    Args:
        what: the statement, for messages. given: options by name in any letter case.
        infers: where no option says so.

    Raises:
        NotSupported: another format, or an option that is not offered for it; names them.
        BadStatement: a value that the option can't have.
    """
    kind = kind.lower()
    if kind not in FORMATS:
        raise NotSupported(
            f"{what}: files of the format {kind!r:.40} are not read here; {', '.join(FORMATS)} are."
        )
    said = _offered(what, kind, given)
    mode = str(said.get("mode", "permissive")).lower()
    if mode not in _ODD_ROWS:
        raise BadStatement(f"{what}: mode is {mode!r:.40}; expected one of {', '.join(_ODD_ROWS)}.")
    encoding = _text(said, "encoding", "charset")
    lenient = mode == "dropmalformed"
    infers = _truth(what, said, "infercolumntypes", _truth(what, said, "inferschema", infers))
    return FileOptions(
        kind,
        _csv(what, said, encoding, mode),
        encoding,
        _text(said, "schema"),
        _text(said, "schemahints"),
        infers,
        lenient,
        _truth(what, said, "ignorecorruptfiles", False),
        _truth(what, said, "mergeschema", kind != "parquet"),
        _text(said, "pathglobfilter", "filenamepattern"),
        _rescues(what, said),
    )


def _offered(what: str, kind: str, given: Mapping[str, object]) -> dict[str, object]:
    """Options by name in small letters. Raises NotSupported."""
    said = {name.lower().rpartition("cloudfiles.")[2]: value for name, value in given.items()}
    offered = _ALL | _OF_FORMAT[kind]
    for name in said:
        if name not in offered:
            raise NotSupported(
                f"{what}: the option {name!r:.60} is not offered for {kind}; offered are "
                f"{', '.join(sorted(offered))}."
            )
    return said


def kind_of(path: str) -> str | None:
    """The format that a file's name tells; None for none."""
    found = FORMAT_OF_ENDING.get(name_within(Path(path)).suffix.lower())
    return found if found in FORMATS else None


def is_true(what: str, name: str, value: object) -> bool:
    """A truth, as itself or as a text. Raises BadStatement."""
    text = str(value).lower()
    if text not in ("true", "false"):
        raise BadStatement(f"{what}: {name} is {value!r:.60}; expected true or false.")
    return text == "true"


def _rescues(what: str, said: Mapping[str, object]) -> str:
    """The column of what no other column takes; COPY INTO has one where it is named alone."""
    return _text(said, "rescueddatacolumn") or ("_rescued_data" if what == READ_FILES else "")


def _csv(what: str, said: Mapping[str, object], encoding: str | None, mode: str) -> CsvForm:
    delimiter = (_text(said, "sep", "delimiter") or ",").replace("\\t", "\t")
    quote, escape = _text(said, "quote") or '"', _text(said, "escape")
    for name, value in (("sep", delimiter), ("quote", quote), ("escape", escape or "\\")):
        if len(value) != 1:
            raise NotSupported(f"{what}: {name} is {value!r:.40}; expected one character.")
    null = _text(said, "nullvalue")
    return CsvForm(
        delimiter,
        encoding,
        _truth(what, said, "header", False),
        quote,
        None if escape == quote else escape,
        () if null is None else (null,),
        _ODD_ROWS[mode],
        _rescues(what, said),
        safe_names=True,
    )


def _text(said: Mapping[str, object], *names: str) -> str | None:
    return next((str(said[name]) for name in names if name in said), None)


def _truth(what: str, said: Mapping[str, object], name: str, default: bool) -> bool:
    return is_true(what, name, said[name]) if name in said else default
