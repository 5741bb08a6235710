"""What an evaluation is asked for: models, products, photos. Knows its fields; not models or files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import InvalidInputException, InvalidParameterValue

Photos = str | Path | Mapping[str, str | Path] | Sequence[str | Path]


@dataclass(frozen=True)
class EvaluationRequest:
    """Judge models by the products of a file and their photos.

    Attributes:
        models: names as `load_encoder` takes them; others are compared with the first.
        table: CSV or Parquet file of products, in the public fashion layout or in that of a workspace's
            `products`; see `columns`.
        photos: folder of `{id}.jpg` (or .jpeg, .png, .webp); several, or a dict of them by name, are
            reported each for itself.
        columns: field (id, name, articleType, baseColour, ...) -> the file's column for it; "" for a
            field that it doesn't have.
        queries: files of query sets (JSON lines, see `read_query_set`), or folders of them.
        attributes: fields (baseColour, gender, usage, ...) of which it is also judged how often the text
            of a photo's own value is the nearest.
        hold_out: only one product in so many, by a hash of its id; 10 for those that the embedded model
            was never trained on.
        limit: only the first so many products that have a photo.
        encoding: of a CSV file, such as "cp1252"; None for UTF-8, or what a byte order mark says.
        speed: also measure how fast the models are here.
        surroundings: also put photos on other backgrounds and into margins.
    """

    models: Sequence[str]
    table: str | Path
    photos: Photos
    columns: Mapping[str, str] = field(default_factory=dict)
    queries: Sequence[str | Path] = ()
    attributes: Sequence[str] = ()
    hold_out: int | None = None
    limit: int | None = None
    encoding: str | None = None
    speed: bool = False
    surroundings: bool = False

    def check(self) -> None:
        """
        Raises:
            InvalidInputException: no model, no photos, or one name for two of them.
            InvalidParameterValue: a number that can't be.
        """
        if isinstance(self.models, str) or not self.models:
            raise InvalidInputException(f"models is {self.models!r}; expected a list of names.")
        if isinstance(self.attributes, str):
            raise InvalidInputException(f"attributes is {self.attributes!r}; expected a list.")
        _check_once("model", self.models)
        _check_once("attribute", self.attributes)
        if not self.folders:
            raise InvalidInputException("photos is empty; expected folders of photos.")
        for name, number in (("hold_out", self.hold_out), ("limit", self.limit)):
            if number is not None and number < 1:
                raise InvalidParameterValue(f"{name} is {number}; expected an integer from 1 up.")

    @property
    def folders(self) -> dict[str, Path]:
        """Folders of photos by name.

        Raises:
            InvalidInputException: one name for two of them.
        """
        if isinstance(self.photos, Mapping):
            return {name: Path(folder).expanduser() for name, folder in self.photos.items()}
        given = [self.photos] if isinstance(self.photos, (str, Path)) else list(self.photos)
        folders = [Path(folder).expanduser() for folder in given]
        names = [folder.resolve().name for folder in folders]
        _check_once("folder of photos", names)
        return dict(zip(names, folders))


def _check_once(what: str, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidInputException(f"{what} {twice[0]!r} is given twice; give each a name once.")
