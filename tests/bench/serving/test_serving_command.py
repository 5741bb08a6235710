"""`vitrine bench serving` as it is typed, on real servers over a few rows."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from support.children import wait_until
from support.command import typed

from engine.bench.records import journal
from engine.bench.serving.served import KINDS, served_index
from engine.bench.serving.servers.floor import Floor
from engine.bench.serving.servers.small import ENCODER, INDEX, small_workspace
from engine.bench.serving.servers.vitrine import Vitrine
from engine.doors.cli.bench.options.recording import typed as recorded


def test_a_smoke_run_measures_every_kind_on_one_worker_and_two(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    done = typed("bench", "serving", "--smoke", "--out", file)
    assert done.exit_code == 0, done.output
    found = journal.read([file])
    assert not found.left_out
    own = [x for x in found.lines if x.contestant.startswith("vitrine")]
    for kind in KINDS:
        for workers in (1, 2):
            some = [
                x for x in own if x.settings.items() >= {"kind": kind, "workers": workers}.items()
            ]
            named = {x.what for x in some}
            assert named >= {"latency", "latency_p99", "throughput", "failed", "highest_rate"}
            assert {x.settings.get("arrivals") for x in some} >= {"poisson", "constant"}
    assert {x.median for x in own if x.what == "recall@10"} == {1.0}
    assert {x.median for x in found.lines if x.what == "failed"} == {0.0}
    floors = {x.floor.of for x in own if x.what == "latency" and x.floor is not None}
    assert floors == {"an empty app under the same load"}
    assert "p99 ms" in done.output and "highest_rate" in done.output


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't tell")
def test_a_servers_processor_time_and_memory_are_those_of_all_its_processes(tmp_path: Path) -> None:
    from engine.bench.serving.processes import cpu_seconds, memory_mb, process_tree

    served = served_index(small_workspace(tmp_path / "ws"), INDEX, queries=8)
    one, two = Vitrine(served, tmp_path, 1), Vitrine(served, tmp_path, 2)
    try:
        assert len(process_tree(two.pid)) > len(process_tree(one.pid)) >= 1
        assert memory_mb(two.pid) > memory_mb(one.pid) > 10
        assert cpu_seconds(one.pid) > 0
        family = process_tree(two.pid)
    finally:
        one.close()
        two.close()
    wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in family))
    assert served.encoder == ENCODER


def test_a_server_elsewhere_is_asked_without_its_rows_being_known(tmp_path: Path) -> None:
    served = served_index(small_workspace(tmp_path / "ws"), INDEX, queries=8)
    server, file = Vitrine(served, tmp_path, 1), tmp_path / "raw.jsonl"
    try:
        given = ("--url", f"http://127.0.0.1:{server.address.port}", "--index", INDEX)
        more = ("--token", "secret", "--text", "red dress", "--filter", '{"kind": "bag"}')
        done = typed("bench", "serving", "--smoke", "--out", file, *given, *more)
    finally:
        server.close()
    assert done.exit_code == 0, done.output
    found = journal.read([file])
    lines = [x for x in found.lines if x.contestant.startswith("http://")]
    assert {x.settings["kind"] for x in lines} == {"text", "keyword"}
    assert {x.settings["kind"] for x in found.left_out} == {"health", "vector", "filtered"}
    assert not {x.what for x in lines} & {"recall@10", "server_cpu", "memory"}
    assert {x.median for x in lines if x.what == "failed"} == {0.0}
    assert "secret" not in done.output and "secret" not in file.read_text()


def test_a_token_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["--token", "s3"], ["--token=s3"]):
        monkeypatch.setattr(sys, "argv", ["vitrine", "bench", *words, "--seed", "1"])
        assert "s3" not in recorded() and shlex.split(recorded())[-2:] == ["--seed", "1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kinds", "vector,pictures"), "pictures"),
        (("--rates", "many"), "many"),
        (("--workers", "0"), "1,2,4"),
        (("--arrivals", "weekly"), "weekly"),
        (("--filter", "kind = 'a'"), "column"),
        (("--url", "http://a:1"), "--index"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(words: tuple[str, str], said: str) -> None:
    done = typed("bench", "serving", "--smoke", *words)
    assert done.exit_code == 2 and said in done.output


def test_the_floor_answers_health_alone() -> None:
    server = Floor()
    try:
        assert [call.target for call in server.calls("health")] == ["/"]
        assert isinstance(server.pid, int)
    finally:
        server.close()
