"""What `${...}` in a bundle's texts stands for: another resource's field, or a variable's default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.core.yaml_text import Place, Problem

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_DEEPEST = 10  # of references to references
_NAMES = ("catalog_name", "schema_name", "name")


class References:
    """Resolves the references of one document."""

    def __init__(self, top: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
        self._variables = top.get("variables") or {}
        self._resources = resources

    def resolved(self, value: Any, place: Place, problems: list[Problem], depth: int = 0) -> Any:
        """A value in which every reference is replaced; one that leads nowhere is a problem."""
        if isinstance(value, str) and "${" in value:
            return self._text(value, place, problems, depth)
        if isinstance(value, dict):
            return {
                name: inner
                if name == "rows"  # data
                else self.resolved(inner, (*place, name), problems, depth)
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [
                self.resolved(inner, (*place, i), problems, depth) for i, inner in enumerate(value)
            ]
        return value

    def _text(self, text: str, place: Place, problems: list[Problem], depth: int) -> Any:
        def found(match: re.Match[str]) -> str:
            value = self._lookup(match[1].strip())
            if value is None or isinstance(value, (dict, list)) or depth > _DEEPEST:
                reason = (
                    f"{match[0]:.120} stands for nothing here. Known are ${{var.NAME}} with a default "
                    "in variables, and ${resources.SECTION.KEY.FIELD}."
                )
                problems.append(Problem(place, reason))
                return match[0]
            return str(self.resolved(value, place, problems, depth + 1))

        return _REFERENCE.sub(found, text)

    def _lookup(self, path: str) -> Any:
        first, *rest = path.split(".")
        if first == "var" and len(rest) == 1:
            variable = self._variables.get(rest[0]) if isinstance(self._variables, dict) else None
            return variable.get("default") if isinstance(variable, dict) else variable
        if first != "resources" or len(rest) < 3:
            return None
        section, key, *fields = rest
        value: Any = self._resources.get(section)
        value = value.get(key) if isinstance(value, dict) else None
        if fields in (["id"], ["full_name"]) and isinstance(value, dict) and value.get("name"):
            return ".".join(str(value[name]) for name in _NAMES if value.get(name))
        for name in fields:
            value = value.get(name) if isinstance(value, dict) else None
        return value
