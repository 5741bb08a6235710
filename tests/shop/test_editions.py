"""A workspace of the embedded model's first edition where a later one is the default: each door says
what to do, or does right. The later one is a placeholder with the first one's towers, other pixels.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import CliRunner
from support.catalogue import Catalogue, write_catalogue
from support.editions import FIRST, LATER, with_later_edition
from support.server import CREDENTIALS

from engine import InvalidState, Settings, VectorSearchClient, Workspace, load_encoder
from engine.core.names import table_name
from engine.doors.cli.command import main
from engine.doors.http.server import BackgroundServer
from engine.encode.encoder import Encoder
from engine.shop.demo import Demo
from engine.shop.names import IMAGE_INDEX, TEXT_INDEX

MANAGED, CLIP = "main.fashion_demo.managed", "clip-multimodal-encoder"
PRODUCTS = 12


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with with_later_edition(tmp_path_factory.mktemp("embedded")) as name:
        yield name


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return write_catalogue(tmp_path_factory.mktemp("catalogue"), PRODUCTS)


def create_managed(made: Workspace, **more: Any) -> None:
    """The index of products' names by a serving endpoint."""
    made.create_index(
        MANAGED,
        source_table="main.fashion_demo.products",
        source_column="product_display_name",
        model_endpoint=CLIP,
        **more,
    )


def build(folder: Path, catalogue: Catalogue, recorded: str) -> Workspace:
    """The shop and a managed index by the first edition, which calls itself `recorded`."""
    made = Workspace(folder, Settings(folder, encoder=FIRST))
    made.encoder().name = recorded
    made.build(catalogue.styles, catalogue.images)
    create_managed(made, columns_to_sync=["product_id", "product_display_name"])
    made.encoder().name = FIRST
    return made


@pytest.fixture(scope="module")
def built(later: str, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as releases left it that had no other edition; to be copied."""
    folder = tmp_path_factory.mktemp("workspace") / "w"
    build(folder, catalogue, recorded="embedded")
    return folder


@pytest.fixture
def workspace(built: Path, tmp_path: Path) -> Workspace:
    """A copy, opened with the default encoder."""
    shutil.copytree(built, tmp_path / "w")
    return Workspace(tmp_path / "w")


@pytest.fixture
def at(workspace: Workspace) -> list[str]:
    return ["-w", str(workspace.path)]


def vectors_in(workspace: Workspace, index: str) -> np.ndarray:
    """The vectors of an index by key."""
    _, _, version = workspace.version_of(index)
    (part,) = version.parts
    return np.asarray(part.segment.vectors.take(np.arange(version.rows)))


def ranked(vectors: np.ndarray, encoder: Encoder, text: str) -> np.ndarray:
    return np.sort(vectors @ encoder.encode_texts([text])[0])[::-1]


def cosines(rows: object) -> list[float]:
    return [row["cosine"] for row in rows]  # type: ignore[attr-defined]


# ------------------------------------------------------------------ searches of the shop
def test_the_shops_searches_go_on_with_the_model_of_the_index(
    workspace: Workspace, catalogue: Catalogue
) -> None:
    assert workspace.encoder().name == LATER
    found = workspace.search("red dress", index=TEXT_INDEX, k=PRODUCTS)
    expected = ranked(vectors_in(workspace, TEXT_INDEX), load_encoder(FIRST), "red dress")
    np.testing.assert_allclose(cosines(found), expected, atol=1e-5)
    photo = next(catalogue.images.glob("*.jpg"))
    assert workspace.search(image=photo, k=1)[0]["cosine"] == pytest.approx(1, abs=1e-3)


def test_what_is_recorded_names_the_edition(
    later: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    """The next edition finds indexes of this one by that name."""
    made = Workspace(tmp_path)
    made.build(catalogue.styles, catalogue.images)
    facts = made.version_of(IMAGE_INDEX)[2].facts["encoder"]
    assert facts == {"encoder": LATER, "fingerprint": load_encoder(LATER).fingerprint}


def test_a_search_says_how_to_have_the_later_edition(workspace: Workspace, at: list[str]) -> None:
    printed = CliRunner().invoke(main, ["search", "red dress", *at])
    assert printed.exit_code == 0
    for note in (workspace.search("red dress").note, printed.stderr):
        assert note is not None
        assert f"index {IMAGE_INDEX} was made with {FIRST}, and answers with it; {LATER}" in note
        assert f"vitrine embed, then vitrine index sync {IMAGE_INDEX}" in note
        assert f"VITRINE_ENCODER={FIRST}" in note


def test_who_names_the_first_edition_is_not_told(
    workspace: Workspace, at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = Workspace(workspace.path, Settings(workspace.path, encoder=FIRST))
    assert named.search("red dress").note is None
    assert named.shop.model_notes() == []
    monkeypatch.setenv("VITRINE_ENCODER", FIRST)
    assert CliRunner().invoke(main, ["search", "red dress", *at]).stderr == ""
    monkeypatch.delenv("VITRINE_ENCODER")
    assert workspace.search("red dress", encoder=FIRST).note is None


def test_another_edition_by_name_is_refused_with_what_to_do(
    workspace: Workspace, at: list[str]
) -> None:
    with pytest.raises(InvalidState) as caught:
        workspace.search("red dress", encoder=LATER)
    printed = CliRunner().invoke(main, ["search", "red dress", "--encoder", LATER, *at])
    assert printed.exit_code == 1
    for said in (caught.value.message, printed.stderr):
        for part in (
            f"Index {IMAGE_INDEX} was made with encoder {FIRST} of fingerprint",
            f"encoder {LATER} has",
            f"vitrine embed, then vitrine index sync {IMAGE_INDEX}",
            f"--encoder {FIRST}",
        ):
            assert part in said
    assert len(workspace.search("red dress", encoder=FIRST)) == 10
    assert CliRunner().invoke(main, ["search", "red", "--encoder", FIRST, *at]).exit_code == 0


@pytest.mark.parametrize("argument", ["query_vector", "query"])
def test_sql_does_not_compare_vectors_of_two_editions(workspace: Workspace, argument: str) -> None:
    asked = f"{argument} => ai_query('clip-multimodal-encoder', 'red dress')"
    statement = f"SELECT * FROM vector_search(index => '{IMAGE_INDEX}', {asked})"
    with pytest.raises(InvalidState) as caught:
        workspace.sql(statement)
    for part in (f"made by {FIRST}", f"clip-multimodal-encoder has {LATER}", "vitrine embed"):
        assert part in caught.value.message
    named = Workspace(workspace.path, Settings(workspace.path, encoder=FIRST))
    assert named.sql(statement).num_rows > 0


# ------------------------------------------------------------------ sync and embed
def test_a_sync_alone_changes_nothing(workspace: Workspace) -> None:
    before = vectors_in(workspace, IMAGE_INDEX)
    report = workspace.sync(IMAGE_INDEX)
    assert (report.inserted, report.updated, report.deleted) == (0, 0, 0)
    assert np.array_equal(vectors_in(workspace, IMAGE_INDEX), before)


def test_embed_encodes_anew_and_the_cache_holds_both(workspace: Workspace) -> None:
    before = vectors_in(workspace, IMAGE_INDEX)
    report = workspace.embed()
    assert (report.encoder, report.encoded_images, report.encoded_texts) == (
        LATER,
        PRODUCTS,
        PRODUCTS,
    )
    # Not synced yet: the index is what it was, and is asked by its own model.
    assert f"made with {FIRST}" in str(workspace.search("red dress").note)
    assert workspace.sync(IMAGE_INDEX).updated == PRODUCTS
    after = vectors_in(workspace, IMAGE_INDEX)
    assert not np.allclose(before, after, atol=1e-3)
    found = workspace.search("red dress", k=PRODUCTS)
    assert found.note is None
    np.testing.assert_allclose(
        cosines(found), ranked(after, load_encoder(LATER), "red dress"), atol=1e-5
    )
    again = workspace.embed(encoder=FIRST)
    assert (again.encoder, again.encoded_images, again.encoded_texts) == (FIRST, 0, 0)
    assert workspace.sync(IMAGE_INDEX).updated == PRODUCTS
    assert np.array_equal(vectors_in(workspace, IMAGE_INDEX), before)


def test_the_commands_that_the_note_names_do_it(workspace: Workspace, at: list[str]) -> None:
    for line in (["embed"], ["index", "sync", IMAGE_INDEX]):
        assert CliRunner().invoke(main, [*line, *at]).exit_code == 0
    printed = CliRunner().invoke(main, ["search", "red dress", *at])
    assert (printed.exit_code, printed.stderr) == (0, "")
    properties = workspace.tables.get(table_name("product_embeddings_multimodal")).properties
    assert properties["encoder"] == LATER


def test_a_build_brings_everything_to_the_later_edition(
    workspace: Workspace, catalogue: Catalogue
) -> None:
    report = workspace.build(catalogue.styles, catalogue.images)
    assert report.embedded.encoder == LATER
    assert workspace.search("red dress").note is None
    assert workspace.shop.model_notes() == []


def test_a_demo_of_the_first_edition_is_made_anew(
    later: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue
) -> None:
    from engine.shop import demo

    sample = tmp_path / "sample"
    shutil.copytree(catalogue.images, sample / "images")
    shutil.copy(catalogue.styles, sample / "styles.csv")
    monkeypatch.setattr(demo, "sample_dir", lambda: sample)
    for encoder, expected in ((FIRST, FIRST), (None, LATER)):
        opened = Workspace(tmp_path / "w")
        report = Demo(opened.shop, opened.tables, opened.volumes, opened.path).build(encoder)
        assert report.embedded.encoder == expected
        assert len(opened.search("red dress")) == 10


# ------------------------------------------------------------------ a managed index, by every door
WANTED = (
    f"The rows of index {MANAGED} were encoded by {FIRST}",
    f"serving endpoint {CLIP} now has {LATER}",
    f"vitrine index sync {MANAGED}",
    f"VITRINE_ENCODER={FIRST}",
)


def asked_in_process(workspace: Workspace) -> tuple[bool, str]:
    index = VectorSearchClient(disable_notice=True, workspace=workspace).get_index(
        index_name=MANAGED
    )
    try:
        reply = index.similarity_search(
            columns=["product_id"], query_text="red dress", num_results=10
        )
    except InvalidState as error:
        return False, error.message
    return reply["result"]["row_count"] == 10, ""


def asked_over_http(workspace: Workspace) -> tuple[bool, str]:
    headers = {"Authorization": f"Bearer {CREDENTIALS.token}"}
    body = {"columns": ["product_id"], "query_text": "red dress", "num_results": 10}
    with BackgroundServer(workspace, CREDENTIALS) as server:
        url = f"{server.url}/api/2.0/vector-search/indexes/{MANAGED}/query"
        reply = httpx.post(url, json=body, headers=headers, timeout=60)
    if reply.status_code != 200:
        assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_STATE")
        return False, reply.json()["message"]
    return reply.json()["result"]["row_count"] == 10, ""


def asked_by_command(workspace: Workspace) -> tuple[bool, str]:
    line = ["search", "red dress", "--index", MANAGED, "-w", str(workspace.path)]
    done = CliRunner().invoke(main, line, env={"VITRINE_ENCODER": workspace.settings.encoder})
    return done.exit_code == 0, done.stderr


DOORS = pytest.mark.parametrize("asked", [asked_in_process, asked_over_http, asked_by_command])


@DOORS
def test_a_managed_index_says_what_to_do_and_that_helps(workspace: Workspace, asked) -> None:
    answered, said = asked(workspace)
    assert not answered
    for part in WANTED:
        assert part in said
    # One way out: the first edition by name.
    named = Workspace(workspace.path, Settings(workspace.path, encoder=FIRST))
    assert asked(named) == (True, "")
    # The other: a sync, which encodes every row anew.
    report = workspace.sync(MANAGED)
    assert (report.changed, report.indexed) == (True, PRODUCTS)
    assert asked(workspace) == (True, "")


def test_an_endpoint_for_queries_alone_does_not_hide_it(
    later: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    """Rows and queries have endpoints of their own, both of the workspace's encoder."""
    made = Workspace(tmp_path, Settings(tmp_path, encoder=FIRST))
    made.import_fashion(catalogue.styles, catalogue.images)
    create_managed(made, query_model_endpoint="clip-image-encoder", create_endpoint=True)
    assert asked_in_process(made) == (True, "")
    answered, said = asked_in_process(Workspace(tmp_path))
    assert not answered
    assert all(part in said for part in WANTED)


# ------------------------------------------------------------------ serve
def test_who_serves_is_told_that_endpoints_answer_with_another_model(
    workspace: Workspace, at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors that a client brings can't be told apart by whose they are."""
    (note,) = workspace.shop.model_notes()
    assert IMAGE_INDEX in note
    assert TEXT_INDEX in note
    assert MANAGED not in note  # which refuses by itself
    assert f"made with {FIRST}, and serving endpoints answer with {LATER}" in note
    assert f"VITRINE_ENCODER={FIRST}" in note
    monkeypatch.setattr("engine.doors.http.server.serve", lambda *_: None)
    printed = CliRunner().invoke(main, ["serve", "--port", "18765", *at])
    assert printed.exit_code == 0
    assert f"note: {note}" in printed.stderr
