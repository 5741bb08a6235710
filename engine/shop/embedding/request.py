"""What an embedding is asked to be. Knows arguments; not tables or models."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from engine.errors import InvalidInputException
from engine.settings import DEFAULT_KEY
from engine.shop.embedding.recipes import DEFAULT_RECIPE, check_recipe
from engine.shop.names import PRODUCTS


@dataclass(frozen=True)
class EmbedRequest:
    """The embedding of a table of products, as it was asked for.

    Attributes:
        table: its name; one or two parts are completed by the default catalog and schema.
        encoder: name of the encoder, see `load_encoder`; None for the workspace's default.
        recipe: how a product's text is put together, "full-v1" or "short-v1".
        limit_photos: embed only the first so many products that have a photo.
        primary_key: the table's column of keys.
    """

    table: str = PRODUCTS
    _: KW_ONLY
    encoder: str | None = None
    recipe: str = DEFAULT_RECIPE
    limit_photos: int | None = None
    primary_key: str = DEFAULT_KEY

    def check(self) -> None:
        """Refuse what no table can make right.

        Raises:
            InvalidInputException: a limit below 1. InvalidParameterValue: an unknown recipe.
        """
        if self.limit_photos is not None and self.limit_photos < 1:
            raise InvalidInputException(
                f"limit_photos is {self.limit_photos}; expected at least 1."
            )
        check_recipe(self.recipe)
