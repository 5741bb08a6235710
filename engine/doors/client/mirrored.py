"""What the mirrored classes share. Knows names; not what they stand for."""

from __future__ import annotations

from typing import Any


class Mirrored:
    """A class of the package's; asked for what it lacks, it names what it offers."""

    def __getattr__(self, name: str) -> Any:
        offered = ", ".join(sorted(n for n in dir(type(self)) if not n.startswith("_")))
        raise AttributeError(f"{name!r} is not offered by this version. Offered: {offered}")
