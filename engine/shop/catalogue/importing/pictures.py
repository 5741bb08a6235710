"""The pictures of an import: found with its rows, fetched after them, and given paths. Knows volumes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.core.schema import suggestion
from engine.errors import BadSourceFile, InvalidInputException
from engine.shop.catalogue.guessing.names import folded, usual
from engine.shop.catalogue.importing.failures import FETCH, PHOTO, Failures
from engine.shop.catalogue.importing.naming import Naming
from engine.shop.catalogue.importing.request import CatalogueImport
from engine.shop.catalogue.importing.rows import Rows
from engine.shop.catalogue.pictures.fetching import fetch_all
from engine.shop.catalogue.pictures.finding import PictureFinder
from engine.shop.catalogue.pictures.folders import PictureFolder
from engine.shop.catalogue.pictures.kept import KeptPictures
from engine.shop.catalogue.pictures.places import PicturePlaces
from engine.shop.catalogue.sources.archives import is_archive, unpack
from engine.shop.catalogue.sources.opening import Reading, open_source
from engine.shop.catalogue.sources.source import Source
from engine.shop.names import UNPACKED_VOLUME
from engine.store.volumes import VolumeStore


class PicturePaths:
    """The paths of an import's pictures in volumes.

    Attributes:
        finder: finds the picture of a row. fetched: how many were fetched by this run.
    """

    def __init__(
        self,
        request: CatalogueImport,
        source: Source,
        naming: Naming,
        volumes: VolumeStore,
        bar: Callable[..., Any],
    ) -> None:
        self._request, self._volumes, self._bar = request, volumes, bar
        self._unit = source.unit
        self._images = _folder(request.images, volumes)
        beside = Path(source.folder).absolute()
        folders = [self._images, beside] if self._images else [beside]
        image, is_pattern = naming.image(request.catalogue)
        self.finder = PictureFinder(
            image,
            is_pattern,
            tuple(map(PictureFolder, folders)),
            volumes,
            KeptPictures(volumes),
            _paths_by_id(request, volumes),
        )
        self.fetched = 0

    def paths(self, rows: Rows, failures: Failures) -> list[str | None]:
        """The path of each product's picture; None where it has none.

        Raises:
            InvalidInputException: pictures behind links, and nobody said to fetch them.
            BadSourceFile: no product has a picture, and all need one.
        """
        paths = [found.path for found in rows.pictures]
        self._fetch(rows, paths, failures)
        files = [found.file for found in rows.pictures if found.file is not None]
        places = PicturePlaces(self._volumes, self._images, files)
        for place, found in enumerate(rows.pictures):
            if found.file is not None:
                paths[place], why = places.path_of(found.file)
                if why:
                    failures.add(rows.lines[place], rows.keys[place], PHOTO, why)
        if not any(paths) and not self._request.given.without_photos:
            raise self._no_picture(failures)
        return paths

    def _fetch(self, rows: Rows, paths: list[str | None], failures: Failures) -> None:
        wanted = {n: found.link for n, found in enumerate(rows.pictures) if found.link}
        if not wanted:
            return
        if self._request.given.limits is None:
            self._refuse_links(len(wanted), next(iter(wanted.values())))
            for place, link in wanted.items():
                reason = f"{link[:300]}: not fetched, --fetch was not given"
                failures.add(rows.lines[place], rows.keys[place], FETCH, reason)
            return
        links = dict.fromkeys(wanted.values())
        with self._bar(total=len(links), unit="picture", desc="fetch") as bar:
            fetched = fetch_all(links, self._volumes, self._request.given.limits, bar.update)
        self.fetched = sum(one.is_new and one.path is not None for one in fetched.values())
        for place, link in wanted.items():
            paths[place] = fetched[link].path
            why = fetched[link].reason
            if why:
                failures.add(rows.lines[place], rows.keys[place], FETCH, why)

    def _refuse_links(self, count: int, link: str) -> None:
        if not self._request.given.without_photos:
            raise InvalidInputException(
                f"the pictures of {count:,} products are behind links, such as {link[:200]}. --fetch "
                "(fetch=True in Python) fetches each once into the workspace; --text-index all keeps "
                "products without a photo."
            )

    def _no_picture(self, failures: Failures) -> BadSourceFile:
        first = failures.first(PHOTO) or failures.first(FETCH)
        where = ", ".join(str(folder.path) for folder in self.finder.folders)
        why = f"{self._unit} {first[0]}: {first[1]}" if first else f"looked in {where} by the id"
        return BadSourceFile(
            f"not one product has a picture ({why}). Name the folder of pictures behind the file, and "
            "the column or the pattern: --image COLUMN, --image 'photos/{id}/*.jpg'. --text-index all "
            "takes products without photos.",
            file=str(self._request.products),
        )


def _folder(images: Path | None, volumes: VolumeStore) -> Path | None:
    """The folder of pictures; an archive is unpacked."""
    if images is None:
        return None
    path = images.expanduser().absolute()
    if is_archive(path):
        return unpack(path, volumes.resolve(UNPACKED_VOLUME)).folder
    if not path.is_dir():
        near = suggestion(path.name, [one.name for one in path.parent.glob("*") if one.is_dir()])
        raise BadSourceFile(
            f"this is not a folder or a zip archive of images.{near}", file=str(images)
        )
    return path


def _paths_by_id(request: CatalogueImport, volumes: VolumeStore) -> dict[str, str]:
    """Id of a picture -> its path, as a second table says; empty where there is none.

    Raises:
        BadSourceFile: the table has no column of ids, or none of paths.
    """
    if request.given.image_list is None:
        return {}
    reading = Reading(volumes.resolve(UNPACKED_VOLUME))
    source = open_source(request.given.image_list, reading)
    path = usual("image", [name for name in source.names if not folded(name).endswith("id")])
    own = usual("id", [name for name in source.names if name != path])
    if own is None or path is None:
        raise BadSourceFile(
            "expected a column of ids, such as image_id, and one of paths, such as path; its columns "
            f"are {', '.join(source.names)[:500]}",
            file=str(request.given.image_list),
        )
    rows = (row.values for row in source.rows() if row.trouble is None)
    return {str(row[own]).strip(): str(row[path]).strip() for row in rows if row[own] and row[path]}
