"""What a whole run records: equal weights, equal answers, what is left out and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import typed
from support.needs import needs

from engine.bench.embedding.cell import Turns
from engine.bench.embedding.entrants import ENTRANTS, NAMES, Entrant, model_of, why_out
from engine.bench.embedding.request import EmbeddingBench
from engine.bench.embedding.run import lines_of, measure, stage_lines
from engine.bench.records import journal
from engine.bench.records.floors import Floors
from engine.bench.records.line import Floor, LeftOut, Line
from engine.bench.records.machine import cores
from engine.errors import InvalidParameterValue
from engine.optional import install_line, is_installed

LITTLE = Floors(10.0, 8.0, 50.0, 5.0)
FEW = {"count": 2, "text_count": 3, "rounds": 2}


def measured(bench: EmbeddingBench) -> tuple[list[Line], dict[str, str]]:
    recorder = journal.begin(None, "typed", floors=LITTLE)
    measure(bench, recorder)
    lines = [one for one in recorder.kept if isinstance(one, Line)]
    out = {one.contestant: one.reason for one in recorder.kept if isinstance(one, LeftOut)}
    return lines, out


def find(lines: list[Line], contestant: str, what: str) -> list[Line]:
    return [line for line in lines if (line.contestant, line.what) == (contestant, what)]


def test_rates_and_times_of_turns() -> None:
    turns = Turns([0.5, 0.25], [1.0, 0.5], [1.0, 0.99999], 300.0)
    floor = Floor("arithmetic", 100.0)
    lines = {line.what: line for line in lines_of({"model": "m"}, "images", "a", turns, 10, floor)}
    assert lines["images"].values == (20.0, 40.0) and lines["images"].better == "higher"
    assert lines["images"].floors == pytest.approx(0.3)
    assert lines["images: processor"].values == (100.0, 50.0)
    assert lines["images: least cosine"].values == (1.0, 0.99999)
    assert lines["images: memory"].values == (300.0,)


def test_shares_of_stages_add_up_to_one() -> None:
    rounds = [
        {"decoding": 0.3, "model": 0.6, "rest": 0.1},
        {"decoding": 1.0, "model": 2.0, "rest": 1.0},
    ]
    lines = list(stage_lines({}, "images", rounds, 10))
    shares = [line.values for line in lines if line.what == "images: share"]
    assert [sum(each) for each in zip(*shares)] == pytest.approx([1.0, 1.0])
    times = [line.values for line in lines if line.what == "images: stage"]
    (whole,) = [line for line in lines if line.what == "images: all stages"]
    assert [sum(each) for each in zip(*times)] == pytest.approx(list(whole.values))
    assert whole.values == pytest.approx((100.0, 400.0))
    assert len({line.key for line in lines}) == len(lines)
    assert list(stage_lines({}, "images", [], 10)) == []


def test_the_embedded_model_beside_a_plain_loop() -> None:
    lines, out = measured(EmbeddingBench(["embedded"], **FEW))
    entrants = {"vitrine", "vitrine embed", "bare model", "onnxruntime loop"}
    assert {line.contestant for line in lines} == entrants
    assert set(out) == set(NAMES) - entrants
    for name in entrants:
        (cosines,) = find(lines, name, "images: least cosine")
        assert min(cosines.values) > 0.99999 and len(cosines.values) == 2
    told = {"model": "embedded", "batch": 32, "threads": cores(), "device": "cpu"}
    (texts,) = find(lines, "onnxruntime loop", "texts")
    assert dict(texts.settings) == told and texts.unit == "texts/s"
    assert len(find(lines, "vitrine", "images: stage")) == 8
    assert all(dict(line.settings) | told == dict(line.settings) for line in lines)


def test_a_clip_of_open_clip_beside_the_plain_loop(tiny_encoder_name: str) -> None:
    lines, out = measured(EmbeddingBench([tiny_encoder_name], **FEW, batches=[None]))
    assert set(out) == {"onnxruntime loop", "sentence-transformers", "clip-retrieval"}, out
    for name in ("open_clip loop, 0 workers", "open_clip loop, 2 workers", "vitrine embed"):
        (cosines,) = find(lines, name, "images: least cosine")
        assert min(cosines.values) > 0.99999
    for name in ("open_clip loop, 0 workers", "padded to 77 tokens", "bare model"):
        (cosines,) = find(lines, name, "texts: least cosine")
        assert min(cosines.values) > 0.99999
    (rate,) = find(lines, "vitrine", "images")
    assert rate.floor is not None and "GFLOP a photo at 50 GFLOP/s" in rate.floor.of


def test_sentence_transformers_with_made_weights_answers_as_we_do() -> None:
    needs("clip", "text", "references")
    made = ["made:transformers", "made:sentences"]
    lines, out = measured(
        EmbeddingBench(made, **FEW, contestants=["sentence-transformers"], is_small=True)
    )
    assert out == {}
    found = find(lines, "sentence-transformers", "texts: least cosine")
    found += find(lines, "sentence-transformers", "images: least cosine")
    assert [line.settings["model"] for line in found] == [made[0], made[1], made[0]]
    assert min(min(line.values) for line in found) > 0.9999


def test_a_model_that_is_not_here_is_left_out_and_the_next_is_measured(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_text("no picture")
    photo = next(iter((Path(__file__).parents[3] / "datasets/sample/images").glob("*.jpg")))
    (tmp_path / "y.jpg").write_bytes(photo.read_bytes())
    lines, out = measured(
        EmbeddingBench(
            [f"{tmp_path}/none", "hashed"], photos=tmp_path, **FEW, contestants=["vitrine"]
        )
    )
    assert "holds no model" in out["vitrine"] and "no image" in out["photo x.jpg"]
    assert {line.settings["model"] for line in lines} == {"hashed"}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"rounds": 0}, "rounds is 0"),
        ({"batches": [0]}, "batches are"),
        ({"threads": [10_000]}, "threads is 10000"),
        ({"contestants": ["nobody"]}, "no contestant 'nobody'; there are: vitrine,"),
    ],
)
def test_what_cannot_be_measured_is_refused(given: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidParameterValue, match=why):
        EmbeddingBench(**given).check(NAMES)  # type: ignore[arg-type]


def test_every_contestant_has_a_file_and_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for entrant in ENTRANTS:
        assert "class Contestant" in entrant.path.read_text()


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    def is_there(package: str) -> bool:
        return package.partition(".")[0] not in packages and is_installed(package)

    monkeypatch.setattr("engine.bench.embedding.entrants.is_installed", is_there)
    monkeypatch.setattr("engine.optional.is_installed", is_there)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "torch", "sentence_transformers", "clip_retrieval")
    model = model_of("ViT-B-32-quickgelu/untrained")
    reasons = {entrant.name: why_out(entrant, model, None) for entrant in ENTRANTS}
    assert reasons["vitrine"] == f"torch is not installed: {install_line('clip')}"
    assert reasons["open_clip loop, 2 workers"] == reasons["vitrine"]
    assert install_line("text") in str(reasons["sentence-transformers"])
    assert "--clip-retrieval-python" in str(reasons["clip-retrieval"])
    clip_retrieval: Entrant = ENTRANTS[-1]
    assert why_out(clip_retrieval, model, "/somewhere/python") is None


def test_the_smoke_run_goes_without_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without(
        monkeypatch, "torch", "open_clip", "transformers", "sentence_transformers", "clip_retrieval"
    )
    file = tmp_path / "raw.jsonl"
    done = typed("bench", "embedding", "--smoke", "--out", file)
    assert done.exit_code == 0, done.output
    found = journal.read([file])
    assert {line.settings["model"] for line in found.lines} == {"embedded"}
    assert {line.contestant for line in found.lines} >= {"vitrine", "onnxruntime loop"}
    reasons = {one.contestant: one.reason for one in found.left_out}
    for name in ("open_clip loop, 0 workers", "open_clip loop, 2 workers"):
        assert install_line("clip") in reasons[name]
    assert install_line("text") in reasons["sentence-transformers"]
    assert "made:sentences" in {one.settings.get("model") for one in found.left_out}
    assert "raw lines:" in done.output and "images/s" in done.output


def test_the_command_refuses_in_words(tmp_path: Path) -> None:
    done = typed("bench", "embedding", "--contestant", "nobody", "--out", tmp_path / "x.jsonl")
    assert done.exit_code == 1 and "no contestant 'nobody'" in done.output
    done = typed("bench", "embedding", "--device", "tpu", "--count", 1, "--text-count", 1, "embedded",
                 "--rounds", 1, "--contestant", "bare model", "--out", tmp_path / "y.jsonl")  # fmt: skip
    assert "device 'tpu' is unknown" in done.output
