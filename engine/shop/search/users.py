"""The vectors of users, from the table of their styles. Knows that table; not how it is made."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.core.arrays import Vector
from engine.core.names import table_name
from engine.errors import InvalidState, NotFound
from engine.shop.names import USER_FEATURES
from engine.store.tables.table_store import TableStore

_KEY, _VECTOR = "user_id", "user_embedding"


class UserVectors:
    """What each user likes, as a vector in the space of products. Safe to use from many threads."""

    def __init__(self, tables: TableStore) -> None:
        self._tables = tables
        self._state: object = None
        self._vectors: Mapping[str, Any] = {}
        self._lock = threading.Lock()

    def of(self, user: str) -> Vector:
        """A user's vector, (d,) float32.

        Raises:
            NotFound: no such user, or no table of users. InvalidState: the table lacks its columns.
        """
        table = self._tables.get(table_name(USER_FEATURES))
        with self._lock:
            state = table.state()
            if state != self._state:
                lost = [name for name in (_KEY, _VECTOR) if name not in table.schema.names]
                if lost:
                    raise InvalidState(f"Table {table.name} has no column {', '.join(lost)}.")
                rows = table.read([_KEY, _VECTOR])
                self._vectors = dict(zip(rows[_KEY].to_pylist(), rows[_VECTOR].to_pylist()))
                self._state = state
            vector = self._vectors.get(user)
        if vector is None:
            raise NotFound(f"User {user!r:.80} is not in table {table.name}.")
        return np.array(vector, dtype=np.float32)
