"""TREC's files, written and read; odd ones are taken as trec_eval does, or named with their line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bench.retrieval.ranking import Ranked, by_score
from engine.bench.retrieval.trec import (
    falling,
    read_qrels,
    read_run,
    token,
    write_qrels,
    write_run,
)
from engine.errors import BadSourceFile

RUN = "q1 Q0 a 1 0.9 tag\nq1 Q0 b 2 0.5 tag\nq2 Q0 a 1 -3e-1 tag\n"
READ = {"q1": {"a": 0.9, "b": 0.5}, "q2": {"a": -0.3}}


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "some.run"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_a_run_is_read(tmp_path: Path) -> None:
    found = read_run(written(tmp_path, RUN))
    assert found.scores == READ
    assert (found.tag, found.lines) == ("tag", {"q1": 1, "q2": 3})


@pytest.mark.parametrize(
    "content",
    [
        RUN.replace(" ", "\t"),
        RUN.replace(" ", " \t  "),
        RUN.replace("\n", "\r\n"),
        "\n" + RUN.replace("\n", "\n\n").rstrip("\n"),
        b"\xef\xbb\xbf" + RUN.encode(),
        gzip.compress(RUN.encode(), mtime=0),
        gzip.compress(RUN.replace("\n", "\r\n").encode(), mtime=0),
        RUN.replace(" 1 ", " nonsense ").replace(" 2 ", " 1 "),  # ranks are not read
    ],
    ids=["tabs", "blanks", "crlf", "empty lines", "mark", "gzip", "gzip crlf", "ranks"],
)
def test_what_trec_eval_takes_is_taken(tmp_path: Path, content: str | bytes) -> None:
    assert read_run(written(tmp_path, content)).scores == READ


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("q1 Q0 c 1 0.9", "5 columns; expected 6: QUERY Q0 DOCUMENT RANK SCORE TAG"),
        ("q1 Q0 c d 1 0.9 tag", "7 columns"),
        ("q1,Q0,c,1,0.9,tag", "1 columns"),
        ("q1 Q0 a 3 0.1 tag", "document 'a' stands a second time for query 'q1'"),
        ("q1 Q0 c 3 high tag", "'high' stands there; expected a finite number"),
        ("q1 Q0 c 3 nan tag", "'nan' stands there"),
        ("q1 Q0 c 3 inf tag", "'inf' stands there"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(BadSourceFile) as error:
        read_run(written(tmp_path, RUN + line + "\n" + RUN))
    assert "some.run, line 4: " in str(error.value) and says in str(error.value)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match=r"some\.run, line 4: .*UTF-8"):
        read_run(written(tmp_path, RUN.encode() + b"q1 Q0 \xff\xfe 1 0.9 tag\n"))


@pytest.mark.parametrize("content", [b"", b"\n \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_no_run(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadSourceFile, match="there is no line in it; expected QUERY Q0"):
        read_run(written(tmp_path, content))


def test_damaged_gzip_and_a_missing_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match="damaged gzip"):
        read_run(written(tmp_path, gzip.compress(RUN.encode() * 99)[:-20]))
    with pytest.raises(BadSourceFile, match="No such file"):
        read_run(tmp_path / "absent.run")
    with pytest.raises(BadSourceFile, match="can't be read"):
        read_run(tmp_path)


def test_judgements_are_read_with_grades_of_any_sign(tmp_path: Path) -> None:
    file = written(tmp_path, "q1 0 a 2\nq1\t0\tb\t0\r\nq2 Q0 a -1\n")
    assert read_qrels(file) == {"q1": {"a": 2, "b": 0}, "q2": {"a": -1}}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("q1 a 1", "3 columns; expected 4: QUERY 0 DOCUMENT GRADE"),
        ("q1 0 c 1.5", "'1.5' stands there; expected an integer"),
        ("q1 0 a 1", "document 'a' stands a second time"),
        (RUN.splitlines()[0], "6 columns"),
    ],
)
def test_judgements_of_another_form_are_named(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(BadSourceFile) as error:
        read_qrels(written(tmp_path, f"q1 0 a 2\n{line}\n"))
    assert "some.run, line 2: " in str(error.value) and says in str(error.value)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "own.run"
    runs = {
        "q1": Ranked(("a", "b", "c"), np.array([0.5, 0.5, 0.25], dtype=np.float32)),
        "q 2": Ranked(("d\te", "f%20"), np.array([1.0, -1.0], dtype=np.float32)),
    }
    write_run(file, runs.items(), "my system")
    found = read_run(file)
    assert found.tag == "my%20system"
    assert {query: by_score(query, scores).ids for query, scores in found.scores.items()} == {
        "q1": ("a", "b", "c"),
        "q%202": ("d%09e", "f%20"),
    }
    assert all(len(line.split(" ")) == 6 for line in file.read_text().splitlines())
    grades = {"q1": {"a": 1, "b b": 2}}
    write_qrels(tmp_path / "own.qrels", grades)
    assert read_qrels(tmp_path / "own.qrels") == {"q1": {"a": 1, "b%20b": 2}}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40))
def test_written_scores_fall_strictly_and_hardly_move(scores: list[float]) -> None:
    given_scores = np.sort(np.array(scores, dtype=np.float32))[::-1]
    found = falling(given_scores)
    assert (np.diff(found) < 0).all()
    assert np.abs(found - given_scores).max() <= len(scores) * 2**-23


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), min_size=1))
def test_an_id_of_any_characters_is_one_word_of_a_file(text: str) -> None:
    made = token(text)
    assert len(made.encode().split()) == 1 and len(made.splitlines()) == 1
    if text.isascii() and text.isprintable() and " " not in text:
        assert made == text
