"""What hatch does beside its rules: an editable install gets the `.pth` file that shows `engine`.

Hatch's own way is a module that pytest, under `-W error`, refuses to start beside.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EditableHook(BuildHookInterface[Any]):
    """Adds a file to editable builds."""

    PLUGIN_NAME = "editable"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatch before it builds; `version` is "standard" or "editable"."""
        if version == "editable":
            source = "engine/doors/installed/vitrine_search/checkout.pth"
            # After hatch's own `_vitrine_search.pth`, in the order in which Python reads them.
            build_data["force_include_editable"][source] = "vitrine_search_checkout.pth"
