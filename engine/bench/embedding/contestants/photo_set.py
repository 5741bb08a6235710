"""Photos as torch's DataLoader takes them; processes of its own load this file by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass
class PhotoSet:
    """Item i is the tensor that `preprocess` makes of file i."""

    files: Sequence[str]
    preprocess: Callable[[Any], Any]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, place: int) -> Any:
        from PIL import Image

        return self.preprocess(Image.open(self.files[place]))
