"""The page of a small shop, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.browser import browser_of, served_page
from support.storefront import built_shop

from engine import Workspace


@pytest.fixture(
    scope="module"
)  # whose event loop, which the next tests' own can't stand beside, ends
def browser() -> Iterator[Any]:
    """Chromium; a test that asks for it is skipped where it, or the extra `browser`, is missing."""
    with browser_of() as made:
        yield made


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A shop of 40 products, for tests that only read."""
    return built_shop(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="session")
def address(shop: Workspace) -> Iterator[str]:
    """Where the shop is served, to everybody."""
    with served_page(shop) as url:
        yield url
