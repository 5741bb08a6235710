"""Routes whose last part is a path of any characters. Knows the framework's patterns; not volumes."""

from __future__ import annotations

import re
from typing import Any

from starlette.routing import Route


class PathRoute(Route):
    """A route that ends with `{path:path}`.

    The framework's own pattern takes no path with a line break, and drops one at its end: what was asked
    of a file whose name ends so was done to another.
    """

    def __init__(self, path: str, endpoint: Any, *, methods: list[str]) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)
