"""The parts of `dbutils` by themselves: widgets, secrets, files of this machine, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.doors.notebook.dbutils.context import Context, Option
from engine.doors.notebook.dbutils.files import FileSystem
from engine.doors.notebook.dbutils.secrets import Secrets, secret_variable
from engine.doors.notebook.dbutils.utilities import TaskValues
from engine.doors.notebook.dbutils.widgets import Widgets
from engine.doors.notebook.packages import Packages
from engine.errors import InvalidInputException, NotFound, NotSupported


def test_a_widget_is_what_the_run_was_given_else_its_default() -> None:
    widgets = Widgets({"env": "prod", "seasons": "Summer,Fall"})
    widgets.dropdown("env", "dev", ["dev", "prod"], "Environment")
    widgets.combobox("colour", "red", ["blue"])
    widgets.multiselect("seasons", "Summer", ["Summer", "Fall"])
    widgets.text("limit", "5")
    assert widgets.getAll() == {
        "env": "prod",
        "colour": "red",
        "seasons": "Summer,Fall",
        "limit": "5",
    }
    widgets.remove("limit")
    with pytest.raises(NotFound, match="no widget 'limit'; widgets here: env, colour, seasons"):
        widgets.get("limit")
    assert widgets.getArgument("limit", "7") == "7"
    widgets.removeAll()
    assert widgets.getAll() == {}


@pytest.mark.parametrize("kind", ["dropdown", "multiselect"])
def test_a_value_that_is_no_choice_is_refused_with_the_choices(kind: str) -> None:
    with pytest.raises(
        InvalidInputException, match="'env' has the value 'x'; expected one of: a, b"
    ):
        getattr(Widgets({"env": "x"}), kind)("env", "a", ["a", "b"])


def test_secrets_come_from_the_environment_and_are_hidden_once_asked_for() -> None:
    assert secret_variable("kv-shop", "api.key") == "VITRINE_SECRET_KV_SHOP_API_KEY"
    hidden: set[str] = set()
    environ = {"VITRINE_SECRET_KV_A": "one", "VITRINE_SECRET_KV_B": "two", "OTHER": "x"}
    secrets = Secrets(environ, hidden)
    assert [one.key for one in secrets.list("kv")] == ["a", "b"]
    assert secrets.get("kv", "a") == "one" and secrets.getBytes("kv", "b") == b"two"
    assert hidden == {"one", "two"}
    with pytest.raises(NotFound, match="set VITRINE_SECRET_KV_C"):
        secrets.get("kv", "c")


def test_files_of_this_machine_are_listed_copied_and_removed(tmp_path: Path) -> None:
    said: list[str] = []
    fs, at = FileSystem(said.append), f"file:{tmp_path}"
    fs.put(f"{at}/a/one.txt", "été")
    with pytest.raises(FileExistsError):
        fs.put(f"{at}/a/one.txt", "again")
    assert fs.put(f"{at}/a/one.txt", "again", True) and said == ["Wrote 5 bytes.", "Wrote 5 bytes."]
    assert fs.head(f"{at}/a/one.txt", 3) == "aga" and "Truncated to first 3" in said[-1]
    fs.mkdirs(f"{at}/b")
    fs.cp(f"{at}/a/one.txt", f"{at}/b")
    fs.cp(f"{at}/a", f"{at}/c", recurse=True)
    fs.mv(f"{at}/b/one.txt", f"{at}/two.txt")
    listed = fs.ls(at)
    assert [(one.name, one.size, one.isDir()) for one in listed] == [
        ("a/", 0, True), ("b/", 0, True), ("c/", 0, True), ("two.txt", 5, False),
    ]  # fmt: skip
    assert listed[0].path == f"{at}/a/" and listed[-1].modificationTime > 1.6e12
    assert fs.ls(f"{at}/two.txt")[0].path == f"{at}/two.txt"
    for refused in (lambda: fs.rm(f"{at}/c"), lambda: fs.cp(f"{at}/a", f"{at}/d")):
        with pytest.raises(InvalidInputException, match="recurse=True"):
            refused()
    assert fs.rm(f"{at}/c", True) and fs.rm(f"{at}/b") and not fs.rm(f"{at}/none")
    assert [one.name for one in fs.ls(at)] == ["a/", "two.txt"]


def test_what_is_not_there_is_refused_by_name() -> None:
    fs = FileSystem(lambda _: None)
    with pytest.raises(NotSupported, match=r"dbutils\.fs\.mount is not offered; .*: cp, head, ls,"):
        fs.mount("s3a://x", "/mnt/x")
    for path in ("dbfs:/tmp", "/tmp", "s3://x"):
        with pytest.raises(NotSupported, match="expected /Volumes/"):
            fs.ls(path)
    with pytest.raises(TypeError, match="debugValue"):
        TaskValues().get("task", "key")
    assert TaskValues().get("task", "key", debugValue=5) == 5
    assert Option(None).getOrElse("x") == "x" and Option("y").get() == "y"
    with pytest.raises(NotFound):
        Option(None).get()


def test_what_pip_would_install_is_said_with_what_is_here() -> None:
    packages = Packages()
    said = packages.skipped("install -q 'frobnicate>=2' numpy -r requirements.txt")
    assert "frobnicate>=2 (not here)" in said and "numpy (here: " in said
    assert "what requirements.txt lists" in said
    assert "is skipped" in packages.skipped("list")
    error = ModuleNotFoundError("no", name="frobnicate.sub")
    assert packages.help_line(error).endswith("pip install frobnicate")
    other = packages.help_line(ModuleNotFoundError("no", name="other"))
    assert other.startswith("'other' is not installed") and "asks for: frobnicate" in other
    assert packages.help_line(ValueError()) == ""
    part = packages.help_line(ModuleNotFoundError("no", name="engine.none"))  # of what is there
    assert part.startswith("'engine.none' is not installed")


def test_the_context_has_the_server_as_old_notebooks_ask_for_it() -> None:
    more = Context("http://127.0.0.1:1", "dapi", "/shop", "me").extraContext()
    assert more.apply("api_url") == "http://127.0.0.1:1" and more.get("api_token").get() == "dapi"
    assert more.get("notebook_path").get() == "/shop" and not more.get("else").isDefined()
