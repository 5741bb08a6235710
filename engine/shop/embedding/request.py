"""What an embedding is asked to be. Knows arguments; not tables or models."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from engine.errors import InvalidInputException
from engine.shop.names import PRODUCTS

WITH_PHOTO, ALL = "with_photo", "all"
TEXT_INDEXES = (WITH_PHOTO, ALL)  # which products the text index holds


@dataclass(frozen=True)
class EmbedRequest:
    """The embedding of a table of products, as it was asked for.

    Attributes:
        table: its name; one or two parts are completed by the default catalog and schema.
        encoder: name of the encoder, see `load_encoder`; None for the workspace's default.
        recipe: how a product's text is put together: "full-v1", "short-v1", or a template over the
            columns such as "{title} in {colour}"; None for what the table's catalogue says.
        limit_photos: embed only the first so many products that have a photo.
        primary_key: the table's column of keys; None for what the table's catalogue says.
        text_index: "with_photo", or "all" for a table of all products that have a text, also those
            without a photo: `product_embeddings_text`.
    """

    table: str = PRODUCTS
    _: KW_ONLY
    encoder: str | None = None
    recipe: str | None = None
    limit_photos: int | None = None
    primary_key: str | None = None
    text_index: str = WITH_PHOTO

    def check(self) -> None:
        """Refuse what no table can make right.

        Raises:
            InvalidInputException: a limit below 1, or another word for the text index.
        """
        if self.limit_photos is not None and self.limit_photos < 1:
            raise InvalidInputException(
                f"limit_photos is {self.limit_photos}; expected at least 1."
            )
        if self.text_index not in TEXT_INDEXES:
            raise InvalidInputException(
                f"text_index is {self.text_index!r}; expected {' or '.join(TEXT_INDEXES)}."
            )
