"""What a run of a notebook is asked for. Knows options and how they reach another process; not cells."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """One run.

    Attributes:
        file: the notebook. workspace: its directory.
        widgets: values by name, before the notebook's defaults.
        html: file for what was shown; None for none.
        first, last: numbers of the cells that run; None for all from or up to there.
        value_file: where `dbutils.notebook.exit` leaves its value, for the notebook that called.
    """

    file: str
    workspace: str
    widgets: Mapping[str, str] = field(default_factory=dict)
    html: str | None = None
    first: int | None = None
    last: int | None = None
    value_file: str | None = None

    def to_json(self) -> str:
        """As text for another process."""
        return json.dumps(dataclasses.asdict(self))

    @staticmethod
    def from_json(text: str) -> Asked:
        """Of `to_json`."""
        return Asked(**json.loads(text))
