"""The pictures of a catalogue behind links: several at once, each once, resumable. Knows volumes.

A fetched picture lies in a volume of the workspace under a name made of its link, so that a run that was
interrupted, or a second one, asks only for those that are missing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from engine.errors import BadImage
from engine.shop.catalogue.pictures.kept import KeptPictures
from engine.shop.catalogue.pictures.limits import FetchLimits
from engine.shop.catalogue.pictures.links import NotNow, fetch_picture
from engine.shop.names import FETCHED_VOLUME
from engine.store.volumes import VolumeStore

_WAIT = 0.5  # seconds before another attempt


@dataclass(frozen=True)
class Fetched:
    """What came of a link: the path of its picture, or why there is none; `is_new` where it was asked
    for."""

    path: str | None
    reason: str | None
    is_new: bool


def fetch_all(
    links: Iterable[str],
    volumes: VolumeStore,
    limits: FetchLimits,
    progress: Callable[[int], object] = lambda _: None,
) -> dict[str, Fetched]:
    """What came of each link.

    Args:
        progress: called with 1 for each that is done.

    Raises:
        StorageFailed: a full disk.
    """
    wanted = list(dict.fromkeys(links))
    pictures = KeptPictures(volumes)

    def one(link: str) -> Fetched:
        done = _fetch(link, volumes, pictures, limits)
        progress(1)
        return done

    with ThreadPoolExecutor(limits.at_once, thread_name_prefix="fetch") as pool:
        return dict(zip(wanted, pool.map(one, wanted)))


def _fetch(link: str, volumes: VolumeStore, pictures: KeptPictures, limits: FetchLimits) -> Fetched:
    name = hashlib.sha256(link.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    path = f"{FETCHED_VOLUME}/{name[:2]}/{name}.img"
    if volumes.resolve(path).is_file():
        return Fetched(path, None, False)
    reason = ""
    for attempt in range(limits.attempts):
        if attempt:
            time.sleep(_WAIT)
        try:
            return Fetched(pictures.write(path, fetch_picture(link, limits)), None, True)
        except NotNow as error:
            reason = error.message
        except BadImage as error:
            return Fetched(None, f"{link[:300]}: {error.message}", True)
    return Fetched(None, f"{link[:300]}: {reason}", True)
