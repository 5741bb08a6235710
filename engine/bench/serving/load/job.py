"""What the process that makes load is given, and what it gives back. Knows HTTP's text; no sockets."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np

from engine.errors import InvalidParameterValue

TIMED_OUT, BROKEN = 0, -1  # in place of a status, where no answer came
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """Where a server is. `headers` go with each request; they may hold a token and are not shown."""

    host: str
    port: int
    is_secure: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def tls(self) -> ssl.SSLContext | None:
        """The context of a secure connection, by the system's authorities; None for plain HTTP."""
        return ssl.create_default_context() if self.is_secure else None


def address_of(url: str, headers: Mapping[str, str] | None = None) -> Address:
    """Raises InvalidParameterValue: not `http://HOST[:PORT]` or `https://...`, without a path."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise InvalidParameterValue(
            f"url {url!r}; expected http://HOST:PORT or https://HOST, without a path"
        )
    port = parts.port or PORTS[parts.scheme]
    return Address(parts.hostname, port, parts.scheme == "https", dict(headers or {}))


@dataclass(frozen=True)
class Call:
    """One request: its method, its path with the query, and its body, JSON where there is one."""

    method: str
    target: str
    body: bytes = b""

    def written(self, address: Address) -> bytes:
        """The bytes that are sent, head and body; made before the load begins."""
        headers = {"Host": f"{address.host}:{address.port}", **address.headers}
        if self.body or self.method == "POST":
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True)
class Load:
    """How requests are made; they go round the calls in their order.

    Attributes:
        arrivals: (n,) seconds at which they are due, whatever came back (an open loop); None for a
            closed loop, where each client asks again as soon as it was answered.
        clients: connections of a closed loop; the most that an open loop opens. A request that is due
            while all are busy waits, and its waiting counts.
        seconds: after which a closed loop asks no more. requests: or after so many.
        timeout: seconds after which a request is given up, and its connection with it.
        kept: replies of the first so many calls are kept, one each.
    """

    arrivals: np.ndarray | None = None
    clients: int = 1
    seconds: float = 1.0
    requests: int | None = None
    timeout: float = 10.0
    kept: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of each request, in the order in which they were due; times in seconds.

    Attributes:
        due, sent, answered: (n,) from the start; nan where it wasn't sent, or not answered.
        status: (n,) HTTP statuses, `TIMED_OUT` or `BROKEN`.
        replies: bodies of good answers by the number of their call.
        refusal: the body of the first answer that was no good one; b"" for none.
        broken: how often which exception broke a connection.
        cpu_seconds: that the process which made the load computed for it, both user and system.
        wall_seconds: from the start to the last answer.
        connections: opened in all.
    """

    due: np.ndarray
    sent: np.ndarray
    answered: np.ndarray
    status: np.ndarray
    timeout: float
    replies: Mapping[int, bytes]
    refusal: bytes
    broken: Mapping[str, int]
    cpu_seconds: float
    wall_seconds: float
    connections: int

    @property
    def requests(self) -> int:
        return len(self.status)

    @property
    def good(self) -> np.ndarray:
        """(n,) bool: answered with a status of 200 to 299."""
        return (self.status >= 200) & (self.status < 300)

    @property
    def latencies(self) -> np.ndarray:
        """(n,) milliseconds from when a request was due to its answer.

        One that failed counts with the time limit, however soon it failed: an error is no quick answer.
        """
        milliseconds: np.ndarray = 1000 * np.where(
            self.good, self.answered - self.due, self.timeout
        )
        return milliseconds

    @property
    def delays(self) -> np.ndarray:
        """(m,) milliseconds by which requests were sent after they were due; those that were sent."""
        was_sent = np.isfinite(self.sent)
        milliseconds: np.ndarray = 1000 * (self.sent[was_sent] - self.due[was_sent])
        return milliseconds

    def failures(self) -> dict[str, int]:
        """How many failed how: by status, `timeout`, or the exception that broke a connection."""
        failed = self.status[~self.good & (self.status != BROKEN)]
        counted = Counter("timeout" if one == TIMED_OUT else str(one) for one in failed.tolist())
        return {**dict(sorted(counted.items())), **self.broken}
