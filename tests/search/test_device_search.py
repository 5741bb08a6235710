"""An index answers on a device as it does on the processor, exactly asked: rows, scores, order.

torch's CPU stands in for the device; where a machine has a GPU, the same bodies run on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from support.devices import devices

from engine import DeviceUnavailable, InvalidParameterValue, Settings, Workspace
from engine.core.query_request import QueryRequest
from engine.doors.cli.command import main
from engine.service import search_device
from engine.service.search_device import chosen_device
from engine.store.segments.device.search import SearchDevice

ROWS, DIMENSION = 6000, 64
HERE = devices()
FILTERS: list[dict[str, Any] | None] = [None, {"x <": 500}, {"x <": 3}, {"x >": 20}, {"x": -1}]
KINDS = ("unit", "any length", "few numbers", "equal")


def vectors_of(kind: str, rows: int = ROWS) -> np.ndarray:
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((rows, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if kind == "any length":
        vectors *= rng.uniform(0.2, 3, (rows, 1)).astype(np.float32)
        vectors[0] = 0
    if kind == "few numbers":
        vectors = np.sign(vectors) * np.float32(0.125)
        vectors[:, 4:] = np.float32(0.125)
    if kind == "equal":
        vectors[:] = vectors[0]
    return vectors


def name_of(kind: str) -> str:
    return f"main.a.{kind.replace(' ', '_')}"


def table(vectors: np.ndarray) -> pa.Table:
    rng = np.random.default_rng(6)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    numbers = np.arange(len(vectors)) % 1000
    return pa.table(
        {"product_id": pa.array(rng.permutation(len(vectors))), "x": pa.array(numbers), "v": flat}
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an index for each kind of vectors, each of two segments, with deletions."""
    workspace = Workspace(tmp_path_factory.mktemp("device"))
    for kind in KINDS:
        rows = table(vectors_of(kind))
        workspace.write_table("t", rows.slice(0, 4000))
        workspace.create_index(
            name_of(kind), source_table="t", vector_column="v", create_endpoint=True
        )
        workspace.write_table("t", rows.slice(100))
        workspace.sync(name_of(kind))
        parts = workspace.version_of(name_of(kind))[2].parts
        assert len(parts) == 2
        assert parts[0].delete_bitmap is not None
    return workspace.path


@pytest.fixture(params=HERE)
def on_device(
    request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    device = SearchDevice(request.param, memory=300_000, fixed_ns=0)
    monkeypatch.setattr(search_device, "search_device", lambda name, precision: device)
    yield Workspace(folder, Settings(folder, search_device="cuda"))


def answers(workspace: Workspace, kind: str, **asked: Any) -> tuple[Any, list[str]]:
    request = QueryRequest(name_of(kind), columns=["product_id", "x"], debug_level=1, **asked)
    reply = workspace.queries.query(request)
    return reply["result"], reply["debug_info"]["plan"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("filters", FILTERS)
def test_a_query_is_answered_as_by_the_processor(
    folder: Path, on_device: Workspace, kind: str, filters: dict[str, Any] | None
) -> None:
    vectors, plain = vectors_of(kind), Workspace(folder)
    rng = np.random.default_rng(9)
    queries = [vectors[7], vectors[5000], rng.standard_normal(DIMENSION).astype(np.float32)]
    for query in queries:
        for wanted in (1, 30):
            asked = {"query_vector": query.tolist(), "num_results": wanted, "filters": filters}
            expected, _ = answers(plain, kind, exact=True, **asked)
            found, plans = answers(on_device, kind, **asked)
            assert found == expected
            if filters is None:
                where = on_device.version_of(name_of(kind))[2].device
                assert where is not None
                assert all(plan.startswith(where.name) for plan in plans)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("filters", FILTERS)
def test_many_queries_at_once_too(
    folder: Path, on_device: Workspace, kind: str, filters: dict[str, Any] | None
) -> None:
    vectors = vectors_of(kind)
    queries = np.concatenate([vectors[::700], vectors[:3] * np.float32(1e-9)])
    asked = {"query_vectors": queries, "columns": ["product_id"], "filters": filters}
    found = on_device.queries.batch(name_of(kind), num_results=25, **asked)
    expected = Workspace(folder).queries.batch(name_of(kind), num_results=25, exact=True, **asked)
    assert found == expected


def test_lists_of_ten_thousand(folder: Path, on_device: Workspace) -> None:
    query = vectors_of("unit")[3].tolist()
    asked = {"query_vector": query, "num_results": 10_000}
    found, _ = answers(on_device, "unit", **asked)
    assert found == answers(Workspace(folder), "unit", exact=True, **asked)[0]


def test_words_and_vectors_are_fused_as_by_the_processor(
    folder: Path, on_device: Workspace, tmp_path: Path
) -> None:
    words = pa.array([f"red dress number {i}" for i in range(1000)])
    rows = table(vectors_of("unit", 1000)).append_column("word", words)
    replies = []
    for device in (None, "cuda"):
        workspace = Workspace(tmp_path, Settings(tmp_path, search_device=device))
        if device is None:
            workspace.write_table("t", rows)
            workspace.create_index(
                "main.a.w", source_table="t", vector_column="v", create_endpoint=True
            )
        request = QueryRequest(
            "main.a.w", columns=["product_id"], query_type="HYBRID", query_text="dress 7",
            query_vector=vectors_of("unit")[0].tolist(),
        )  # fmt: skip
        replies.append(workspace.queries.query(request)["result"])
    assert replies[0] == replies[1]


def test_nothing_of_torch_is_loaded_before_a_search(folder: Path) -> None:
    workspace = Workspace(folder, Settings(folder, search_device="cuda"))
    assert workspace.version_of(name_of("unit"))[2].device is not None


# ---------------------------------------------------------------------- choosing
def test_which_device_is_chosen(tmp_path: Path) -> None:
    def name(**given: Any) -> str | None:
        device = chosen_device(Settings(tmp_path, **given))
        return device.name if device is not None else None

    assert name() is None
    assert name(device="cpu") is None
    assert name(device="cuda") == "cuda"
    assert name(device="cuda:1") == "cuda:1"
    assert name(device="cuda", search_device="cpu") is None
    assert name(search_device="cuda:0") == "cuda:0"
    one = Settings(tmp_path, device="cuda")
    assert chosen_device(one) is chosen_device(one)  # workspaces share its memory


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"search_device": "gpu"}, "search_device is 'gpu'; expected cpu, cuda or cuda:N"),
        ({"search_device": "cuda:x"}, "search_device is 'cuda:x'"),
        (
            {"device_vectors": "int8"},
            "device_vectors is 'int8'; expected float16, bfloat16, float32",
        ),
    ],
)
def test_what_can_be_no_device_is_refused(
    tmp_path: Path, given: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidParameterValue, match=message):
        Workspace(tmp_path, Settings(tmp_path, **given))


def test_the_environment_chooses(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {"VITRINE_SEARCH_DEVICE": "cuda:1", "VITRINE_DEVICE_VECTORS": "bfloat16"}
    )
    device = chosen_device(settings)
    assert device is not None
    assert (device.name, device.precision) == ("cuda:1", "bfloat16")


@pytest.mark.skipif("cuda" in HERE, reason="there is a GPU")
def test_a_gpu_that_is_not_here_is_said_at_the_first_search(folder: Path) -> None:
    workspace = Workspace(folder, Settings(folder, device="cuda"))
    with pytest.raises(DeviceUnavailable, match="'cuda' was asked for, but torch"):
        answers(workspace, "unit", query_vector=vectors_of("unit")[0].tolist())
    line = ["index", "query", name_of("unit"), "--query-vector", str([1.0] * DIMENSION)]
    done = CliRunner().invoke(main, [*line, "-w", str(folder), "--device", "cuda"])
    assert done.exit_code == 1
    assert "'cuda' was asked for" in done.output
    assert CliRunner().invoke(main, [*line, "-w", str(folder)]).exit_code == 0


def test_a_command_refuses_what_can_be_no_device(folder: Path) -> None:
    done = CliRunner().invoke(main, ["--device", "gpu", "index", "list", "-w", str(folder)])
    assert done.exit_code == 2
    assert "expected cpu, cuda or cuda:N" in done.output
