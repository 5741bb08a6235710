"""Paces, and the clock that tests move: what is given, what is refused, what all processes see."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import pytest
from support.paced import paced

from engine import InvalidInputException, InvalidParameterValue, Workspace
from engine.errors import CorruptFile
from engine.service.pacing.pace import Pace
from engine.settings import Settings


def test_the_paces_by_name_and_by_seconds() -> None:
    assert Pace.parse("instant") == Pace() == Pace.parse("0")
    assert Pace.parse("instant").is_instant
    cloud = Pace.parse(" Cloud ")
    assert not cloud.is_instant
    assert 2 <= cloud.write <= 3, "the delay that the vendor's tests plan"
    assert cloud.longest == cloud.endpoint + cloud.setup + cloud.sync <= 60
    each = Pace.parse("0.5")
    assert each.endpoint == each.setup + each.sync == each.follow == each.write == each.serving
    assert each.endpoint == 0.5 == Pace.parse(0.5).endpoint


@pytest.mark.parametrize("bad", ["slow", "-1", "nan", "inf", "", "1 s", "86401", None, "0x1"])
def test_another_pace_is_refused_by_what_was_given(bad: object) -> None:
    with pytest.raises(InvalidInputException, match="expected instant, cloud or seconds") as error:
        Pace.parse(bad)
    assert repr(bad) in error.value.message
    assert "VITRINE_PACE" in error.value.message


def test_a_workspace_has_the_pace_of_the_environment(tmp_path: Path) -> None:
    given = {"VITRINE_WORKSPACE": str(tmp_path)}
    assert Workspace(settings=Settings.from_environment(given)).clock.pace.is_instant
    quick = Settings.from_environment({**given, "VITRINE_PACE": "2"})
    assert Workspace(settings=quick).clock.pace.write == 2
    bad = Settings.from_environment({**given, "VITRINE_PACE": "quick"})
    with pytest.raises(InvalidInputException, match="'quick'"):
        Workspace(settings=bad)


def test_time_is_let_pass_for_all_who_have_the_workspace(tmp_path: Path) -> None:
    one, other = paced(tmp_path), paced(tmp_path)
    until = one.clock.in_seconds(600)
    assert not one.clock.is_over(until)
    one.clock.advance(599)
    assert not one.clock.is_over(until)
    other.clock.advance(1)
    assert one.clock.is_over(until)
    assert paced(tmp_path).clock.is_over(until), "opened after it"
    assert abs(one.clock.now() - other.clock.now()) < 1000


def test_a_moment_before_time_was_let_pass_stays_what_it_was(tmp_path: Path) -> None:
    clock = paced(tmp_path).clock
    before = clock.now()
    clock.advance(100)
    assert clock.at(before - 50) == before - 50
    assert clock.now() >= before + 100_000


def test_finishing_is_as_long_as_the_longest_way(tmp_path: Path) -> None:
    clock = paced(tmp_path, "cloud").clock
    until = clock.in_seconds(clock.pace.longest)
    clock.finish()
    assert clock.is_over(until)


def test_whoever_waits_goes_on_when_time_is_let_pass(tmp_path: Path) -> None:
    clock = paced(tmp_path).clock
    waiting = threading.Thread(target=clock.wait, args=(clock.in_seconds(600),))
    waiting.start()
    clock.advance(300)
    waiting.join(0.05)
    assert waiting.is_alive()
    clock.advance(300)
    waiting.join(60)
    assert not waiting.is_alive()


def test_waiting_ends_by_itself(tmp_path: Path) -> None:
    clock = paced(tmp_path, "0.05").clock
    until = clock.in_seconds(0.05)
    clock.wait(until)
    assert clock.now() >= until


def test_in_an_instant_workspace_nothing_waits_and_nothing_is_written(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.clock.wait(workspace.clock.in_seconds(600))
    workspace.clock.advance(5)
    workspace.clock.finish()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", [-1, math.nan, math.inf, "5", None, 86_401])
def test_only_seconds_of_a_day_can_be_let_pass(tmp_path: Path, bad: object) -> None:
    with pytest.raises(InvalidParameterValue, match="expected a number from 0 to"):
        paced(tmp_path).clock.advance(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"passed": [[1]]}', '{"passed": [["a", 2]]}', "\0"]
)
def test_a_damaged_clock_is_named(tmp_path: Path, text: str) -> None:
    workspace = paced(tmp_path)
    workspace.create_endpoint("shop")
    (tmp_path / "clock.json").write_text(text)
    with pytest.raises(CorruptFile, match=r"clock\.json is damaged.*Delete it"):
        workspace.clock.now()
    status = workspace.get_endpoint("shop")["endpoint_status"]
    assert status["state"] == "RED_STATE"
    assert "clock.json is damaged" in status["message"]
    (tmp_path / "clock.json").unlink()
    assert workspace.get_endpoint("shop")["endpoint_status"] == {"state": "PROVISIONING"}


@pytest.mark.parametrize("text", ["", "{}", '{"begins": "a", "works": 1, "until": 2}', '{"x": 1}'])
def test_a_damaged_passage_is_over(tmp_path: Path, text: str) -> None:
    workspace = paced(tmp_path)
    workspace.create_endpoint("shop")
    workspace.clock.finish()
    schema = {"id": "long", "v": "array<float>"}
    workspace.create_direct_access_index(
        "a.b.c", endpoint="shop", primary_key="id", dimension=1, vector_column="v", schema=schema
    )
    (tmp_path / "indexes" / "a.b.c" / "passage.json").write_text(text)
    assert workspace.get_index("a.b.c")["status"]["ready"] is False
    assert workspace.upsert("a.b.c", [{"id": 1, "v": [1.0]}])["status"] == "SUCCESS"
    workspace.clock.finish()
    assert workspace.get_index("a.b.c")["status"]["ready"] is True
