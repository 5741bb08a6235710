"""The light suite: it is collected without any extra, and what is skipped names its extra."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import needs
from support.needs import BRINGS

from engine.optional import is_installed

ROOT = Path(__file__).parents[2]
# A plugin of pytest that hides what the extras bring.
HIDING = f"""
import sys

HIDDEN = {sorted({name for names in BRINGS.values() for name in names})!r}

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if any(name == hidden or name.startswith(hidden + ".") for hidden in HIDDEN):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def collected(folder: Path, tests: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "hiding.py").write_text(HIDING)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-p", "hiding", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "--collect-only", "-q", "-rs", "--color=no", tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, **environ},
        capture_output=True,
        text=True,
    )


def test_the_suite_is_collected_without_any_extra(tmp_path: Path) -> None:
    if not any(is_installed(package) for names in BRINGS.values() for package in names):
        return  # as it was for this very run
    done = collected(tmp_path, "tests", VITRINE_SKIP_NOTHING="")
    assert done.returncode == 0, done.stdout + done.stderr
    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert skipped
    for line in skipped:
        assert re.search(r"needs the extra \[\w+\] \(.*\): pip install .*\[\w+\]'", line), line


def test_where_nothing_may_be_skipped_a_missing_extra_fails(tmp_path: Path) -> None:
    done = collected(tmp_path, "tests/tables/test_delta.py", VITRINE_SKIP_NOTHING="1")
    assert done.returncode != 0
    assert "needs the extra [delta] (deltalake)" in done.stdout


@pytest.mark.parametrize("extra", BRINGS)
def test_the_reason_names_the_extra_and_its_packages(
    extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needs, "is_installed", lambda _: False)
    monkeypatch.setattr(needs, "SKIP_NOTHING", False)
    with pytest.raises(pytest.skip.Exception, match=rf"\[{extra}\] \({BRINGS[extra][0]}"):
        needs.needs(extra)
    monkeypatch.setattr(needs, "SKIP_NOTHING", True)
    with pytest.raises(pytest.fail.Exception, match=rf"\[{extra}\]"):
        needs.needs(extra)
    monkeypatch.setattr(needs, "is_installed", lambda _: True)
    needs.needs(extra)
