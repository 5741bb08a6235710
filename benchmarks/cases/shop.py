"""The built catalogue that several cases ask: built once a run, where --shop names a folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from case import Options, folder
from served import served

from engine import Workspace

PHOTOS = "/Volumes/main/fashion_demo/raw_data/images"
INDEX = "main.fashion_demo.vs_hybrid_search"  # the last that a build makes


@contextmanager
def built_shop(options: Options) -> Iterator[Workspace]:
    """The shop with the embedded model: of --shop, built there if there is none, else for once."""
    if options.shop is None:
        with folder() as temporary:
            yield _built(temporary / "ws", options)
    else:
        yield _built(options.shop, options)


@contextmanager
def own_shop(options: Options) -> Iterator[Workspace]:
    """A copy of the shop without its cache, for a case that writes."""
    with built_shop(options) as shop, folder() as temporary:
        top = str(shop.path)
        shutil.copytree(
            top, temporary / "ws", ignore=lambda path, _: {"cache"} if path == top else set()
        )
        yield Workspace(temporary / "ws")


@contextmanager
def served_shop(options: Options) -> Iterator[tuple[Workspace, int]]:
    """The shop, and the port of a server over it, a process of its own."""
    with built_shop(options) as shop, served(Path(shop.path)) as (port, _):
        yield shop, port


def is_of(shop: Workspace, images: Path) -> bool:
    """Whether the shop was built of these photos."""
    return shop.volumes.resolve(f"{PHOTOS}/any.jpg").parent == images.resolve()


def _built(path: Path, options: Options) -> Workspace:
    shop = Workspace(path)
    if not shop.registry.exists(INDEX):
        shop.build(options.styles, options.images)
    return shop
