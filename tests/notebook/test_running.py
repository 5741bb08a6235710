"""`vitrine notebook` in a process of its own: what cells do, what they show, and where it stops."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import typed
from support.needs import needs
from support.notebooks import Written, ipynb, ran, run_notebook, source_form
from support.storefront import built_shop

from engine import Workspace
from engine.doors.notebook.asked import Asked
from engine.doors.notebook.process import environment_of

needs("notebook")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built_shop(tmp_path_factory.mktemp("shop"))


def test_cells_show_what_a_notebook_shows(shop: Workspace, tmp_path: Path) -> None:
    cells = [
        Written("\n# Title\n*words*", "md"),
        Written("x = 20\nx + 1"),
        Written("x + 2;"),
        Written("import asyncio\nawait asyncio.sleep(0)\nasync def f():\n    return 'so'\nawait f()"),
        Written("\nSELECT 1 AS one;\nSELECT product_id, price FROM products ORDER BY 1 LIMIT 2", "sql"),
        Written("import pyarrow as pa\ndisplay(pa.table({'v': [[0.5] * 100], 'a': [None]}), 'shown')"),
        Written("%pip install frobnicate==1.2 numpy\ndbutils.library.restartPython()"),
        Written("%time y = x\nprint(y)"),
        Written("\necho from the shell\n"
                "python -c \"import engine, os; print(len(os.listdir('/Volumes')))\"", "sh"),
        Written(" ls /Volumes/main", "fs"),
        Written("!echo one line\n!pip install more"),
        Written("import beside\nbeside.WORD"),
        Written("dbutils.notebook.exit('the end')"),
        Written("print('never')"),
    ]  # fmt: skip
    (tmp_path / "beside.py").write_text("WORD = 'of a module beside'")
    done = run_notebook(source_form(cells), tmp_path, shop.path)
    printed = ran(done)
    for shown in (
        "# Title\n*words*\n", "\n21\n", "'so'\n", "product_id  price\n", "[0.5, 0.5, 0.5, … 100 in all]",
        "null", "'shown'\n", "\n20\n", "from the shell\n1\n", "dbfs:/Volumes/main/fashion_demo/",
        "one line\n", "'of a module beside'",
    ):  # fmt: skip
        assert shown in printed, printed
    assert "22" not in printed and "one\n---" not in printed and "never" not in printed
    assert "would install frobnicate==1.2 (not here); numpy (here: " in done.stderr
    assert (
        "restartPython() is skipped" in done.stderr
        and "would install more (not here)" in done.stderr
    )
    summary = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"13 of 14 cells ran in [\d.]+ s; ended with the value 'the end'", summary)


FAILING = [
    Written("def divided(by):\n    return 1 / by"),
    Written("import json\n\n\ntry:\n    json.loads('{')\nexcept ValueError as error:\n"
            "    raise RuntimeError('it broke') from error", title="Breaks"),
    Written("print('never')"),
]  # fmt: skip


def test_it_stops_at_the_first_cell_that_fails(shop: Workspace, tmp_path: Path) -> None:
    text = source_form(FAILING)
    done = run_notebook(text, tmp_path, shop.path, "--html", "out.html")
    assert done.returncode == 1 and "never" not in done.stdout
    lines = text.split("\n")
    raised = 1 + next(place for place, line in enumerate(lines) if "raise Runtime" in line)
    loads = 1 + next(place for place, line in enumerate(lines) if "json.loads" in line)
    said = done.stderr.split("\n")
    start = said.index(f"cell 2 (Breaks) failed, line {raised} of shop.py:")
    file = tmp_path / "shop.py"
    assert said[start + 1 : start + 8] == [
        "Traceback, the notebook's own lines:",
        f"  line {loads} of {file}",
        "    json.loads('{')",
        "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)",
        "Traceback, the notebook's own lines:",
        f"  line {raised} of {file}",
        "    raise RuntimeError('it broke') from error",
    ]
    assert said[start + 8] == "RuntimeError: it broke"
    assert "site-packages" not in done.stderr and "decoder.py" not in done.stderr
    assert said[-2].startswith(
        f"stopped at cell 2 (Breaks), line {raised} of shop.py; 1 of 3 cells"
    )
    assert "RuntimeError: it broke" in (tmp_path / "out.html").read_text()


CELLS_THAT_FAIL = [
    (Written("x = 1\n\ny = = 2"), 3, "SyntaxError: invalid syntax"),
    (Written("\n\nif True:\nx = 1", "python"), 4, "IndentationError"),
    (Written("\nSELECT * FROM nowhere", "sql"), 1, "nowhere"),
    (
        Written("import no_such_package"),
        1,
        "'no_such_package' is not installed in this environment.",
    ),
    (Written("%pip install frobnicate\nimport frobnicate"), 2, "pip install frobnicate"),
    (Written("x = 1\n%frob x"), 2, "%frob"),
    (Written("x = 1\n%sql SELECT 1"), 1, "%sql is in line 2 of the cell; it must begin a cell"),
    (Written("\nval x = 1", "scala"), 1, "%scala in line 1 of cell 9 of shop.ipynb"),
    (Written("\nx <- 1", "r"), 1, "cells in Scala and R can't be run here"),
    (Written("\nfalse", "sh"), 1, "ended with the status 1"),
    (Written(" ./none", "run"), 1, "no notebook './none' here"),
    (
        Written(" frob /Volumes", "fs"),
        1,
        "dbutils.fs.frob is not offered; dbutils.fs has here: cp,",
    ),
    (Written("dbutils.data.summarize(1)"), 1, "dbutils.data is not offered; dbutils has here: fs,"),
    (Written("raise SystemExit(3)"), 1, "SystemExit: 3"),
    (Written("display(1, streamName='x')"), 1, "it was given: streamName"),
    (Written("dbutils.fs.ls('dbfs:/mnt/x')"), 1, "was given 'dbfs:/mnt/x'; expected /Volumes/"),
]
EACH_ALONE = """
import sys
from pathlib import Path
from engine.doors.notebook.asked import Asked
from engine.doors.notebook.child import opened_run
from engine.doors.notebook.reading.opening import read_notebook
from engine.doors.notebook.showing.screen import Screen

asked = Asked(sys.argv[1], sys.argv[2])
notebook = read_notebook(Path(asked.file))
with opened_run(asked, Screen(sys.stdout)) as run:
    for cell in notebook.cells:
        assert run.run(notebook, cell.number, cell.number).failed, cell
"""


@pytest.fixture(scope="module")
def failures(shop: Workspace, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What was said of each cell that fails, each run alone, by its number."""
    file = tmp_path_factory.mktemp("failing") / "shop.ipynb"
    file.write_text(ipynb([Written("1"), *[cell for cell, _, _ in CELLS_THAT_FAIL]]))
    code = EACH_ALONE.replace("notebook.cells:", "notebook.cells[1:]:")
    env = {**os.environ, "VITRINE_ENCODER": "hashed", **environment_of(Asked("", str(shop.path)))}
    command = [sys.executable, "-c", code, str(file), str(shop.path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = re.split(r"^(?=cell \d+ failed)", done.stderr, flags=re.MULTILINE)[1:]
    return {int(re.match(r"cell (\d+)", one)[1]): one for one in said}  # type: ignore[index]


@pytest.mark.parametrize("number", range(2, len(CELLS_THAT_FAIL) + 2))
def test_a_cell_that_fails_says_its_line_and_why(number: int, failures: dict[int, str]) -> None:
    _, line, said = CELLS_THAT_FAIL[number - 2]
    told = failures[number]
    assert told.startswith(f"cell {number} failed, line {line} of cell {number} of shop.ipynb:"), (
        told
    )
    assert said in told


def test_another_notebook_runs_in_the_same_names_and_one_apart(
    shop: Workspace, tmp_path: Path
) -> None:
    other = [Written("def twice(x):\n    return 2 * x\nname = dbutils.widgets.get('name')")]
    (tmp_path / "other.py").write_text(source_form(other))
    apart = [
        Written("dbutils.widgets.text('limit', '1')\nassert 'twice' not in globals()"),
        Written("dbutils.notebook.exit(str(1 + int(dbutils.widgets.get('limit'))))"),
    ]
    (tmp_path / "apart.py").write_text(source_form(apart))
    (tmp_path / "broken.py").write_text(source_form([Written("1 / 0")]))
    cells = [
        Written(' ./other $name="given"', "run"),
        Written("print(twice(21), name, dbutils.notebook.run('./apart', 60, {'limit': 6}))"),
        Written("dbutils.notebook.run('broken', 60)"),
    ]
    done = run_notebook(source_form(cells), tmp_path, shop.path)
    assert "42 given 7\n" in done.stdout, done.stderr
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr and "broken failed" in done.stderr


def test_widgets_secrets_and_context_are_given(shop: Workspace, tmp_path: Path) -> None:
    cells = [
        Written("dbutils.widgets.dropdown('env', 'dev', ['dev', 'prod'])\n"
                "dbutils.widgets.text('k', '5')"),
        Written("print(dbutils.widgets.getAll())\nkey = dbutils.secrets.get('kv-shop', 'api.key')"),
        Written("print(key, len(key), [key])\nkey"),
        Written("\nCREATE WIDGET TEXT least DEFAULT '38';\n"
                "SELECT count(*) AS n, '${env}' AS e FROM products "
                "WHERE product_id > CAST(:least AS INT)", "sql"),
        Written("context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()\n"
                "import os\nassert context.apiUrl().get() == os.environ['DATABRICKS_HOST']\n"
                "assert context.apiToken().get() == os.environ['DATABRICKS_TOKEN']\n"
                "print(context.notebookPath().get(), context.apiToken().get())"),
        Written("dbutils.secrets.get('kv-shop', 'other')"),
    ]  # fmt: skip
    done = run_notebook(
        source_form(cells), tmp_path, shop.path, "--widget", "env=prod", "--html", "out.html",
        VITRINE_SECRET_KV_SHOP_API_KEY="hush-hush",
    )  # fmt: skip
    assert "{'env': 'prod', 'k': '5'}" in done.stdout, done.stderr
    assert "[REDACTED] 9 ['[REDACTED]']\n'[REDACTED]'\n" in done.stdout
    assert re.search(r"^2\s+prod$", done.stdout, re.MULTILINE)
    assert f"{tmp_path / 'shop'} [REDACTED]" in done.stdout
    assert "set VITRINE_SECRET_KV_SHOP_OTHER" in done.stderr
    assert "hush-hush" not in done.stdout + done.stderr + (tmp_path / "out.html").read_text()


def test_some_cells_alone(shop: Workspace, tmp_path: Path) -> None:
    text = source_form([Written(f"print('cell', {n})") for n in range(1, 5)])
    assert ran(run_notebook(text, tmp_path, shop.path, "--cell", "2")) == "cell 2\n"
    some = run_notebook(text, tmp_path, shop.path, "--from-cell", "2", "--to-cell", "3")
    assert ran(some) == "cell 2\ncell 3\n"
    assert re.search(r"^2 of 2 cells ran", some.stderr, re.MULTILINE)


def test_a_sql_notebook_runs_with_cells_of_python(shop: Workspace, tmp_path: Path) -> None:
    cells = [
        Written("USE main.fashion_demo;\n"
                "CREATE OR REPLACE TEMP VIEW two AS SELECT * FROM products LIMIT 2"),
        Written("SELECT count(*) AS n FROM two"),
        Written("\nimport this_is_missing as no", "python"),
    ]  # fmt: skip
    done = run_notebook(source_form(cells, "sql"), tmp_path, shop.path, name="shop.sql")
    assert "n\n-\n2\n" in done.stdout
    assert "cell 3 failed, line 12 of shop.sql" in done.stderr, done.stderr


def test_what_is_asked_wrongly_is_told_before_anything_runs(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text(source_form([Written("1")]))
    at = ("-w", tmp_path / "ws")
    for arguments, said in (
        (("none.py",), "none.py does not exist"),
        ((file, "--cell", "2"), "there is no cell 2; shop.py has 1"),
        ((file, "--cell", "1", "--to-cell", "1"), "--cell is one cell"),
        ((file, "--widget", "x"), "'x' is not NAME=VALUE"),
        ((file, "--html", tmp_path / "no" / "x.html"), "there is no folder"),
    ):
        done = typed("notebook", *arguments, *at)
        assert done.exit_code and said in done.output, done.output


def test_the_page_holds_what_was_shown_and_asks_nobody(shop: Workspace, tmp_path: Path) -> None:
    needs("evaluation", "pandas")
    photo = "/Volumes/main/fashion_demo/raw_data/images/1.jpg"
    cells = [
        Written("\n# A <b>title</b>\n\n![x](https://example.com/a.png) [l](https://example.com)", "md"),
        Written("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", title="<Figure>"),
        Written(f"from PIL import Image\ndisplay(Image.open('{photo}'))"),
        Written("displayHTML('<script>alert(1)</script><h1>\"given\"</h1>')"),
        Written("import pandas as pd\npd.DataFrame({'a<': ['<i>', 'y']})"),
        Written("from engine import Workspace\nimport os\n"
                f"display(Workspace({str(shop.path)!r}).search('red', k=2))"),
        Written("print('<u>')"),
    ]  # fmt: skip
    done = run_notebook(source_form(cells), tmp_path, shop.path, "--html", "out.html")
    ran(done)
    page = (tmp_path / "out.html").read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert page.count("data:image/png;base64,") == 2 or page.count("data:image/") >= 4
    assert "<script" not in page and "&lt;script&gt;" in page and "sandbox srcdoc=" in page
    assert "A &lt;b&gt;title" in page and "[x https://example.com/a.png]" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:|https://example.com\")[^\"]+", page)
    assert (
        "cell 2 (&lt;Figure&gt;)" in page and "<td>&lt;i&gt;</td>" in page and "&lt;u&gt;" in page
    )
    assert 'class="cards"' in page
    assert json.dumps("7 of 7 cells ran")[1:-1] in page


def test_what_goes_to_standard_error_is_shown_without_its_secrets(
    shop: Workspace, tmp_path: Path
) -> None:
    cells = [
        Written("import logging, sys, threading\nkey = dbutils.secrets.get('kv', 'a')\n"
                "print('to errors', key, file=sys.stderr)\nlogging.warning('logged %s', key)\n"
                "def fail():\n    raise ValueError('in a thread ' + key)\n"
                "thread = threading.Thread(target=fail)\nthread.start()\nthread.join()"),
    ]  # fmt: skip
    done = run_notebook(
        source_form(cells), tmp_path, shop.path, "--html", "out.html", VITRINE_SECRET_KV_A="hush"
    )
    page = (tmp_path / "out.html").read_text()
    for shown in ("to errors [REDACTED]", "logged [REDACTED]", "in a thread [REDACTED]"):
        assert shown in done.stderr and shown in page, done.stderr
    assert "hush" not in done.stdout + done.stderr + page


def test_lines_that_notebooks_often_begin_with_run(shop: Workspace, tmp_path: Path) -> None:
    cells = [
        Written("%matplotlib inline\n%config InlineBackend.figure_format = 'retina'\n"
                "%load_ext autoreload\n%autoreload 2"),
        Written("from databricks.sdk.runtime import *\nfrom databricks.sdk.runtime import dbutils as d\n"
                "dbutils.widgets.text('k', '5')\nprint(d.widgets.get('k'), getArgument('k'))\n"
                "display('shown')"),
        Written("import beside"),
        Written("import os\nprint(os.environ['MLFLOW_DISABLE_TELEMETRY'])"),
        Written("exit()"),
    ]  # fmt: skip
    (tmp_path / "beside.py").write_text(
        "from databricks.sdk.runtime import dbutils\nprint('beside', dbutils.widgets.get('k'))"
    )
    done = run_notebook(source_form(cells), tmp_path, shop.path)
    assert done.stdout == "5 5\n'shown'\nbeside 5\ntrue\n", done.stderr
    assert "cell 5 failed" in done.stderr and "\nSystemExit" in done.stderr
    assert "To exit: use" not in done.stderr
