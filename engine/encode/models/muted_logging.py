"""open_clip's remarks kept off the screen, and the host's logging as it is. Knows logging; no models.

open_clip logs by functions that give a root logger without handlers one for good. For a block, the root
logger therefore has a handler, which shows what other threads log as Python does without one.
"""

from __future__ import annotations

import logging
import threading

_lock = threading.Lock()
_blocks = 0


class _Plain(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        last = logging.lastResort
        if last is not None and record.levelno >= last.level:
            last.handle(record)


_handler: logging.Handler | None = None


class MutedLogging:
    """Drops what this thread logs to the root logger during a block, errors apart."""

    def __enter__(self) -> None:
        global _blocks, _handler
        self._thread = threading.get_ident()
        with _lock:
            _blocks += 1
            logging.root.addFilter(self._is_shown)
            if not logging.root.handlers:
                _handler = _Plain()
                logging.root.addHandler(_handler)

    def __exit__(self, *_: object) -> None:
        global _blocks, _handler
        with _lock:
            _blocks -= 1
            logging.root.removeFilter(self._is_shown)
            if not _blocks and _handler is not None:
                logging.root.removeHandler(_handler)
                _handler.close()
                _handler = None

    def _is_shown(self, record: logging.LogRecord) -> bool:
        return record.thread != self._thread or record.levelno > logging.WARNING
