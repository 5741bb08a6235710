"""Photos a second on a GPU: the model alone, decoding alone, both; how long the GPU waits.

The architectures are open_clip's with random weights; photos are JPEG files of 640 x 480 pixels.
"""

from __future__ import annotations

import io
import os
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from engine import load_encoder
from engine.bench.embedding.arithmetic import flops_of
from engine.bench.records.line import Line, Measured
from engine.encode.photos.device_fitting import DeviceFitting
from engine.encode.photos.workers.decoding import Decoding, close_idle, usual_processes
from engine.encode.pipeline import embed_batches
from engine.encode.watch import Watch
from gpu.measure import ASK, Ceilings, attempt, rates, wait

KINDS = 128  # different photos
FITTED = "decoding and fitting"
BATCH, BEGUN = (
    256,
    4,
)  # photos that workers are given at a time, and how many times before they are taken
PATIENCE = 60  # seconds
TIMES = 4  # the photos of a model, from files to vectors by processes


def photos(count: int, size: tuple[int, int] = (640, 480)) -> list[bytes]:
    """JPEG files of smooth random pictures, about as large as photos of products."""
    made = []
    for seed in range(min(count, KINDS)):
        rng = np.random.default_rng(seed)
        small = rng.integers(0, 256, (size[1] // 10, size[0] // 10, 3), dtype=np.uint8)
        picture = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=90)
        made.append(buffer.getvalue())
    return [made[number % len(made)] for number in range(count)]


def prepared(rule: Any, some: Sequence[bytes]) -> np.ndarray:
    return np.stack([rule.as_bytes(data) for data in some])


@dataclass(frozen=True)
class Effort:
    """How much is done: photos in all, times each is measured, batches in hand, processes."""

    photos: int
    rounds: int = 7
    held: int = 8
    processes: tuple[int, ...] = tuple(
        sorted({(usual_processes() + 1) // 2 or 1, usual_processes() or 1, os.cpu_count() or 1})
    )

    @property
    def warm(self) -> int:
        return min(2, self.rounds - 1)


def measure(name: str, device: str, top: Ceilings, effort: Effort) -> Iterator[Measured]:
    """All figures of one model."""
    count = effort.photos
    encoder: Any = load_encoder(f"{name}/untrained", device)
    started = time.perf_counter()
    encoder.encode_texts(["red dress"])
    yield ASK.line("loading", "s", time.perf_counter() - started, model=name)
    encoder.image_batch = min(encoder.image_batch, count)
    files = photos(count)
    batch = prepared(encoder.preprocess, files[: encoder.image_batch])
    operations = flops(encoder, batch[:1])
    yield from attempt(f"{name}: precision", precision(name, encoder, batch[:16]))
    yield from attempt(f"{name}: alone", model_alone(name, encoder, batch, operations, top, effort))
    yield from attempt(f"{name}: both", both(name, encoder, files, operations, top))
    close_idle()
    yield from attempt(f"{name}: texts", texts(name, encoder, count))


def encoded(what: str, values: list[float], told: dict[str, Any], **how: Any) -> Line:
    return ASK.line(what, "photos/s", values, better="higher", more=told, **how)


def normalised(encoder: Any, pixels: np.ndarray) -> torch.Tensor:
    rule = encoder.preprocess
    mean, std = (torch.tensor(each)[:, None, None] for each in (rule.mean, rule.std))
    kind = getattr(torch, encoder.precision)
    return ((torch.from_numpy(pixels).float() / 255 - mean) / std).to(encoder.device, kind)


def model_of(encoder: Any) -> Any:
    return encoder._model  # what the engine runs, to be run in other ways too


def flops(encoder: Any, one: np.ndarray) -> float:
    """Operations of one photo."""
    return flops_of(model_of(encoder).encode_image, normalised(encoder, one))


def precision(name: str, encoder: Any, pixels: np.ndarray) -> Iterator[Measured]:
    """Cosines of what the engine gives with what it gives on the processor, in float32."""
    whole: Any = load_encoder(f"{name}/untrained", "cpu")
    cosines = (encoder.encode_pixels(pixels) * whole.encode_pixels(pixels)).sum(axis=1)
    yield ASK.line(
        "cosine with float32",
        "cosine",
        [float(cosine) for cosine in cosines],
        better="higher",
        model=name,
        precision=encoder.precision,
    )


def model_alone(
    name: str,
    encoder: Any,
    batch: np.ndarray,
    operations: float,
    top: Ceilings,
    effort: Effort,
) -> Iterator[Measured]:
    """Photos a second of the model with photos on the device; and through `encode_pixels`."""
    model, pixels = model_of(encoder), normalised(encoder, batch)
    size, device = len(batch), encoder.device
    often = (effort.rounds, effort.warm)

    def forward() -> None:
        with torch.inference_mode():
            model.encode_image(pixels)

    told = {"batch": size, "GFLOP_each": operations / 1e9}
    alone = rates(device, size, forward, *often)
    share = statistics.median(alone) * operations / top.products["bfloat16"]
    yield encoded("the model alone", alone, {**told, "share_of_bfloat16": share}, model=name)
    one = rates(device, size, lambda: encoder.encode_pixels(batch), *often)
    yield encoded("encode_pixels, a batch at a time", one, told, model=name)
    held = [batch] * effort.held
    rounds = min(3, effort.rounds)
    with ThreadPoolExecutor(2) as pool:
        two = rates(
            device,
            len(held) * size,
            lambda: list(pool.map(encoder.encode_pixels, held)),
            rounds,
            rounds - 1,
        )
    yield encoded("encode_pixels, two batches at once", two, told, model=name)


def always(height: int, width: int) -> bool:
    return True


def decoding(rule: Any, files: list[bytes], device: str, effort: Effort) -> Iterator[Measured]:
    """Photos a second that are decoded and fitted, by threads and by workers, and on the device."""
    cores = os.cpu_count() or 1
    count = len(files)

    def rate(work: Callable[[], object]) -> list[float]:
        return rates("cpu", count, work, 1, 1)

    def line(what: str, values: list[float], workers: str) -> Line:
        return encoded(what, values, {"cores": cores}, workers=workers)

    some = files[:64]
    one = rates("cpu", len(some), lambda: [rule.as_bytes(data) for data in some], 1, 0)
    yield line(FITTED, one, "1 thread")
    with ThreadPoolExecutor(cores) as pool:
        found = rate(lambda: sum(1 for _ in pool.map(rule.as_bytes, files)))
        yield line(FITTED, found, f"{cores} threads")
        only = rate(lambda: sum(1 for _ in pool.map(lambda f: rule.decoded(f, always), files)))
        yield line("decoding alone", only, f"{cores} threads")
    yield from attempt("fitting on the device", fitting(rule, files, device))
    for processes in effort.processes:
        yield from attempt(f"{processes} workers", by_workers(rule, files, processes))


def by_workers(rule: Any, files: list[bytes], processes: int) -> Iterator[Measured]:
    """Photos a second that the engine's processes decode into shared memory, and nothing else."""
    made = Decoding(rule, always, processes=processes, pays_from=0)
    until = time.monotonic() + PATIENCE

    def is_late() -> bool:
        return time.monotonic() > until

    started = time.perf_counter()
    while made.crew(0) is None:
        if is_late():
            raise TimeoutError("the processes don't start")
        time.sleep(0.01)
    told = {"cores": os.cpu_count(), "start_s": time.perf_counter() - started}
    with ThreadPoolExecutor(1) as pool:
        line = made.line(lambda data: pool.submit(rule.decoded, data, always), is_late)
        found = rates("cpu", len(files), lambda: taken(line, files), 2, 1)
        before = time.process_time()
        taken(line, files)
        told["own_ms_each"] = 1000 * (time.process_time() - before) / len(files)
        line.close()
    close_idle()
    yield encoded("decoding alone", found, told, workers=f"{processes} processes")


def taken(line: Any, files: list[bytes]) -> None:
    """Have all photos decoded, some batches begun before one is taken."""
    begun: deque[Any] = deque()
    for at in range(0, len(files), BATCH):
        begun.append(line.begin(files[at : at + BATCH]))
        if begun[-1] is None:
            raise MemoryError("no room for photos in shared memory")
        if len(begun) == BEGUN:
            begun.popleft().outcomes()
    while begun:
        begun.popleft().outcomes()


def fitting(rule: Any, files: list[bytes], device: str) -> Iterator[Measured]:
    """Fitting of decoded photos on the device, and whether its pixels are Pillow's."""
    some = [rule.decoded(data, always) for data in files[:256]]
    on_device = DeviceFitting(torch, rule, device)
    is_equal = (on_device(some[:16]).cpu().numpy() == prepared(rule, files[:16])).all()
    fitted = rates(device, len(some), lambda: on_device(some), 5, 2)
    yield encoded("fitting on the device", fitted, {"equal": bool(is_equal)}, workers="the device")


def both(
    name: str, encoder: Any, files: list[bytes], operations: float, top: Ceilings
) -> Iterator[Measured]:
    """The engine's pipeline from files to vectors: by threads and by processes, in turns."""
    by = {"threads": (0, files), "processes": (None, files * TIMES)}
    if encoder.decoding is None:
        del by["processes"]  # of a model on the processor
    found: dict[str, list[dict[str, float]]] = {who: [] for who in by}
    for encoder.photo_processes, _ in by.values():
        until_begun(encoder, files)
        list(embed_batches(list(batches(encoder, files))[:4], encoder))
    for _ in range(2):
        for who, (encoder.photo_processes, some) in by.items():
            found[who].append(one_run(encoder, some))
    for who, runs in found.items():
        told = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        rate = told.pop("photos_s")
        told["share_of_bfloat16"] = rate * operations / top.products["bfloat16"]
        rated = [run["photos_s"] for run in runs]
        yield encoded("files to vectors", rated, told, model=name, decoded_by=who)


def until_begun(encoder: Any, files: list[bytes]) -> None:
    """Wait for the processes that decode, where there will be some."""
    until = time.monotonic() + PATIENCE
    while encoder.decoding is not None and encoder.decoding.crew(len(files)) is None:
        if time.monotonic() > until:
            raise TimeoutError("the processes don't start")
        time.sleep(0.01)


def batches(encoder: Any, files: list[bytes]) -> Iterator[pa.RecordBatch]:
    size = encoder.image_batch
    for at in range(0, len(files), size):
        some = files[at : at + size]
        yield pa.record_batch(
            [pa.array(range(len(some))), pa.array(some, pa.binary())], names=["key", "image"]
        )


def one_run(encoder: Any, files: list[bytes]) -> dict[str, float]:
    """Photos a second, the share of time in which no batch was at the model, this process's own work."""
    watch = Watch()
    started, before = time.perf_counter(), time.process_time()
    done = sum(len(out) for out in embed_batches(batches(encoder, files), encoder, watch))
    wait(encoder.device)
    taken_s, own = time.perf_counter() - started, time.process_time() - before
    return {
        "photos_s": done / taken_s,
        "photos": done,
        "model_waits": watch.waited,
        "own_ms_each": 1000 * own / done,
    }


def texts(name: str, encoder: Any, count: int) -> Iterator[Measured]:
    words = [f"Brand {number} cotton casual shirt in red and blue" for number in range(count)]
    found = rates(encoder.device, count, lambda: encoder.encode_texts(words), 2, 1)
    yield ASK.line("texts encoded", "texts/s", found, better="higher", model=name)


def jpeg_on_device(files: list[bytes], device: str) -> Iterator[Measured]:
    """nvJPEG through torchvision: how fast, and how far from Pillow's pixels."""
    from torchvision.io import decode_jpeg

    held = [torch.from_numpy(np.frombuffer(data, np.uint8).copy()) for data in files[:256]]
    found = rates(device, len(held), lambda: decode_jpeg(held, device=device), 3, 1)
    decoded = decode_jpeg(held[:16], device=device)
    off = []
    for data, pixels in zip(files, decoded):
        own = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        off.append(np.abs(pixels.permute(1, 2, 0).cpu().numpy().astype(int) - own))
    told = {"most_off": int(np.max(off)), "mean_off": float(np.mean(off))}
    told["equal_share"] = float(np.mean(np.array(off) == 0))
    yield ASK.line(
        "decoding alone",
        "photos/s",
        found,
        contestant="nvJPEG",
        better="higher",
        more=told,
        workers="the device",
    )
