"""Counts that were accepted once, by version of Python; what is more than a tenth above them fails."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.bench.records.machine import versions
from engine.errors import InvalidParameterValue

PACKAGES = ("numpy", "duckdb", "faiss-cpu", "pyarrow", "tantivy", "click", "orjson")
MOST = 0.10  # more instructions than accepted
FILE = Path("benchmarks") / "results" / "instructions.json"  # in a checkout


@dataclass(frozen=True)
class Baseline:
    """What was accepted, and with what it was counted.

    Attributes:
        python: its whole version.
        packages: versions of those that do part of what is counted.
        instructions: by name of the operation.
    """

    python: str
    packages: Mapping[str, str]
    instructions: Mapping[str, float]

    def regressions(self, counts: Mapping[str, float], most: float = MOST) -> dict[str, float]:
        """Operations that take more by a larger share, as multiples of what was accepted."""
        ratios = {
            name: count / self.instructions[name]
            for name, count in counts.items()
            if self.instructions.get(name, 0) > 0
        }
        return {name: ratio for name, ratio in ratios.items() if ratio > 1 + most}

    def differences(self) -> list[str]:
        """Packages that are installed in another version than when it was accepted: a sentence each."""
        here = _packages()
        return [
            f"{name} is {here.get(name, 'missing')}, accepted with {self.packages.get(name, 'none')}"
            for name in sorted({*here, *self.packages})
            if here.get(name) != self.packages.get(name)
        ]


def here() -> str:
    """What a baseline belongs to: another Python runs other code, as does another architecture."""
    return f"Python {'.'.join(platform.python_version_tuple()[:2])} {platform.machine()}"


def load(file: Path) -> Baseline | None:
    """What was accepted for this Python; None where nothing was.

    Raises InvalidParameterValue: the file is none of `accept`.
    """
    found = _all(file).get(here())
    return None if found is None else Baseline(**found)


def accept(file: Path, counts: Mapping[str, float]) -> None:
    """Remember counts for this Python; those of others, and operations not counted now, stay."""
    kept = _all(file)
    before = kept.get(here(), {}).get("instructions", {})
    rounded = {name: round(count) for name, count in counts.items()}
    made = Baseline(platform.python_version(), _packages(), {**before, **rounded})
    kept[here()] = asdict(made)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _packages() -> dict[str, str]:
    return versions(PACKAGES)


def _all(file: Path) -> dict[str, dict[str, Any]]:
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        for each in found.values():
            Baseline(**each)
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidParameterValue(
            f"{file}: not a file of accepted counts ({error}); make one with --accept"
        ) from error
    return dict(found)
