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

# How long what the cloud takes its time for lasts with the pace "cloud", in seconds. All assumed, and
# shorter than the cloud's minutes, but for the writes: the vendor's own tests plan 2 to 3 seconds.
CLOUD_ENDPOINT_SECONDS = 30.0  # an endpoint is made, stopped or started
CLOUD_SETUP_SECONDS = 10.0  # a pipeline's resources are set up, before each sync of an index
CLOUD_SYNC_SECONDS = 20.0  # the rows of a sync are taken over
CLOUD_FOLLOW_SECONDS = 10.0  # a CONTINUOUS index shows a change of its table
CLOUD_WRITE_SECONDS = 2.5  # an upsert or deletion is seen by queries
CLOUD_SERVING_SECONDS = 40.0  # a serving endpoint's configuration is deployed
