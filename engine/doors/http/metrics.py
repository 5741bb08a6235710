"""The metrics of all worker processes together. Knows the Prometheus client; not what is counted."""

from __future__ import annotations

import os
import re
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name; set where workers are several


def current_metrics() -> bytes:
    """The metrics in Prometheus' text form."""
    if SHARED_FOLDER not in os.environ:
        return generate_latest(REGISTRY)
    _forget_ended(Path(os.environ[SHARED_FOLDER]))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_ended(folder: Path) -> None:
    """Requests that run count no more in a worker that has ended; all it answered still counts."""
    for file in folder.glob("gauge_live*.db"):
        number = int(re.findall(r"_(\d+)\.db", file.name)[-1])
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(number)  # type: ignore[no-untyped-call]
        except OSError:
            pass  # it is there, and another user's
