"""Made-up prices for catalogues that have none. Knows hashing; not files.

The public fashion data has no price, and the shop's filters and rules need one. These prices are
invented: the same product always gets the same one, article types differ in level and spread, and
the distribution is log-normal-like within 0 to 299.95.
"""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

MAX_PRICE = 299.95
_LOWEST_MEDIAN, _HIGHEST_MEDIAN = 12.0, 110.0  # medians of article types, in the shop's currency
_NORMAL = NormalDist()


def _uniform(*parts: object) -> float:
    """A number in (0, 1) fixed by its arguments."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64


def made_up_price(product_id: int, article_type: str | None) -> float:
    """An invented price, rounded to cents, at least 0.95 and at most 299.95.

    Args:
        product_id: the key; decides the place within the article type's distribution.
        article_type: decides the median (12 to 110, log-uniform) and the spread (0.35 to 0.65).
    """
    kind = (article_type or "").strip().lower()
    span = math.log(_HIGHEST_MEDIAN / _LOWEST_MEDIAN)
    median = _LOWEST_MEDIAN * math.exp(span * _uniform("median", kind))
    spread = 0.35 + 0.30 * _uniform("spread", kind)
    price = median * math.exp(spread * _NORMAL.inv_cdf(_uniform("price", kind, product_id)))
    return round(min(max(price, 0.95), MAX_PRICE), 2)
