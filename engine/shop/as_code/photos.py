"""Where a snippet reads the photo of a query from. Knows paths; not pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.core.names import is_volume_path

DEFAULT_NAME = "photo.jpg"


@dataclass(frozen=True)
class Photo:
    """A photo to search with.

    Attributes:
        path: of a file, or in a volume.
        is_kept: the user has it nowhere that is known: it must be saved there first.
    """

    path: str
    is_kept: bool = True

    @property
    def in_volume(self) -> bool:
        """Whether it lies in a volume of the workspace."""
        return is_volume_path(self.path)

    @property
    def notes(self) -> tuple[str, ...]:
        """What its user must do first."""
        if self.is_kept:
            return ()
        return (
            f"Save the photo that you searched with as {self.path}, in the folder where it runs.",
        )


def photo_of(value: object, name: str) -> Photo:
    """Where a query's photo lies: its own path, else a file to save it in.

    Args:
        value: a path, bytes or a PIL image. name: of that file.
    """
    if isinstance(value, (str, Path)):
        path = str(value)
        return Photo(path if is_volume_path(path) else str(Path(path).expanduser().absolute()))
    return Photo(name, is_kept=False)


def name_of(place: int, names: tuple[str, ...]) -> str:
    """The file to save a query's photo in, by its place among those that come as bytes."""
    if place < len(names):
        return names[place]
    stem, ending = DEFAULT_NAME.split(".")
    return DEFAULT_NAME if place == 0 else f"{stem}-{place + 1}.{ending}"
