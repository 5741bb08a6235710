"""The start of a local Spark: one Java machine a process, nothing written but in a folder of its own.

Knows settings of Spark and where Java is; not tables.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import environment
from engine.errors import InvalidInputException, MissingExtra
from engine.optional import require
from engine.spark.running import running_session
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.spark.workspace_session import WorkspaceSession

OLDEST_JAVA = 17
_HERE = "127.0.0.1"
# What fails is raised in Python; what the log says else, it says at each start.
_LOG = """\
rootLogger.level = fatal
rootLogger.appenderRef.err.ref = err
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
"""


def session(
    workspace: Workspace | str | Path | None = None,
    *,
    master: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> WorkspaceSession:
    """A local Spark session in which the tables of a workspace are Spark's tables.

    `spark.table`, `spark.read.table`, `spark.sql`, `df.write.saveAsTable` and `spark.catalog` know the
    workspace's catalogs, schemas and tables. Queries run in Spark; every other statement (CREATE TABLE,
    MERGE, INSERT, SHOW, ...) is the workspace's own SQL. Nothing is written outside the workspace and a
    temporary folder, which goes with the process.

    Args:
        workspace: an open one or its directory; None for `$VITRINE_WORKSPACE`, else `~/.vitrine`.
        master: where Spark runs; None for all cores of this machine. Counts for the first session of a
            process alone, as do options of the machine: later ones share its Spark.
        options: more settings of Spark, by name.

    Raises:
        MissingExtra: pyspark is not installed, or no Java of 17 or newer.
    """
    if workspace is not None and not isinstance(workspace, (Workspace, str, Path)):
        raise InvalidInputException(
            f"workspace is {workspace!r:.80}; expected a Workspace, or the path of its directory."
        )
    opened = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about newer releases of pandas
        require("pyspark", "A Spark session")
        from engine.spark.workspace_session import WorkspaceSession

    return WorkspaceSession(context(master, options or {}), opened, new_folder())


def context(master: str | None, options: Mapping[str, Any]) -> Any:
    """The SparkContext of this process, started where there is none."""
    from pyspark import SparkConf, SparkContext

    running = running_session()
    if running is not None:
        return running.sparkContext
    check_java()
    # What Spark refuses is raised; its log says it once more with the stack of Java.
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    folder = new_folder()
    log = folder / "log4j2.properties"
    log.write_text(_LOG)
    given = _settings(folder, log, master, options)
    conf = SparkConf(loadDefaults=False).setAll(list(given.items()))
    with environment.set_to({"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": _HERE}):
        return SparkContext(conf=conf)


def _settings(
    folder: Path, log: Path, master: str | None, options: Mapping[str, Any]
) -> dict[str, str]:
    java = f"-Dlog4j2.configurationFile={log.as_uri()} -Dderby.system.home={folder}"
    return {
        "spark.app.name": "vitrine",
        "spark.driver.bindAddress": _HERE,
        "spark.driver.extraJavaOptions": java,
        "spark.driver.host": _HERE,
        "spark.local.dir": str(folder),
        "spark.log.level": "FATAL",
        "spark.master": master or "local[*]",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **{name: str(value) for name, value in options.items()},
    }


def new_folder() -> Path:
    """A temporary folder that goes with this process."""
    folder = Path(tempfile.mkdtemp(prefix="vitrine-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def check_java() -> None:
    """Make sure that there is a Java which Spark starts. Raises MissingExtra: what to install."""
    home = os.environ.get("JAVA_HOME")
    command = str(Path(home) / "bin" / "java") if home else "java"
    found, said = shutil.which(command), ""
    if found is not None:
        told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
        said = told.stderr.strip() or told.stdout.strip()
        version = re.search(r'version "(?:1\.)?(\d+)', said)
        if version is not None and int(version[1]) >= OLDEST_JAVA:
            return
    fault = f"{found} is: {said.splitlines()[0] if said else 'none'}" if found else "there is none"
    raise MissingExtra(
        f"Spark needs Java {OLDEST_JAVA} or newer, and {fault} (JAVA_HOME is {home or 'not set'}). "
        f"Install it, such as with: apt-get install openjdk-{OLDEST_JAVA}-jre-headless; and set "
        "JAVA_HOME to its folder where it isn't the first on the PATH."
    )
