"""Whatever a file holds, it is read or refused with its problems, and never fails in another way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.yaml_text import NotYaml, read_yaml
from engine.doors.rest.fields import Field
from engine.doors.seeding.file.document import Document, SeedRefused
from engine.doors.seeding.file.form import SECTIONS
from engine.doors.seeding.file.resources import read_resources

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        [
            "",
            "id",
            "main.s.t",
            "${var.x}",
            "${",
            "DELTA_SYNC",
            "DIRECT_ACCESS",
            "csv",
            "bigint",
            "{",
        ]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def objects(fields: tuple[Field, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the fields, each with a value of its form or with any other."""
    inner = {
        field.name: st.one_of(
            VALUES,
            *([objects(field.fields)] if field.kind == "object" and field.fields else []),
            *(
                [st.lists(objects(field.fields), max_size=2)]
                if field.kind == "objects" and field.fields
                else []
            ),
        )
        for field in fields
    }
    return st.fixed_dictionaries({}, optional=inner)


FILES = st.fixed_dictionaries(
    {},
    optional={
        section: st.one_of(
            VALUES,
            st.lists(objects(fields), max_size=2),
            st.dictionaries(st.sampled_from(["a", "main.s.t"]), objects(fields), max_size=2),
        )
        for section, fields in SECTIONS.items()
    }
    | {"resources": VALUES, "variables": VALUES, "other": VALUES},
)


@settings(max_examples=300, deadline=None)
@given(FILES)
def test_any_values_are_read_or_refused(values: dict[str, Any]) -> None:
    document = Document(None, Path.cwd(), values)
    try:
        found, _ = read_resources(document)
    except SeedRefused as refused:
        assert refused.problems
        str(refused)
    else:
        assert found


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.text(alphabet="ab:- \n\t[]{}&*!<>|'\"#%@,?~.0123", max_size=60),
    )
)
def test_any_text_is_yaml_or_is_refused(text: str) -> None:
    try:
        _, lines, _ = read_yaml(text)
    except NotYaml as refused:
        assert refused.reason
    else:
        assert all(1 <= line <= text.count("\n") + text.count("\r") + 40 for line in lines.values())
