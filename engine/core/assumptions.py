"""Numbers that the cloud documents, or that are assumed where its documents leave them open.

What else is assumed is listed in the table of differences, which the README names.
"""

from __future__ import annotations

RRF_K = 60  # documented: each list gives 1 / (60 + rank)
RRF_BEST = 2.0 / (RRF_K + 1)  # assumed: fused scores are divided by what first in both lists gets
FUSED_ROWS = 200  # assumed: rows of each list that are fused, whatever num_results is
BM25_K1 = 1.2  # assumed: the usual parameters
BM25_B = 0.75
RERANKED_ROWS = 50  # documented
RERANKED_CHARACTERS = 2000  # documented
MAX_TEXT = 32_764  # characters of a query text; documented
MAX_SOURCE_BYTES = 32_764  # bytes of a text that is encoded for a row; documented
RETRY_SECONDS = 60  # between tries of rows that a model failed on, where a CONTINUOUS index is read
MAX_HYBRID_WORDS = 1024  # documented
MAX_SCANNED_ROWS = 10_000  # rows of one scan page; assumed: as many as a query gives
