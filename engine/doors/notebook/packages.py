"""`%pip`: said and skipped. Knows what a line asks for and what is here; installs nothing."""

from __future__ import annotations

import re
import shlex
import traceback
from importlib import metadata
from pathlib import Path

from engine.optional import is_installed

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_TAKES_VALUE = frozenset(
    {"-r", "-c", "-i", "--index-url", "--extra-index-url", "-t", "--find-links"}
)


class Packages:
    """What a notebook asked to be installed.

    Attributes:
        missing: packages that were asked for and aren't here.
    """

    def __init__(self) -> None:
        self.missing: list[str] = []

    def skipped(self, line: str) -> str:
        """What is to be said of a line of `%pip`: what it would install, and what is here of that."""
        words = shlex.split(line, comments=True)
        if words[:1] != ["install"]:
            return f"%pip {line.strip()} is skipped: packages of this environment stay as they are"
        said = [self._said(word) for word in _asked_for(words[1:])]
        return f"%pip is skipped: it would install {'; '.join(said) or line.strip()}"

    def _said(self, asked: str) -> str:
        name = _NAME.match(asked)
        if name is None or "/" in asked:
            return asked
        try:
            return f"{asked} (here: {metadata.version(name[0])})"
        except metadata.PackageNotFoundError:
            if is_installed(name[0].replace("-", "_")):  # by another package, as mlflow-skinny
                return f"{asked} (here)"
            if name[0] not in self.missing:
                self.missing.append(name[0])
            return f"{asked} (not here)"

    def help_line(self, error: BaseException) -> str:
        """What to do where an import failed; empty for any other error."""
        if isinstance(error, ImportError) and _is_of_pandas_on_spark(error):
            return (
                f"pandas on Spark needs a pandas before 3; here is {metadata.version('pandas')}: "
                "pip install 'pandas<3'. Without it, toPandas() and pandas_udf work."
            )
        if not isinstance(error, ModuleNotFoundError) or not error.name:
            return ""
        top = error.name.partition(".")[0]
        asked = next((name for name in self.missing if _alike(name, top)), None)
        if asked is not None:
            return f"The notebook's %pip was skipped; install what it asks for: pip install {asked}"
        others = (
            f" The notebook's %pip asks for: {', '.join(self.missing)}." if self.missing else ""
        )
        missing = error.name if is_installed(top) else top  # of a package whose parts are others
        return f"{missing!r} is not installed in this environment.{others}"


def _is_of_pandas_on_spark(error: ImportError) -> bool:
    """Whether pyspark.pandas did not find in pandas what left it with its release 3."""
    frames = traceback.extract_tb(error.__traceback__)
    is_sparks = any("pyspark/pandas/" in Path(frame.filename).as_posix() for frame in frames)
    return is_sparks and (error.name or "").partition(".")[0] == "pandas"


def _asked_for(words: list[str]) -> list[str]:
    asked, takes_value = [], False
    for word in words:
        if takes_value or word.startswith("-"):
            if takes_value:
                asked.append(f"what {word} lists")
            takes_value = word in _TAKES_VALUE and not takes_value
        else:
            asked.append(word)
    return asked


def _alike(package: str, module: str) -> bool:
    plain, wanted = (re.sub(r"[-_.]", "", name).lower() for name in (package, module))
    return plain.startswith(wanted) or wanted in plain
