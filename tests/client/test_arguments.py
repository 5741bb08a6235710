"""A method of one object is called with its fields, as if they had been written out."""

from __future__ import annotations

import inspect
from dataclasses import KW_ONLY, dataclass

import pytest

from engine import AISearchClient, AISearchIndex, AsyncAISearchIndex
from engine.doors.arguments import taking


@dataclass(frozen=True)
class Order:
    """What `buy` takes.

    Attributes:
        what: a product. many: how many of it.
    """

    what: str
    many: int = 1
    _: KW_ONLY
    gift: bool = False


class Shop:
    @taking(Order)
    def buy(self, given: Order) -> str:
        """Buy something."""
        return f"{given.many} {given.what}{' as a gift' if given.gift else ''}"


def test_arguments_come_by_place_and_by_name() -> None:
    assert Shop().buy("shirt") == "1 shirt"
    assert Shop().buy("shirt", 2, gift=True) == "2 shirt as a gift"
    assert Shop().buy(many=3, what="hats") == "3 hats"


def test_the_signature_is_that_of_a_method_with_the_fields() -> None:
    def buy(self, what: str, many: int = 1, *, gift: bool = False) -> str: ...  # type: ignore[no-untyped-def, empty-body]

    assert inspect.signature(Shop.buy) == inspect.signature(buy)


def test_the_documentation_is_the_methods_and_then_that_of_the_fields() -> None:
    expected = "Buy something.\n\nArgs:\n    what: a product. many: how many of it."
    assert inspect.getdoc(Shop.buy) == expected


def test_a_call_with_wrong_arguments_names_the_method() -> None:
    with pytest.raises(TypeError, match=r"^Shop\.buy\(\) got an unexpected keyword argument 'wh'$"):
        Shop().buy(wh="shirt")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^Shop\.buy\(\) missing 1 required positional argument"):
        Shop().buy()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "method",
    [
        AISearchIndex.similarity_search,
        AISearchClient.create_delta_sync_index,
        AISearchClient.create_delta_sync_index_and_wait,
        AsyncAISearchIndex.similarity_search,
    ],
)
def test_a_mirrored_method_describes_its_arguments(method: object) -> None:
    assert "\n\nArgs:\n    " in (inspect.getdoc(method) or "")


@pytest.mark.parametrize("name", ["describe", "sync", "scan", "upsert", "delete"])
def test_an_awaited_method_says_what_the_sync_one_says(name: str) -> None:
    awaited, own = getattr(AsyncAISearchIndex, name), getattr(AISearchIndex, name)
    assert (
        inspect.getdoc(awaited) == f"Awaited, as `AISearchIndex.{name}`.\n\n{inspect.getdoc(own)}"
    )
    assert awaited.__qualname__ == f"AsyncAISearchIndex.{name}"
    assert inspect.signature(awaited) == inspect.signature(own)
