"""Figures that belong into one plot: those under the same settings, but for contestants' own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from engine.bench.records.line import Setting
from engine.bench.report.figures import Figure
from engine.bench.report.numbers import setting

GROUP = "group"  # the setting that names some of a task's queries: the tables have them
Place = tuple[tuple[str, Setting], ...]


@dataclass(frozen=True)
class Frame:
    """Figures of one plot.

    Attributes:
        place: the settings that all figures share, those that tell frames apart.
    """

    place: Place
    figures: tuple[Figure, ...]

    @property
    def name(self) -> str:
        return named(self.place)


def frames(figures: Sequence[Figure], free: Collection[str]) -> list[Frame]:
    """Groups of figures whose settings are equal, but for the free ones.

    A setting that is the same everywhere tells no frame apart and is in no place.
    """
    settings = [one.line.settings for one in figures]
    names = list(dict.fromkeys(name for each in settings for name in each if name not in free))
    told = [name for name in names if len({str(each.get(name)) for each in settings}) > 1]
    groups: dict[Place, list[Figure]] = {}
    for one in figures:
        place = tuple((name, one.line.settings[name]) for name in told if name in one.line.settings)
        groups.setdefault(place, []).append(one)
    return [Frame(place, tuple(group)) for place, group in groups.items()]


def named(place: Iterable[tuple[str, Setting]]) -> str:
    """Settings as words: `k = 10, rows = 44,446`."""
    return ", ".join(f"{name} = {setting(value)}" for name, value in place)


def joined(first: str, second: str) -> str:
    """A title with what tells it apart."""
    return f"{first}: {second}" if second else first
