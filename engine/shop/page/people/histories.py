"""What a user did, as small pictures. Knows interactions; not HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.names import IMAGE_PATH
from engine.shop.page.cards import PHOTO_PIXELS, photo_url, product_url, title_of
from engine.shop.page.people.address import PersonAsked
from engine.shop.people.histories import History, Interaction

SHOWN = 10  # at first


@dataclass(frozen=True)
class Deed:
    """One interaction.

    Attributes:
        href, photo: None where the product, or its photo, is gone. kind: such as like.
        time: ISO 8601, "" where none is known. day: the same for readers without scripts.
    """

    key: str
    title: str
    href: str | None
    photo: str | None
    kind: str
    time: str
    day: str


@dataclass(frozen=True)
class Deeds:
    """A page of them, the latest first.

    Attributes:
        next_url: of the next ones as a part, next_page: as a page; None on the last.
        made_up: whether all are the demo's own. is_mine: whether they are the visitor's, who can take
            them back.
    """

    items: Sequence[Deed]
    total: int
    next_url: str | None
    next_page: str | None
    made_up: bool
    is_mine: bool


def deeds(history: History, asked: PersonAsked, catalogue: Catalogue) -> Deeds:
    """What a user did, as it is shown."""
    at = history.next_offset
    further = None if at is None else replace(asked, earlier=at)
    return Deeds(
        [_deed(item, catalogue) for item in history.items],
        history.total,
        None if further is None else further.part_url("history"),
        None if further is None else further.url(),
        bool(history.items) and all(item.source == "made_up" for item in history.items),
        asked.is_me,
    )


def _deed(item: Interaction, catalogue: Catalogue) -> Deed:
    product, time = item.product, item.time
    has_photo = product is not None and product.get(IMAGE_PATH)
    return Deed(
        str(item.key),
        f"product {item.key}, gone" if product is None else title_of(product, item.key, catalogue),
        None if product is None else product_url(item.key),
        photo_url(item.key, PHOTO_PIXELS // 2) if has_photo else None,
        item.kind,
        "" if time is None else time.isoformat(),
        "" if time is None else f"{time:%Y-%m-%d}",
    )
