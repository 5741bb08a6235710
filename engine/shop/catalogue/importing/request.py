"""What an import of any catalogue is asked to be. Knows arguments; not files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.errors import InvalidInputException
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.pictures.limits import FetchLimits


@dataclass(frozen=True)
class Given:
    """What is said of a source beside its catalogue.

    Attributes:
        encoding, separator: of a text file; None to find them.
        image_list: a table from ids of pictures, as the products name them, to their paths.
        fetch: whether pictures behind links are fetched, or under which limits.
        without_photos: products may be without a photo, all of them too.

    Raises:
        InvalidInputException: a limit or a separator that can't be.
    """

    encoding: str | None = None
    separator: str | None = None
    image_list: str | Path | None = None
    fetch: FetchLimits | bool = False
    without_photos: bool = False

    def __post_init__(self) -> None:
        if self.limits is not None:
            self.limits.check()
        if self.separator is not None and len(self.separator) != 1:
            raise InvalidInputException(
                f"separator is {self.separator!r}; expected one character, such as ';'."
            )

    @property
    def limits(self) -> FetchLimits | None:
        """Limits of what is fetched; None where nothing is."""
        return (
            self.fetch
            if isinstance(self.fetch, FetchLimits)
            else FetchLimits()
            if self.fetch
            else None
        )


@dataclass(frozen=True)
class CatalogueImport:
    """Products and pictures, and what their columns mean.

    Attributes:
        products: a file, a folder or an archive; see `open_source`.
        images: a folder of pictures, or an archive of one; None for the table's own folder.
        catalogue: which column is what. given: how the source is read.
    """

    products: Path
    images: Path | None
    catalogue: Catalogue
    given: Given
