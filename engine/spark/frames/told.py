"""What a reader or a writer of Spark was told, which Spark itself keeps in Java alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pyspark.sql import DataFrame

from engine.errors import BadStatement, InvalidInputException, NotSupported

DELTA = "delta"
_MODES = {
    "append": "Append",
    "overwrite": "Overwrite",
    "ignore": "Ignore",
    **dict.fromkeys(("default", "error", "errorifexists"), "ErrorIfExists"),
}


def one_column(frame: DataFrame, said: Any) -> str:
    """The name of a column that a partition or a cluster is said by. Raises BadStatement: it is none."""
    text = str(said).removeprefix("Column<'").removesuffix("'>")
    names = {name.lower(): str(name) for name in frame.columns}
    found = names.get(text.lower()) or names.get(text.lower().strip("`"))
    if found is None:
        raise BadStatement(
            f"{text!r:.80} is no column of the rows, which have {', '.join(frame.columns)}. Add it as "
            "a column, and name that."
        )
    return found


class Told:
    """Beside a DataFrameReader or a DataFrameWriter: its format, mode, options, partitions."""

    told_format: str = ""
    told_mode: str = "ErrorIfExists"
    told_options: Mapping[str, Any] = MappingProxyType({})  # by their names in small letters
    told_partitions: tuple[str, ...] = ()

    def format(self, source: str) -> Any:
        """The format of what is read or written."""
        self.told_format = source.lower()
        return super().format(source)  # type: ignore[misc]

    def mode(self, saveMode: str | None) -> Any:  # noqa: N803
        """What becomes of rows that are there; None leaves what was said."""
        told = super().mode(saveMode)  # type: ignore[misc]
        self.told_mode = self.told_mode if saveMode is None else _MODES[saveMode.lower()]
        return told

    def option(self, key: str, value: Any) -> Any:
        """One option."""
        self._told({key: value})
        return super().option(key, value)  # type: ignore[misc]

    def options(self, **options: Any) -> Any:
        """Some options."""
        self._told(options)
        return super().options(**options)  # type: ignore[misc]

    def partitionBy(self, *cols: Any) -> Any:  # noqa: N802
        """Columns whose values name folders."""
        self.told_partitions = tuple(cols[0] if cols and isinstance(cols[0], list) else cols)
        return super().partitionBy(*cols)  # type: ignore[misc]

    def _told(self, options: dict[str, Any]) -> None:
        self.told_options = {
            **self.told_options,
            **{key.lower(): one for key, one in options.items()},
        }

    def path_told(self, path: Any, taken: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
        """The path, as an argument or an option, and the options that are taken.

        Raises:
            NotSupported: an option that is not taken. InvalidInputException: no path, or none of text.
        """
        options = dict(self.told_options)
        found = options.pop("path", None) if path is None else path
        options.pop("path", None)
        strange = sorted(set(options) - {one.lower() for one in taken})
        if strange:
            raise NotSupported(
                f"Delta tables are read and written here without the option {strange[0]!r:.80}"
                + (f"; known are {', '.join(taken)}." if taken else ".")
            )
        if not isinstance(found, str) or not found:
            raise InvalidInputException(
                f"the path of a Delta table is {found!r:.80}; expected one folder."
            )
        return found, options
