"""Pages of lists of names, and the fields that ask for one. Knows order; not things.

The token of a page is the last name of the page before, so that a page stays right while things are
made and deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.doors.rest.fields import Field, Values, ignored
from engine.doors.rest.routing import Json
from engine.errors import InvalidParameterValue

BASE = "/api/2.1/unity-catalog"
LARGEST_PAGE = 10_000
PAGING = (
    Field("max_results", "integer"),
    Field("page_token", "string"),
    *ignored("include_browse"),  # whoever asks here may see everything
)
FORCE = Field("force", "boolean")
IN_SCHEMA = (
    Field("catalog_name", "string", required=True),
    Field("schema_name", "string", required=True),
)


def page_of(names: Sequence[str], query: Values) -> tuple[Sequence[str], Json]:
    """The names of the page that a query asks for, and the reply's `next_page_token` if more follow.

    Raises:
        InvalidParameterValue: a page of less than no names.
    """
    after, most = query.get("page_token", ""), query.get("max_results", 0)
    if most < 0:
        raise InvalidParameterValue(f"max_results is {most}; expected 1 or more, or 0 for all.")
    left = [name for name in names if name > after]
    page = left[: min(most or LARGEST_PAGE, LARGEST_PAGE)]
    return page, {"next_page_token": page[-1]} if len(page) < len(left) else {}
