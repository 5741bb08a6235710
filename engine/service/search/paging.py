"""Pages of a query: their tokens, the rankings that are kept for them, and how one is cut.

A page token holds all that its page needs: where its ranking is not kept any more (another process, a
restart, too many others since), the query is ranked again.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from engine.core.query import PAGE_ROWS, Query
from engine.core.query_request import QueryRequest
from engine.core.reply import decode_token, encode_token, invalid_token, token_value
from engine.core.schema import IndexSpec
from engine.errors import BadRequest, InvalidParameterValue
from engine.service.search.hits import Hit, fetch_rows
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout
from engine.store.secret import workspace_secret
from engine.store.segments.finished_rows import Form, Row
from engine.threads import ThreadLock

MAX_BYTES = 64 << 20  # of all rankings together
_RESULT_BYTES = 24  # part, row and score


@dataclass(frozen=True)
class PageRequest:
    """One page of a query: of which version of which index, and from which result on.

    Attributes:
        request: the query as it was asked.
        query: the same, checked, with its vector where it needs one.
        offset: results that earlier pages have returned.
    """

    spec: IndexSpec
    version: Version
    request: QueryRequest
    query: Query
    offset: int = 0

    @functools.cached_property
    def state(self) -> dict[str, Any]:
        """What a token holds beside its offset: the whole query, and a name for its ranking."""
        asked = asdict(self.request)
        # The vector that the text was encoded to stands for what was asked with.
        del asked["query_vector"], asked["name"]
        asked["text"] = asked.pop("query_text")
        state = {
            "index": self.spec.id,
            "version": self.version.number,
            "vector": base64.b64encode(self.query.vector.astype("<f4").tobytes()).decode(),
            "request": asked,
        }
        text = json.dumps(state, sort_keys=True, default=token_value).encode()
        return {**state, "ranking": hashlib.blake2b(text, digest_size=16).hexdigest()}

    @staticmethod
    def of_state(state: Mapping[str, Any], spec: IndexSpec, versions: VersionStore) -> PageRequest:
        """The page that a token stands for.

        Raises:
            KeyError, ValueError, TypeError, BadRequest: not the state of a token of this index.
            FileNotFoundError: the version is gone.
        """
        if state["index"] != spec.id:
            raise KeyError("index")
        version = versions.get(state["version"])
        vector = np.frombuffer(base64.b64decode(state["vector"]), dtype="<f4").tolist()
        asked = dict(state["request"])
        text = asked.pop("text")
        request = QueryRequest(spec.name, query_vector=vector, query_text=text, **asked)
        # Only ANN has more pages than one; the vector stands for the text that was encoded.
        query = replace(request, query_text=None).checked(spec, version.columns)
        return PageRequest(spec, version, request, query, int(state["offset"]))


@dataclass(frozen=True)
class Ranking:
    """All results of a query in order, and what its reply says beside them.

    Attributes:
        parts, rows, scores: (n,) each: the part of the version, its row there, and its score.
        facets: counted over all results, or None.
        plans, warnings: as in `Timings`.
    """

    parts: array[int]
    rows: array[int]
    scores: array[float]
    facets: list[list[Any]] | None
    plans: tuple[str, ...]
    warnings: tuple[str, ...]

    @staticmethod
    def of(
        hits: Sequence[Hit],
        facets: list[list[Any]] | None,
        plans: Sequence[str],
        warnings: Sequence[str],
    ) -> Ranking:
        """The ranking that hits are, best first."""
        parts, rows, _, scores, _ = zip(*hits) if hits else ((),) * 5
        arrays = array("q", parts), array("q", rows), array("d", scores)
        return Ranking(*arrays, facets, tuple(plans), tuple(warnings))

    def __len__(self) -> int:
        return len(self.rows)

    def page(
        self, version: Version, columns: Sequence[str], offset: int, form: Form | None = None
    ) -> list[Row]:
        """Column values and score of the results of one page, which starts at `offset`.

        Args:
            form: what is made of a column's values; None for the values as they are stored.
        """
        cut = slice(offset, offset + PAGE_ROWS)
        rows = fetch_rows(version, self.parts[cut], self.rows[cut].tolist(), columns, form)
        return [(*row, score) for row, score in zip(rows, self.scores[cut])]

    @property
    def nbytes(self) -> int:
        """About what it takes in memory."""
        small = 1024 + 512 * len(self.facets or ())
        return _RESULT_BYTES * len(self.rows) + small


class Rankings:
    """The rankings used last, as many as fit. Safe to use from many threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Ranking] = OrderedDict()
        self.nbytes = 0
        self._lock = ThreadLock()

    def get(self, key: str) -> Ranking | None:
        """The ranking of a query, if it is kept still."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, ranking: Ranking) -> None:
        """Keep a ranking, in place of those not used for longest."""
        with self._lock:
            before = self._kept.pop(key, None)
            self.nbytes += ranking.nbytes - (before.nbytes if before is not None else 0)
            self._kept[key] = ranking
            while self.nbytes > self._max_bytes:
                _, oldest = self._kept.popitem(last=False)
                self.nbytes -= oldest.nbytes


class Pages:
    """Tokens and kept rankings of one workspace's queries. Safe to use from many threads."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._rankings = Rankings()

    @functools.cached_property
    def _secret(self) -> bytes:
        return workspace_secret(self._layout)

    def read(self, token: str, spec: IndexSpec, versions: VersionStore) -> PageRequest:
        """The page that a token stands for.

        Raises:
            InvalidParameterValue: not a token of this index, in the service's text; or its version is
                gone.
        """
        state = decode_token(token, self._secret)
        try:
            return PageRequest.of_state(state, spec, versions)
        except FileNotFoundError:
            raise InvalidParameterValue(
                f"Invalid page token: the index {spec.name} changed since that page, whose version "
                f"{state['version']} is not kept any more. Ask the query again, from its first page."
            ) from None
        except (KeyError, ValueError, TypeError, BadRequest):
            raise invalid_token(token) from None

    def token_after(self, page: PageRequest, ranking: Ranking) -> str:
        """The token of the page behind this one; empty where this is the last."""
        offset = page.offset + PAGE_ROWS
        if offset >= len(ranking):
            return ""
        return encode_token({**page.state, "offset": offset}, self._secret)

    def ranking_of(self, page: PageRequest) -> Ranking | None:
        """The ranking that an earlier page of the query was cut from, if it is kept still."""
        return self._rankings.get(page.state["ranking"]) if page.offset else None

    def keep(self, page: PageRequest, ranking: Ranking) -> None:
        """Keep a ranking for the query's next pages, where it has any."""
        if len(ranking) > PAGE_ROWS:
            self._rankings.put(page.state["ranking"], ranking)
