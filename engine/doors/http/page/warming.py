"""Loads what the first search needs while somebody looks at the first page. Knows threads."""

from __future__ import annotations

import contextlib
import threading

from engine.errors import VitrineError
from engine.shop.page.address import Asked
from engine.shop.page.search.view import search_view
from engine.workspace import Workspace


class Warming:
    """Searches once, beside what is asked, so that the first word that is typed need not wait."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._is_started = False

    def start(self) -> None:
        """Begin, where nobody has; returns at once."""
        with self._lock:
            if self._is_started:
                return
            self._is_started = True
        threading.Thread(target=self._run, name="warming", daemon=True).start()

    def _run(self) -> None:
        # Whoever searches is told what is wrong; here nobody asked for anything.
        with contextlib.suppress(VitrineError):
            shop, overview = self._workspace.shop, self._workspace.products_overview()
            words = overview.table.rpartition(".")[2]
            for by in ("meaning", "words"):
                search_view(shop, overview, Asked(words, by=by, least=0.0), 0)
