"""Load comes by its schedule whatever is answered, and what went wrong is counted."""

from __future__ import annotations

import numpy as np
import pytest
from support.planted_server import Planted, running

from engine.bench.serving.load.arrivals import schedule
from engine.bench.serving.load.client import Client
from engine.bench.serving.load.generator import generate
from engine.bench.serving.load.job import Call, Load, address_of
from engine.bench.statistics.intervals import percentile
from engine.errors import InvalidParameterValue

ASK = [Call("GET", "/")]


def test_a_schedule_is_the_seeds_and_has_the_rate() -> None:
    first, again = (schedule("poisson", 100, 50, seed=3) for _ in range(2))
    assert first.tolist() == again.tolist() != schedule("poisson", 100, 50, seed=4).tolist()
    gaps = np.diff(first)
    assert len(first) == 5000 and (gaps >= 0).all()
    assert abs(gaps.mean() - 0.01) < 4 * 0.01 / 5000**0.5  # four standard errors
    assert abs(gaps.std() - gaps.mean()) < 0.001  # an exponential distribution's are the same
    assert schedule("constant", 4, 1, seed=0).tolist() == [0, 0.25, 0.5, 0.75]


def test_a_bad_schedule_is_refused() -> None:
    with pytest.raises(InvalidParameterValue, match="sometimes"):
        schedule("sometimes", 1, 1, 0)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameterValue, match="rate 0"):
        schedule("constant", 0, 1, 0)


def test_a_stall_is_seen_by_the_open_loop_and_hidden_by_the_closed() -> None:
    """300 requests come in 1.5 s; a third of them while nothing is answered for half a second."""
    with running(Planted(stall_at=60)) as server:
        due = schedule("constant", 200, 1.5, seed=0)
        open_loop = generate(server.address, ASK, Load(due, clients=64))
    with running(Planted(stall_at=60)) as server:
        closed = generate(server.address, ASK, Load(clients=1, requests=300))
    assert open_loop.good.all() and closed.good.all() and len(closed.good) == 300
    assert percentile(open_loop.latencies, 99) > 400
    assert percentile(closed.latencies, 99) < percentile(open_loop.latencies, 80)
    assert closed.latencies.max() >= 500  # one request alone has met it


def test_requests_are_never_held_back_by_answers() -> None:
    """Nothing is answered until the last request has come: who waited for answers would never end."""
    with running(Planted(together=40)) as server:
        due = schedule("poisson", 400, 0.1, seed=1)
        outcome = generate(server.address, ASK, Load(due, clients=64, timeout=30))
    assert outcome.good.all() and outcome.requests == 40
    assert outcome.due.tolist() == due.tolist()
    assert (outcome.sent >= outcome.due).all()
    assert outcome.sent.max() < outcome.answered.min()


def test_waiting_for_a_free_connection_counts() -> None:
    with running(Planted(delay=0.02)) as server:
        due = schedule("constant", 1000, 0.01, seed=0)
        outcome = generate(server.address, ASK, Load(due, clients=1))
    assert outcome.connections == 1 and outcome.good.all()
    assert (np.diff(outcome.latencies) > 0).all()  # each waits for all before it


def test_errors_are_counted_and_are_no_quick_answers() -> None:
    with running(Planted(failing=10)) as server:
        outcome = generate(server.address, ASK, Load(clients=2, requests=200, timeout=7))
    assert outcome.failures() == {"500": 20} and outcome.good.sum() == 180
    assert sorted(outcome.latencies)[-20:] == [7000] * 20
    assert outcome.refusal.startswith(b'{"n": ')


def test_timeouts_and_broken_connections_are_counted() -> None:
    with running(Planted(silent=20, broken=15)) as server:
        due = schedule("constant", 200, 0.2, seed=0)
        outcome = generate(server.address, ASK, Load(due, clients=16, timeout=0.3))
    assert outcome.requests == 40
    assert outcome.failures() == {"timeout": 2, "ConnectionResetError": 2}


def test_a_server_that_is_not_there_fails_every_request_and_the_load_ends() -> None:
    with running(Planted()) as server:
        gone = server.address
    for load in (Load(schedule("constant", 50, 0.1, 0), 8), Load(clients=2, requests=4)):
        outcome = generate(gone, ASK, load)
        assert not outcome.good.any() and outcome.failures() == {
            "ConnectionRefusedError": outcome.requests
        }


def test_replies_of_the_first_calls_are_kept_by_their_number() -> None:
    calls = [Call("POST", f"/{n}", b"{}") for n in range(5)]
    with running(Planted()) as server:
        outcome = generate(server.address, calls, Load(clients=1, requests=12, kept=3))
        asked = [head.split()[1] for head in server.seen]
    assert asked == [b"/%d" % (n % 5) for n in range(12)]
    assert outcome.replies == {0: b'{"n": 1}', 1: b'{"n": 2}', 2: b'{"n": 3}'}


def test_the_client_is_a_process_of_its_own_with_its_own_processor_time() -> None:
    with running(Planted()) as server, Client() as client:
        outcome = client.ask(server.address, ASK, Load(clients=2, requests=300))
    assert outcome.good.all() and outcome.cpu_seconds > 0
    assert outcome.wall_seconds >= outcome.answered.max()


def test_an_address_carries_a_token_and_does_not_show_it() -> None:
    address = address_of("https://cloud.example", {"Authorization": "Bearer secret"})
    assert (address.host, address.port, address.is_secure) == ("cloud.example", 443, True)
    assert "secret" not in repr(address)
    written = Call("POST", "/a", b"{}").written(address).decode()
    assert "Authorization: Bearer secret\r\n" in written and written.endswith("\r\n\r\n{}")
    assert "Content-Length: 2\r\n" in written
    for wrong in ("cloud.example", "ftp://a", "http://a/b", "http://"):
        with pytest.raises(InvalidParameterValue, match="without a path"):
            address_of(wrong)
