"""Model serving over HTTP: forms of replies, encoders of one's own, and many calls at once."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from support.children import LONGEST, wait_until
from support.encoder import CountingEncoder
from support.needs import needs
from support.server import CREDENTIALS, served

from engine import Workspace
from engine.doors.cli.command import main
from engine.doors.http import model_serving
from engine.errors import InvalidParameterValue, ResourceConflict
from engine.service.serving.invocations import invoke
from engine.service.serving.micro_batching import MAX_ITEMS

CLIP = "clip-multimodal-encoder"


class SlowEncoder(CountingEncoder):
    """Takes a while for a batch, however large; photos are drawn from their pixels."""

    image_batch = 8

    def __init__(self) -> None:
        super().__init__("slow")
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.batches: list[int] = []

    def encode_texts(self, texts: Sequence[str]) -> Any:
        self.batches.append(len(texts))
        assert self.may_go_on.wait(LONGEST)
        return super().encode_texts(texts)

    def prepare_image(self, image: bytes) -> Any:
        return np.asarray(Image.open(io.BytesIO(image)).convert("RGB"), np.float32)[:2, :2]

    def encode_pixels(self, pixels: Any) -> Any:
        self.batches.append(len(pixels))
        drawn = np.array([[p[0, 0, 0], p[0, 0, 1], p[0, 0, 2], 1.0] for p in pixels], np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    with served(tmp_path_factory.mktemp("models"), filled=False) as found:
        yield found


@pytest.fixture(scope="module")
def client(shop: Any) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {CREDENTIALS.token}"}
    limits = httpx.Limits(max_connections=200)
    with httpx.Client(
        base_url=shop[1], headers=headers, trust_env=False, timeout=60, limits=limits
    ) as opened:
        yield opened


@pytest.fixture
def slow(shop: Any) -> SlowEncoder:
    encoder = SlowEncoder()
    shop[0].serving.use("slow", encoder)
    return encoder


def photo(color: tuple[int, int, int]) -> str:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def call(client: httpx.Client, name: str, payload: Any) -> httpx.Response:
    return client.post(f"/serving-endpoints/{name}/invocations", json=payload)


def at_once(count: int, ask: Any) -> list[Any]:
    barrier = threading.Barrier(count)

    def one(number: int) -> Any:
        barrier.wait()
        return ask(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


# ---------------------------------------------------------------------- many at once
def are_running(client: httpx.Client, count: int) -> bool:
    """Whether so many requests are under way beside the one that asks."""
    return f"vitrine_http_requests_running {count + 1}.0" in client.get("/metrics").text


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The endpoints of all calls that have come to their model, in order."""
    found: list[str] = []

    def noted(serving: Any, name: str, payload: Any) -> Any:
        found.append(name)
        return invoke(serving, name, payload)

    monkeypatch.setattr(model_serving, "invoke", noted)
    return found


def test_fifty_calls_at_once_need_few_batches(
    client: httpx.Client, slow: SlowEncoder, arrived: list[str]
) -> None:
    def ask(number: int) -> Any:
        return call(client, "slow", {"dataframe_records": [{"text": f"text {number}"}]}).json()

    slow.may_go_on.clear()
    with ThreadPoolExecutor(50) as threads:
        asked = [threads.submit(ask, number) for number in range(50)]
        wait_until(lambda: len(arrived) == 50)
        slow.may_go_on.set()
        found = [each.result() for each in asked]
    for number, reply in enumerate(found):
        expected = slow.vector(f"text {number}")
        np.testing.assert_allclose(reply["predictions"], [expected], atol=1e-7)
    assert sum(slow.batches) == 50 and len(slow.batches) <= 15


def test_a_record_that_the_model_refuses_fails_alone(
    client: httpx.Client, slow: SlowEncoder, arrived: list[str]
) -> None:
    slow.refused = {"text 7"}
    slow.may_go_on.clear()
    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(call, client, "slow", {"inputs": [f"text {n}"]}) for n in range(20)]
        wait_until(lambda: len(arrived) == 20)
        slow.may_go_on.set()
        found = [each.result() for each in asked]
    assert [reply.status_code for reply in found] == [400 if n == 7 else 200 for n in range(20)]
    message = found[7].json()["message"]
    assert (
        message == "Failed to call Model Serving endpoint: slow. RuntimeError: can't read 'text 7'"
    )


def test_a_slow_model_holds_up_nothing_else(client: httpx.Client, slow: SlowEncoder) -> None:
    slow.may_go_on.clear()
    calls = 60  # more than the threads that other requests share
    with ThreadPoolExecutor(calls) as threads:
        waiting = [threads.submit(call, client, "slow", {"inputs": [f"{n}"]}) for n in range(calls)]
        try:
            wait_until(lambda: slow.batches and are_running(client, calls))
            assert client.get("/api/2.0/vector-search/endpoints").status_code == 200
            assert not any(each.done() for each in waiting)
        finally:
            slow.may_go_on.set()
        assert all(each.result().status_code == 200 for each in waiting)


def test_many_records_are_encoded_in_parts_and_in_order(shop: Any, slow: SlowEncoder) -> None:
    colors = [(n % 256, n // 2 % 256, 7) for n in range(MAX_ITEMS * 2 + 5)]
    rows = [{"image": photo(color)} | ({"text": f"t{n}"} if n % 3 == 0 else {})
            for n, color in enumerate(colors)]  # fmt: skip
    found = invoke(shop[0].serving, "slow", {"dataframe_records": rows})["predictions"]
    assert max(slow.batches) <= MAX_ITEMS
    alone = [
        invoke(shop[0].serving, "slow", {"dataframe_records": [row]})["predictions"][0]
        for row in rows
    ]
    np.testing.assert_allclose(found, alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_a_photo_behind_the_first_part_is_named_by_its_place(
    client: httpx.Client, slow: SlowEncoder
) -> None:
    rows = [{"text": "x"}] * (MAX_ITEMS + 3) + [{"image": base64.b64encode(b"no photo").decode()}]
    message = call(client, CLIP, {"dataframe_records": rows}).json()["message"]
    assert f"record {MAX_ITEMS + 3}" in message


# ---------------------------------------------------------------------- models that misbehave
@pytest.mark.parametrize(
    "answer",
    [
        np.zeros((1, 3), np.float32),
        np.zeros((2, 4), np.float32),
        np.full((1, 4), np.nan),
        np.array([["a"] * 4]),
        None,
        [[1, 2, 3]],
    ],
    ids=["short", "rows", "nan", "words", "none", "list"],
)
def test_what_a_model_answers_is_checked(shop: Any, client: httpx.Client, answer: object) -> None:
    broken = CountingEncoder("broken")
    broken.encode_texts = lambda texts: answer  # type: ignore[method-assign,assignment,return-value]
    shop[0].serving.use("broken", broken)
    reply = call(client, "broken", {"inputs": ["x"]})
    body = reply.json()
    assert (reply.status_code, body["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert body["message"].startswith("Failed to call Model Serving endpoint: broken. ValueError: ")


def test_a_model_that_answers_with_a_list_is_fine(shop: Any, client: httpx.Client) -> None:
    plain = CountingEncoder("plain", 2)
    plain.encode_texts = lambda texts: [[1, 2]] * len(texts)  # type: ignore[method-assign,assignment,return-value]
    shop[0].serving.use("plain", plain)
    assert call(client, "plain", {"inputs": ["x", "y"]}).json() == {"predictions": [[1, 2], [1, 2]]}


def test_a_model_without_photos_says_so(shop: Any, client: httpx.Client) -> None:
    shop[0].serving.use("words", CountingEncoder("words"))
    message = call(client, "words", {"inputs": [{"image": photo((1, 2, 3))}]}).json()["message"]
    assert "record 0: this endpoint's model takes no images" in message


def test_a_model_is_loaded_once_by_threads_that_start_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.service.serving import models

    loaded: list[str] = []
    began: list[int] = []

    def load(name: str, device: str | None) -> Any:
        loaded.append(name)
        wait_until(lambda: len(began) == 8)
        return CountingEncoder(name)

    def ask(number: int) -> Any:
        began.append(number)
        return workspace.encoder("some")

    monkeypatch.setattr(models, "load_encoder", load)
    workspace = Workspace(tmp_path)
    found = at_once(8, ask)
    assert loaded == ["some"] and len({id(encoder) for encoder in found}) == 1


# ---------------------------------------------------------------------- flat or not
def test_an_endpoint_of_one_s_own_answers_one_record_flat(
    shop: Any, client: httpx.Client, tmp_path: Path
) -> None:
    shop[0].create_serving_endpoint("flat", output="flat")
    shop[0].create_serving_endpoint("listed")
    one, two = {"inputs": ["red"]}, {"inputs": ["red", "blue"]}
    flat = call(client, "flat", one).json()["predictions"]
    assert [flat] == call(client, "listed", one).json()["predictions"]
    both = call(client, "flat", two).json()["predictions"]
    assert len(both) == 2 and both[0] == pytest.approx(flat, abs=1e-6)
    with_input = call(client, "flat", {"input": "red"}).json()
    assert with_input["data"][0]["embedding"] == pytest.approx(flat, abs=1e-6)
    described = client.get("/api/2.0/serving-endpoints/flat").json()
    assert described["config"]["output"] == "flat" and "flat vector" in described["description"]
    listed = {e["name"]: e["config"]["output"] for e in shop[0].list_serving_endpoints()}
    assert listed["clip-image-encoder"] == "flat" and listed[CLIP] == listed["listed"] == "vectors"


def test_output_of_the_command(tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(main, ["serving", *words, "-w", str(tmp_path)])

    assert run("create", "mine", "--output", "flat").exit_code == 0
    assert Workspace(tmp_path).get_serving_endpoint("mine")["config"]["output"] == "flat"
    assert ["mine", "default", "flat"] in [
        line.split()[:3] for line in run("list").output.splitlines()
    ]
    assert run("create", "other", "--output", "round").exit_code == 2
    with pytest.raises(InvalidParameterValue, match="output is 'round'; expected vectors or flat"):
        Workspace(tmp_path).create_serving_endpoint("other", output="round")
    with pytest.raises(ResourceConflict):
        Workspace(tmp_path).create_serving_endpoint("mine", output="flat")


def test_an_endpoint_made_before_outputs_were_known_lists_its_vectors(tmp_path: Path) -> None:
    import json

    workspace = Workspace(tmp_path)
    workspace.create_serving_endpoint("older")
    (file,) = tmp_path.rglob("older.json")
    facts = json.loads(file.read_text())
    older = {key: facts[key] for key in ("name", "id", "creator", "creation_timestamp")}
    file.write_text(json.dumps({**older, "encoder": None}))
    assert workspace.get_serving_endpoint("older")["config"]["output"] == "vectors"


# ---------------------------------------------------------------------- OpenAI's form
def test_vectors_as_base64(shop: Any, client: httpx.Client) -> None:
    body: dict[str, Any] = {"model": CLIP, "input": ["red", "blue"]}
    plain = client.post("/serving-endpoints/embeddings", json=body).json()
    coded = client.post(
        "/serving-endpoints/embeddings", json={**body, "encoding_format": "base64"}
    ).json()
    for one, other in zip(plain["data"], coded["data"]):
        numbers = np.frombuffer(base64.b64decode(other["embedding"]), "<f4")
        np.testing.assert_array_equal(numbers, np.array(one["embedding"], np.float32))
    assert {**plain, "data": []} == {**coded, "data": []}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"encoding_format": "hex"}, "encoding_format is 'hex'; expected float or base64"),
        ({"dimensions": 64}, "dimensions is 64; the vectors of this endpoint have 512 numbers"),
        ({"input": ""}, "record 0 has neither 'text' nor 'image'"),
        ({"input": [[1, 2]]}, "record 0 is [1, 2]"),
        ({"input": None}, "must hold one of"),
        ({"model": None}, "model is missing"),
    ],
)
def test_what_openais_form_refuses(client: httpx.Client, more: dict[str, Any], words: str) -> None:
    body = {"model": CLIP, "input": "x", **more}
    reply = client.post("/serving-endpoints/embeddings", json=body)
    assert reply.status_code == 400 and words in reply.json()["message"]
    assert client.post("/serving-endpoints/embeddings", json={**body, "model": "no"}).is_error


@pytest.mark.parametrize(("model", "dimensions"), [(CLIP, 512), ("databricks-gte-large-en", 1024)])
def test_own_dimensions_are_taken(client: httpx.Client, model: str, dimensions: int) -> None:
    body = {"model": model, "input": "x", "dimensions": dimensions, "encoding_format": "float"}
    reply = client.post("/serving-endpoints/embeddings", json=body)
    assert len(reply.json()["data"][0]["embedding"]) == dimensions


def test_the_real_client_queries_an_endpoint_in_each_form(shop: Any) -> None:
    needs("sdk")
    from databricks.sdk import WorkspaceClient

    w = WorkspaceClient(host=shop[1], token=CREDENTIALS.token)
    expected = shop[0].encoder().encode_texts(["red", "blue"])
    forms: list[dict[str, Any]] = [
        {"dataframe_records": [{"text": "red"}, {"text": "blue"}]},
        {"inputs": ["red", "blue"]},
        {"instances": [{"text": "red"}, {"text": "blue", "image": ""}]},
    ]
    for form in forms:
        reply = w.serving_endpoints.query(CLIP, **form)
        np.testing.assert_allclose(reply.predictions, expected, atol=1e-6)
        assert reply.served_model_name == CLIP
    embedded = w.serving_endpoints.query(CLIP, input=["red", "blue"])
    np.testing.assert_allclose([d.embedding for d in embedded.data], expected, atol=1e-6)
    assert w.serving_endpoints.get("clip-image-encoder").state.ready.value == "READY"


@pytest.mark.parametrize(
    "payload",
    [
        {"dataframe_records": {"text": "x"}},
        {"dataframe_split": {"columns": "text", "data": [["x"]]}},
        {"dataframe_split": [1]},
        {"dataframe_split": {"columns": ["text", "text"], "data": [["a", "b"]]}},
        {"inputs": {"text": ["a"], "image": ["b", "c"]}},
        {"inputs": 7},
        {"instances": [None]},
        {"instances": [["x"]]},
        {"prompt": "x"},
        {"messages": [{"role": "user", "content": "x"}]},
        {},
        "x",
        {"inputs": ["x"] * 1025},
    ],
    ids=str,
)
def test_other_payloads_are_refused_by_what_was_expected(
    client: httpx.Client, payload: Any
) -> None:
    reply = call(client, CLIP, payload)
    assert (reply.status_code, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("body", [b"", b"{", b'{"inputs": [NaN]}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_refused(client: httpx.Client, body: bytes) -> None:
    reply = client.post(f"/serving-endpoints/{CLIP}/invocations", content=body)
    assert (reply.status_code, reply.json()["error_code"]) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    "head",
    ["", "data:image/png;base64,", "DATA:image/png;name=a;BASE64,", "data:;base64,",
     " \ndata:image/png;base64,\n", "data:image/png;charset=utf-8;base64,"],
)  # fmt: skip
def test_a_photo_comes_as_base64_or_as_a_data_uri(shop: Any, slow: SlowEncoder, head: str) -> None:
    image = head + photo((200, 10, 10))
    expected = slow.encode_pixels([slow.prepare_image(base64.b64decode(photo((200, 10, 10))))])
    found = invoke(shop[0].serving, "slow", {"inputs": [{"image": image}]})["predictions"]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("way", ["in lines", "of links", "without its end", "with percents"])
def test_a_photo_s_base64_is_read_however_it_is_written(
    shop: Any, slow: SlowEncoder, way: str
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 31, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    assert {"+", "/"} <= set(text)
    lines = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    ways = {
        "in lines": lines,
        "of links": base64.urlsafe_b64encode(file.getvalue()).decode(),
        "without its end": text.rstrip("="),
        "with percents": f"data:image/png;base64,{quote(text, safe='')}",
    }
    expected = slow.encode_pixels([slow.prepare_image(file.getvalue())])
    record = {"inputs": [{"image": ways[way]}]}
    np.testing.assert_allclose(
        invoke(shop[0].serving, "slow", record)["predictions"], expected, atol=1e-6
    )


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("data:image/svg+xml,<svg/>", "record 1: 6 bytes: an SVG drawing: no image in a format"),
        ("data:image/png;base64,", "record 1: the image is empty"),
        ("data:image/png;base64,%2F9j", "record 1: 2 bytes: no image in a format that can be read"),
        ("data:image/png;base64,/9j!", "expected the base64 of a JPEG or PNG file"),
        ("/etc/passwd", "expected the base64 of a JPEG or PNG file"),
        ("\ud800", "record 1: image is '\\\\ud800', which holds a lone surrogate"),
    ],
)
def test_a_uri_that_holds_no_photo_is_refused_by_its_place(
    shop: Any, image: str, words: str
) -> None:
    records = [{"image": photo((1, 2, 3))}, {"image": image}]
    with pytest.raises(InvalidParameterValue, match=words):
        invoke(shop[0].serving, CLIP, {"dataframe_records": records})


def test_half_a_character_in_a_text_is_that_records_trouble(shop: Any) -> None:
    with pytest.raises(InvalidParameterValue, match=r"record 1: text .* lone surrogate"):
        invoke(shop[0].serving, CLIP, {"inputs": ["red", "dress \ud83d"]})
