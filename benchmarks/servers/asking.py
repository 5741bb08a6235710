"""What peers need to be filled: one request at a time, and rows as JSON."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any

from engine.bench.serving.load.job import Address

SECONDS = 300


def post(address: Address, target: str, body: object, method: str = "POST") -> Any:
    """The answer to one request. Raises ValueError: with status and answer, where it failed."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=SECONDS)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    try:
        connection.request(method, target, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise ValueError(f"{method} {target}: {answer.status} {text[:300]!r}")
    return json.loads(text) if text else None


def translated(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values as peers take them: no nulls, and texts for what JSON has no word for."""
    return {
        name: value if isinstance(value, (str, int, float, bool)) else str(value)
        for name, value in row.items()
        if value is not None
    }
