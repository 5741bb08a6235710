"""Long steps: one of a kind at a time, seen from other processes, also where they end badly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.threads import in_threads

from engine.errors import InvalidState
from engine.service.inspection.jobs import Job, Jobs, Outcome, Progress, Work
from engine.store.layout import Layout

INDEX = "main.default.goods"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def ended(jobs: Jobs, work: Work, kind: str = "check") -> Job:
    """A job that is started, when its thread is over."""
    jobs.start(kind, INDEX, work)
    for thread in threading.enumerate():
        if thread.name == f"{kind} {INDEX}":
            thread.join(30)
    job = jobs.get(kind, INDEX)
    assert job is not None
    return job


def failing(error: Exception) -> Callable[[Progress], Outcome]:
    def work(_: Progress) -> Outcome:
        raise error

    return work


def test_what_came_of_a_job_is_known_to_others_and_later(layout: Layout) -> None:
    assert Jobs(layout).get("check", INDEX) is None
    ended(Jobs(layout), lambda _: Outcome(False, ("one fault", "another")))
    job = Jobs(layout).get("check", INDEX)
    assert job is not None and job.state == "done" and not job.is_good
    assert job.said == ("one fault", "another") and job.ended_at >= job.started_at > 0
    assert Jobs(layout).get("sync", INDEX) is None


def test_one_that_runs_is_not_started_again(layout: Layout) -> None:
    may_end, begun, runs = threading.Event(), threading.Event(), []

    def work(progress: Progress) -> Outcome:
        runs.append(1)
        progress(1, 3, "the second")
        begun.set()
        assert may_end.wait(30)
        return Outcome(True, ())

    jobs = [Jobs(layout) for _ in range(8)]
    in_threads(*(lambda each=each: each.start("check", INDEX, work) for each in jobs))  # type: ignore[misc]
    assert begun.wait(30)
    seen = Jobs(layout).get("check", INDEX)
    assert seen is not None and seen.state == "running"
    assert (seen.done, seen.total, seen.doing) == (1, 3, "the second")
    may_end.set()
    assert ended(jobs[0], lambda _: Outcome(True, ("again",))).said in ((), ("again",))
    assert runs == [1]


def test_an_error_is_its_outcome_and_the_next_may_start(layout: Layout) -> None:
    job = ended(Jobs(layout), failing(InvalidState("No row can be used.")))
    assert (job.state, job.said, job.is_good) == ("failed", ("No row can be used.",), False)
    job = ended(Jobs(layout), failing(ZeroDivisionError("secret internals")))
    assert job.state == "failed" and "secret" not in job.said[0] and "log" in job.said[0]
    assert ended(Jobs(layout), lambda _: Outcome(True, ("fine",))).said == ("fine",)


def test_one_whose_process_was_killed_is_seen_to_be(layout: Layout) -> None:
    ended(Jobs(layout), lambda _: Outcome(True, ()))
    file = layout.jobs_dir / f"check-{INDEX}.json"
    running = file.read_text().replace('"done"', '"running", "x": 0')
    file.write_text(running)
    assert Jobs(layout).get("check", INDEX) is None  # what nobody wrote says nothing
    file.write_text(
        f'{{"kind": "check", "index": "{INDEX}", "state": "running", "started_at": 5, "said": []}}'
    )
    job = Jobs(layout).get("check", INDEX)
    assert job is not None and job.state == "interrupted"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"kind": 7, "said": 3}'])
def test_a_damaged_file_is_no_job(layout: Layout, text: str) -> None:
    layout.jobs_dir.mkdir(parents=True)
    (layout.jobs_dir / f"check-{INDEX}.json").write_text(text)
    assert Jobs(layout).get("check", INDEX) is None
    assert ended(Jobs(layout), lambda _: Outcome(True, ("fine",))).said == ("fine",)
