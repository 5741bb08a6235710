"""Numbers as they are shown: three significant digits, separators of thousands, no false precision."""

from __future__ import annotations

import math

DIGITS = 3  # significant
_WHOLE = 10_000  # from here on without rounding: counts of rows are read exactly


def shown(value: float | None, digits: int = DIGITS) -> str:
    """A number with so many significant digits, such as `0.0123`, `1.24`, `1,240`; "" for None."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    rounded = float(f"{value:.{digits - 1}e}")  # 0.9996 is 1.00, not 1.000
    places = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:.{max(0, places)}f}"


def setting(value: object) -> str:
    """A setting as words: whole numbers with separators, truth as yes and no, None as none."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= _WHOLE else str(value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
