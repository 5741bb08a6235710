"""matplotlib's figures, without its state: no pyplot, nothing kept in the home folder, SVG as text.

Colours are placeholders while matplotlib draws, and the page's own custom properties in what comes out:
one drawing is light and dark.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import html
import io
import os
import re
import shutil
import sys
import tempfile
from types import ModuleType
from typing import Any

from engine.optional import check, require

PURPOSE = "a page with plots"
FOLDER = "MPLCONFIGDIR"  # where matplotlib keeps its list of fonts
BACKEND = "backend"  # the one parameter that matplotlib doesn't restore
SERIES = 8  # colours; then again, with other marks
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
INK, SOFT, LINE, SURFACE = "#010101", "#020202", "#030303", "#040404"
_PROPERTIES = {INK: "--ink", SOFT: "--soft", LINE: "--line", SURFACE: "--surface"}
_STYLE = {
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}


def colour(place: int) -> str:
    """The placeholder of a series' colour."""
    return f"#0500{place % SERIES:02x}"


@functools.cache
def library() -> ModuleType:
    """matplotlib, whose list of fonts lies in a folder of this process where nobody named another.

    Raises MissingExtra: it is not installed.
    """
    if "matplotlib" in sys.modules or os.environ.get(FOLDER):
        return require("matplotlib", PURPOSE)
    check("matplotlib", PURPOSE)
    folder = tempfile.mkdtemp(prefix="vitrine-plots-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[FOLDER] = folder
    try:
        found = require("matplotlib", PURPOSE)
        found.get_cachedir()  # remembered from here on; fonts are listed as the first text is drawn
    finally:
        del os.environ[FOLDER]
    return found


def styled() -> Any:
    """The style of all plots, until the block ends; whatever style the process has otherwise."""
    plain = {name: value for name, value in library().rcParamsDefault.items() if name != BACKEND}
    return library().rc_context({**plain, **_STYLE})


def new_axes(width: float, height: float) -> tuple[Any, Any]:
    """An empty figure of so many inches, and its axes; inside `styled`."""
    library()
    from matplotlib.figure import Figure

    figure = Figure((width, height), layout="constrained")
    return figure, figure.subplots()


def svg(figure: Any, said: str) -> str:
    """A figure as an element of a page.

    Args:
        said: what it shows, for who doesn't see it.
    """
    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<svg ", f'<svg role="img" aria-label="{html.escape(said)}" ', text, count=1)
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    return _apart(_with_properties(text))


def _with_properties(text: str) -> str:
    for placeholder, name in _PROPERTIES.items():
        text = text.replace(placeholder, f"var({name})")
    return re.sub(r"#0500(0\d)", lambda found: f"var(--series-{int(found[1])})", text)


def _apart(text: str) -> str:
    """Its ids with a mark of their own, so that several plots on one page don't share any."""
    mark = hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
    text = re.sub(r'\bid="([^"]+)"', rf'id="p{mark}-\1"', text)
    return re.sub(r'(href="#|url\(#)', rf"\1p{mark}-", text)
