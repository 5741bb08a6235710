"""Which calls meet a fault, what is refused when one is asked for, and what is recorded."""

from __future__ import annotations

import threading
import time
import warnings
from typing import Any

import pytest

from engine.doors.faults.asked import ask
from engine.doors.faults.calls import Call
from engine.doors.faults.faults import Faults, UnusedFault
from engine.doors.faults.kinds import PartialUpsert, Refusal
from engine.doors.faults.operations import known_operations, operation_of
from engine.doors.faults.partial import SplitRows, split_body
from engine.errors import InvalidInputException

QUERY = "/api/2.0/vector-search/indexes/main.shop.docs/query"


def meets(faults: Faults, operation: str = "query_index", path: str = QUERY) -> str | None:
    """What a call meets, in words."""
    found = faults.take(faults.begin(Call(operation, "GET", path)))
    return None if found is None else str(found)


def test_the_next_calls_of_an_operation_meet_a_fault_and_later_ones_pass() -> None:
    faults = Faults()
    faults.fail("query_index", times=2, status=429)
    assert [meets(faults), meets(faults, "get_index"), meets(faults), meets(faults)] == [
        "429", None, "429", None,
    ]  # fmt: skip


def test_rules_take_turns_in_the_order_in_which_they_were_asked_for() -> None:
    faults = Faults()
    faults.fail("query_index", status=429)
    faults.reset("query_*")
    faults.fail("*", times=None, status=500)
    assert [meets(faults) for _ in range(4)] == ["429", "reset", "500", "500"]


def test_calls_pass_before_a_fault_that_comes_later() -> None:
    faults = Faults()
    faults.fail("query_index", after=2)
    assert [meets(faults) for _ in range(4)] == [None, None, "503", None]


@pytest.mark.parametrize(
    "target",
    ["query_index", "query*", "*", "GET /api/2.0/*/query", "/api/2.0/*docs/query", "* /api/*"],
)
def test_names_patterns_and_routes_mean_calls(target: str) -> None:
    faults = Faults()
    faults.fail(target)
    assert meets(faults) == "503"


@pytest.mark.parametrize("target", ["get_index", "POST /api/2.0/*/query", "/api/2.0/*/other/query"])
def test_others_are_not_meant(target: str) -> None:
    faults = Faults()
    faults.fail(target)
    assert meets(faults) is None


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("query_indx", "Did you mean query_index?"),
        ("similarity_search", "Did you mean query_index?"),
        ("upsert", r"Did you mean upsert_data\*?"),
        ("zzzz", "Operations: .*query_index"),
        ("", "expected its name"),
        (None, "expected its name"),
        ("FETCH /api/x", "expected a method"),
        ("GET api/x", "begins with a slash"),
    ],
)
def test_unknown_operations_are_refused_with_a_suggestion(target: Any, words: str) -> None:
    with pytest.raises(InvalidInputException, match=words):
        Faults().fail(target)
    with pytest.raises(InvalidInputException, match=words):
        Faults().calls.of(target)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("fail", {"times": 0}, "times is 0"),
        ("fail", {"times": True}, "times is True"),
        ("fail", {"after": -1}, "after is -1"),
        ("fail", {"status": 200}, "expected 400 to 599"),
        ("fail", {"status": "429"}, "expected 400 to 599"),
        ("fail", {"retry_after": 0.5}, "whole seconds"),
        ("slow", {"seconds": -1}, "seconds is -1"),
        ("slow", {"seconds": float("nan")}, "seconds is nan"),
        ("slow", {"seconds": True}, "seconds is True"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(kind: str, given: Any, words: str) -> None:
    faults = Faults()
    with pytest.raises(InvalidInputException, match=words):
        getattr(faults, kind)("query_index", **given)
    assert faults.rules == []


def test_partial_upserts_and_tokens_say_what_they_need() -> None:
    faults = Faults()
    for given in ({}, {"keys": [1], "share": 0.5}):
        with pytest.raises(InvalidInputException, match="keys= or share="):
            faults.partial_upsert(**given)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputException, match="expected a list of keys"):
        faults.partial_upsert(keys="abc")
    with pytest.raises(InvalidInputException, match="up to 1"):
        faults.partial_upsert(share=1.5)
    with pytest.raises(InvalidInputException, match="writes no rows"):
        faults.partial_upsert(keys=[1], operation="query_index")
    with pytest.raises(InvalidInputException, match="expected 401 or 403"):
        faults.expire_token(status=500)


def test_the_rate_limits_body_is_the_clouds() -> None:
    body = Refusal(429, retry_after=2).body("id")
    assert body["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert "exceeded the rate limit. Please retry" in body["message"]
    assert Refusal(429, retry_after=2).headers == {"Retry-After": "2"}
    own = Refusal(418, code="TEAPOT", message="short and stout").body()
    assert (own["error_code"], own["message"]) == ("TEAPOT", "short and stout")


@pytest.mark.parametrize(
    ("fault", "failing"),
    [
        (PartialUpsert(keys=frozenset({"2", "x"})), ["2"]),
        (PartialUpsert(share=0.5), ["0", "2", "4", "6", "8"]),
        (PartialUpsert(share=0.01), ["0"]),
        (PartialUpsert(share=1), [str(n) for n in range(10)]),
    ],
)
def test_which_rows_fail_is_decided_beforehand(fault: PartialUpsert, failing: list[str]) -> None:
    rows = [{"id": n} for n in range(10)]
    split = SplitRows.of(rows, "id", fault)
    assert split.failed == failing
    assert [str(row["id"]) for row in split.kept] == [
        str(n) for n in range(10) if str(n) not in failing
    ]


def test_a_seed_chooses_the_same_rows_again() -> None:
    rows = [{"id": n} for n in range(100)]
    first, again, other = (
        SplitRows.of(rows, "id", PartialUpsert(share=0.1, seed=seed)).failed for seed in (1, 1, 2)
    )
    assert first == again != other
    assert len(first) == 10


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"inputs_json": 1}', b'{"inputs_json": "[1]"}']
)
def test_a_body_without_rows_is_left_to_its_route(body: bytes) -> None:
    _, split = split_body(body, "id", PartialUpsert(share=1))
    assert split.failed == []
    assert split.answer({"status": "SUCCESS"}) == {"status": "SUCCESS"}


def test_an_upsert_of_which_nothing_is_left_failed() -> None:
    reply = {"status": "SUCCESS", "result": {"success_row_count": 0}}
    answer = SplitRows([], ["1", "2"]).answer(reply)
    assert answer["status"] == "FAILURE"
    assert answer["result"] == {"success_row_count": 0, "failed_primary_keys": ["1", "2"]}


def test_calls_are_shown_and_filtered() -> None:
    faults = Faults()
    faults.fail("query_index", status=429)
    for operation, content in (("get_index", b""), ("query_index", b'{"num_results": 3}')):
        call = faults.begin(Call(operation, "GET", QUERY, content=content))
        found = faults.take(call)
        faults.finish(call, 429 if found else 200)
    calls = faults.calls
    assert calls.operations == ["get_index", "query_index"]
    assert calls.of("query*").statuses == calls.faulty.statuses == [429]
    assert calls[-1].body == {"num_results": 3}
    assert calls[0].body is None
    assert len(calls[:1]) == 1 and len(calls.gaps) == 1
    assert repr(calls).splitlines()[0] == "2 calls:"
    assert "query_index" in repr(calls) and "429 (429)" in repr(calls)
    assert repr(faults.calls.of("sync_index")) == "no calls"
    faults.forget_calls()
    assert len(faults.calls) == 0


def test_bodies_that_are_no_json_are_kept() -> None:
    form = Call(
        "t", "POST", "/", content=b"a=1&b=x+y", content_type="application/x-www-form-urlencoded"
    )
    assert form.body == {"a": "1", "b": "x y"}
    assert Call("t", "POST", "/", content=b"\xff\x00").body == b"\xff\x00"
    assert Call("t", "POST", "/", content=b"\xff").as_dict()["body"] == "\ufffd"


def test_a_fault_that_no_call_met_is_told() -> None:
    faults = Faults()
    faults.fail("query_index")
    rule = faults.fail("sync_index")
    meets(faults)
    assert faults.unused == [rule]
    with pytest.warns(UnusedFault, match="sync_index: 503"):
        faults.tell_unused()
    meets(faults, "sync_index")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        faults.tell_unused()


def test_closed_faults_let_calls_pass_and_end_waits() -> None:
    faults = Faults()
    faults.fail("*", times=None)
    began = time.monotonic()
    waiting = threading.Thread(target=faults.wait, args=(60,))
    waiting.start()
    faults.close()
    waiting.join(10)
    assert not waiting.is_alive() and time.monotonic() - began < 10
    assert meets(faults) is None
    told: list[int] = []
    faults.when_closed(lambda: told.append(1))
    assert told == [1]


def test_many_threads_meet_as_many_faults_as_were_asked_for() -> None:
    faults = Faults()
    faults.fail("query_index", times=50)
    met: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: met.extend(meets(faults) for _ in range(40)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met.count("503") == 50
    assert len(faults.calls) == len(met) == 320


def test_rules_of_json_are_those_of_the_methods() -> None:
    faults = Faults()
    given = [
        {"kind": "fail", "operation": "query_index", "status": 429, "retry_after": 1, "times": 2},
        {"kind": "slow", "operation": "invocations", "seconds": 0.5},
        {"kind": "reset", "operation": "*", "mid_answer": True, "times": None},
        {"kind": "expire_token", "lifetime": 1},
        {"kind": "partial_upsert", "keys": [1, "b"]},
    ]
    assert [str(rule.fault) for rule in ask(faults, given)] == [
        "429", "slow by 0.5 s", "closed mid-answer", "token for 1 s", "rows fail: 1, b",
    ]  # fmt: skip
    assert len(faults.rules) == 5


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("x", "expected an object"),
        ({"operation": "query_index"}, "kind is None"),
        ({"kind": "explode"}, "expected one of fail, slow"),
        ({"kind": "fail"}, "operation is missing"),
        ({"kind": "fail", "operation": "query_index", "state": 1}, "Did you mean status?"),
        ({"kind": "partial_upsert", "keys": "abc"}, "expected a list of keys"),
        ({"kind": "partial_upsert", "share": 0.5, "seed": []}, "seed is .*expected a whole number"),
        ({"kind": "partial_upsert", "keys": [1], "seed": 1}, "seed is 1.*with share= alone"),
        ({"kind": "fail", "operation": "*", "message": 5}, "message is 5; expected a text"),
        ({"kind": "fail", "operation": "*", "code": ["A"]}, "code is .*expected a text"),
        ({"kind": "reset", "operation": "*", "mid_answer": "no"}, "mid_answer is 'no'"),
        ({"kind": "slow", "operation": "*", "seconds": 1e300}, "expected seconds, 0 to 86,400"),
        ({"kind": "expire_token", "operation": "get_index", "lifetime": 5}, "leave one of them"),
    ],
)
def test_json_that_means_nothing_is_refused_whole(values: Any, words: str) -> None:
    faults = Faults()
    with pytest.raises(InvalidInputException, match=words):
        ask(faults, [{"kind": "fail", "operation": "query_index"}, values])
    assert faults.rules == []


def test_operations_are_found_by_their_address() -> None:
    assert operation_of("GET", QUERY) == "query_index"
    assert operation_of("POST", "/oidc/v1/token") == "login_token"
    assert operation_of("PUT", "/api/2.0/fs/files/Volumes/a/b/c/d.jpg") == "files_upload"
    assert operation_of("POST", "/serving-endpoints/embeddings") == "embeddings"
    assert operation_of("POST", "/serving-endpoints/a/invocations") == "invocations"
    assert operation_of("GET", "/nothing") == ""
    assert "query_index" in known_operations()
