"""Variables of the environment: as before after a block, however it ends and whatever it did to them."""

from __future__ import annotations

import os

import pytest

from engine import environment


def test_variables_are_set_in_a_block_and_as_before_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VITRINE_ONE", "before")
    monkeypatch.delenv("VITRINE_TWO", raising=False)
    with (
        pytest.raises(ValueError, match="in the block"),
        environment.set_to({"VITRINE_ONE": "1", "VITRINE_TWO": "2"}),
    ):
        assert (os.environ["VITRINE_ONE"], os.environ["VITRINE_TWO"]) == ("1", "2")
        del os.environ["VITRINE_ONE"]
        raise ValueError("in the block")
    assert os.environ["VITRINE_ONE"] == "before" and "VITRINE_TWO" not in os.environ


def test_what_a_block_does_to_variables_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITRINE_ONE", raising=False)
    with environment.kept(["VITRINE_ONE"]):
        os.environ["VITRINE_ONE"] = "set by a library"
    assert "VITRINE_ONE" not in os.environ
