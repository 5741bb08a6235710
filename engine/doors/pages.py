"""The pages of a query's reply joined to one, for doors that hand out no page tokens. Knows replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def join_pages(reply: dict[str, Any], next_page: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The reply with the rows of all its pages, in their order, and without a page token.

    Args:
        reply: the first page; it is changed.
        next_page: the page that a token stands for.
    """
    token = reply.pop("next_page_token", "")
    while token:
        page = next_page(token)
        reply["result"]["row_count"] += page["result"]["row_count"]
        reply["result"]["data_array"] += page["result"]["data_array"]
        token = page.get("next_page_token", "")
    return reply
