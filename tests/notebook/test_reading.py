"""Files of notebooks to cells: every form, odd files, and back again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.notebooks import SIGNS, Written, ipynb, source_form

from engine.doors.notebook.reading.cells import CELL_MAGICS, Cell, Notebook
from engine.doors.notebook.reading.ipynb import read_ipynb
from engine.doors.notebook.reading.opening import find_notebook, read_notebook
from engine.doors.notebook.reading.source_form import read_source_form
from engine.errors import BadSourceFile, NotFound, NotSupported

HEADER = "# Databricks notebook source\n"


def read(folder: Path, content: str | bytes, name: str = "shop.py") -> Notebook:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_notebook(file)


def parts(notebook: Notebook) -> list[tuple[str, str, str]]:
    return [(notebook.language_of(c), c.body, c.title) for c in notebook.cells]


def test_a_python_notebook_has_cells_in_several_languages(tmp_path: Path) -> None:
    text = HEADER + (
        "# MAGIC %md\n# MAGIC # Title\n# MAGIC\n# MAGIC words\n\n# COMMAND ----------\n\n"
        "# DBTITLE 1,Count, and more\n# MAGIC %sql\n# MAGIC SELECT 1\n\n# COMMAND ----------\n\n"
        "# MAGIC %pip install mlflow\nimport mlflow\n\n# COMMAND ----------\n\n\n"
        '# COMMAND ----------\n\n# MAGIC %run ./other $a="1"\n\n# COMMAND ----------\n\nx = 1\n\ny = 2\n'
    )
    notebook = read(tmp_path, text)
    assert parts(notebook) == [
        ("md", "\n# Title\n\nwords", ""),
        ("sql", "\nSELECT 1", "Count, and more"),
        ("python", "%pip install mlflow\nimport mlflow", ""),
        ("run", ' ./other $a="1"', ""),
        ("python", "x = 1\n\ny = 2", ""),
    ]
    lines = text.split("\n")
    assert [lines[cell.line - 1] for cell in notebook.cells] == [
        "# MAGIC %md",
        "# MAGIC %sql",
        "# MAGIC %pip install mlflow",
        '# MAGIC %run ./other $a="1"',
        "x = 1",
    ]
    assert notebook.where(notebook.cells[-1]) == f"line {len(lines) - 3} of shop.py"
    assert notebook.cells[1].name == "cell 2 (Count, and more)"


def test_a_sql_notebook_has_cells_of_python(tmp_path: Path) -> None:
    text = (
        "-- Databricks notebook source\nSELECT 1;\nSELECT 2\n\n-- COMMAND ----------\n\n"
        "-- MAGIC %python\n-- MAGIC x = 1\n-- MAGIC print(x)\n\n-- COMMAND ----------\n\n"
        "-- MAGIC %pip install mlflow\n"
    )
    assert parts(read(tmp_path, text, "shop.sql")) == [
        ("sql", "SELECT 1;\nSELECT 2", ""),
        ("python", "\nx = 1\nprint(x)", ""),
        ("python", "%pip install mlflow", ""),
    ]


def test_jupyters_form_is_read_with_titles_and_markdown(tmp_path: Path) -> None:
    text = json.dumps(
        {
            "nbformat": 4,
            "metadata": {"kernelspec": {"language": "python"}},
            "cells": [
                {"cell_type": "markdown", "source": ["# A\n", "b"], "metadata": {}},
                {"cell_type": "raw", "source": "left out"},
                {"cell_type": "code", "source": "\n\n%%sql\nSELECT 1\n", "metadata": {}},
                {"cell_type": "code", "source": ["x = 1\r\n", "y = 2"]},
                {"cell_type": "code", "source": []},
            ],
        }
    )
    notebook = read(tmp_path, text, "shop.ipynb")
    assert parts(notebook) == [
        ("md", "# A\nb", ""),
        ("sql", "\nSELECT 1", ""),
        ("python", "x = 1\ny = 2", ""),
    ]
    assert [cell.line for cell in notebook.cells] == [1, 3, 1]
    assert notebook.where(notebook.cells[1]) == "line 3 of cell 2 of shop.ipynb"


@pytest.mark.parametrize("odd", ["crlf", "bom", "cr", "no end", "blanks"])
def test_odd_text_is_read_as_the_same_notebook(odd: str, tmp_path: Path) -> None:
    text = (
        HEADER + "if True:\n\tx = 'é'\n\n# COMMAND ----------\n\n# MAGIC %sql\n# MAGIC SELECT 1\n"
    )
    expected = parts(read(tmp_path, text))
    assert expected == [("python", "if True:\n\tx = 'é'", ""), ("sql", "\nSELECT 1", "")]
    content = {
        "crlf": text.replace("\n", "\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "cr": text.replace("\n", "\r").encode(),
        "no end": text.rstrip("\n").encode(),
        "blanks": text.replace("----------\n", "----------  \n").encode(),
    }[odd]
    assert parts(read(tmp_path, content)) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"import os\n", "this is 'import os'; expected an exported notebook"),
        (HEADER.encode() + b"\nx = 'caf\xe9'\n", "line 3: byte 0xe9 is not UTF-8"),
        (HEADER.encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_notebook_says_what_it_is(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match=r"shop\.py") as caught:
        read(tmp_path, content)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "no 'nbformat'"),
        ('{"nbformat": 3, "worksheets": []}', "jupyter nbconvert"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}', "cell 1 has no text"),
        ('{"nbformat": 4, "cells": [7]}', "cell 1 has no text"),
    ],
)
def test_jupyters_form_that_is_none_says_where(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile) as caught:
        read(tmp_path, content, "shop.ipynb")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("content", "name", "language"),
    [
        ("// Databricks notebook source\nval x = 1\n", "shop.scala", "Scala"),
        ("# Databricks notebook source\nx <- 1\n", "shop.r", "R"),
        (
            '{"nbformat": 4, "metadata": {"language_info": {"name": "scala"}}}',
            "shop.ipynb",
            "scala",
        ),
    ],
)
def test_notebooks_in_other_languages_are_refused_by_name(
    content: str, name: str, language: str, tmp_path: Path
) -> None:
    with pytest.raises(NotSupported, match=f"a notebook in {language};"):
        read(tmp_path, content, name)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        read_notebook(tmp_path / "none.py")
    with pytest.raises(NotFound, match="is a folder"):
        read_notebook(tmp_path)


def test_another_notebook_is_found_with_and_without_its_ending(tmp_path: Path) -> None:
    for name in ("a.py", "b.ipynb", "c.sql"):
        (tmp_path / name).write_text("x")
    for named in ("./a", "a.py", "./b", "c"):
        assert find_notebook(named, tmp_path).is_file()
    with pytest.raises(
        NotFound, match=r"no notebook './d' here; tried .*d\.py, .*d\.sql, .*d\.ipynb"
    ):
        find_notebook("./d", tmp_path)


# ------------------------------------------------------------------ written and read again
MAGIC_NAMES = sorted(CELL_MAGICS - {"python"})
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)


def is_free(line: str) -> bool:
    """Whether a line of code means nothing to the form itself."""
    starts = tuple(
        f"{sign} {word}" for sign in SIGNS.values() for word in ("COMMAND", "MAGIC", "DBTITLE")
    )
    return not line.startswith((*starts, "%"))


LINES = st.lists(WORDS.filter(is_free), min_size=1, max_size=5).filter(
    lambda lines: bool(lines[0].strip() and lines[-1].strip())
)
CELLS = st.lists(
    st.builds(
        lambda lines, magic, title: Written(
            "\n".join(["", *lines] if magic else lines), magic, title.strip()
        ),
        LINES,
        st.sampled_from(["", *MAGIC_NAMES]),
        WORDS,
    ),
    max_size=6,
)


def expected(cells: list[Written], language: str) -> list[tuple[str, str, str]]:
    return [(cell.magic or language, cell.body, cell.title) for cell in cells]


@given(CELLS, st.sampled_from(["python", "sql"]))
def test_what_is_written_in_source_form_is_read_again(cells: list[Written], language: str) -> None:
    text = source_form(cells, language)
    notebook = read_source_form(Path("shop.py"), text)
    assert parts(notebook) == expected(cells, language)
    lines = text.split("\n")
    for cell in notebook.cells:  # and each body begins on the line that it names
        first = f"%{cell.magic}" if cell.magic else cell.body.split("\n")[0]
        assert first in lines[cell.line - 1]


@given(CELLS, st.sampled_from(["python", "sql"]))
def test_what_is_written_in_jupyters_form_is_read_again(
    cells: list[Written], language: str
) -> None:
    notebook = read_ipynb(Path("shop.ipynb"), ipynb(cells, language))
    assert parts(notebook) == expected(cells, language)


@given(st.text(max_size=200))
def test_any_text_is_a_notebook_or_a_clear_error(text: str) -> None:
    try:
        notebook = read_source_form(Path("shop.py"), HEADER + text)
    except (BadSourceFile, NotSupported) as error:
        assert "shop.py" in str(error)
    else:
        assert all(isinstance(cell, Cell) and cell.line > 1 for cell in notebook.cells)
