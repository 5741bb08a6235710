"""The command, run in this process as it was typed."""

from __future__ import annotations

from typing import Any

from click.testing import CliRunner, Result

from engine.doors.cli.command import main


def typed(*arguments: object, **how: Any) -> Result:
    """What `vitrine ARGUMENTS` did; an error that the command would not have caught is raised.

    Args:
        how: as `CliRunner.invoke` takes it: `input`, `env`.
    """
    result = CliRunner().invoke(main, [str(each) for each in arguments], **how)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
