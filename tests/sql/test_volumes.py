"""CREATE VOLUME and DROP VOLUME, with which most notebooks begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import BadStatement, NotFound, NotSupported, ResourceConflict, Workspace

NAME = "main.fashion_demo.out"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws")


def test_a_volume_is_made_with_its_comment_and_dropped(workspace: Workspace) -> None:
    assert (
        workspace.sql(f"CREATE VOLUME IF NOT EXISTS {NAME} COMMENT 'what a run writes'").columns
        == []
    )
    workspace.sql("CREATE VOLUME IF NOT EXISTS `out`")
    assert workspace.get_volume(NAME)["comment"] == "what a run writes"
    assert workspace.sql("SHOW VOLUMES")["volume_name"].to_pylist() == ["out"]
    workspace.sql("DROP VOLUME fashion_demo.out")
    workspace.sql(f"DROP VOLUME IF EXISTS {NAME}")
    assert workspace.sql("SHOW VOLUMES").num_rows == 0


def test_what_can_not_be_is_refused(workspace: Workspace) -> None:
    workspace.sql(f"CREATE VOLUME {NAME}")
    for statement, error, said in (
        (f"CREATE VOLUME {NAME}", ResourceConflict, "out"),
        ("DROP VOLUME main.fashion_demo.none", NotFound, "none"),
        ("CREATE VOLUME main.nowhere.v", NotFound, "nowhere"),
        ("CREATE EXTERNAL VOLUME v LOCATION 's3://b/p'", NotSupported, "vitrine volume register"),
        (f"CREATE VOLUME {NAME} WITH x", BadStatement, "WITH"),
        ("DROP VOLUME", BadStatement, "the name of a volume"),
    ):
        with pytest.raises(error, match=said):
            workspace.sql(statement)
