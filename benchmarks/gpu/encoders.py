"""Photos a second on a GPU: the model alone, decoding alone, both; how long the GPU waits.

The architectures are open_clip's with random weights; photos are JPEG files of 640 x 480 pixels.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from PIL import Image

from engine import load_encoder
from engine.bench.embedding.arithmetic import flops_of
from engine.encode.photos.device_fitting import DeviceFitting
from engine.encode.pipeline import embed_batches
from engine.encode.watch import Watch
from gpu.measure import Results, seconds, wait

KINDS = 128  # different photos


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


def measure(name: str, device: str, results: Results, rates: dict[str, float], count: int) -> None:
    """All figures of one model."""
    encoder: Any = load_encoder(f"{name}/untrained", device)
    started = time.perf_counter()
    encoder.encode_texts(["red dress"])
    results.add(f"{name}: loaded", seconds=time.perf_counter() - started)
    encoder.image_batch = min(encoder.image_batch, count)
    files = photos(count)
    batch = prepared(encoder.preprocess, files[: encoder.image_batch])
    operations = flops(encoder, batch[:1])
    alone = partial(results.attempt)
    alone(f"{name}: precision", lambda: precision(name, encoder, batch[:16], results))
    rate = model_alone(name, encoder, batch, operations, results, rates)
    alone(f"{name}: both", lambda: both(name, encoder, files, rate, operations, results, rates))
    alone(f"{name}: texts", lambda: texts(name, encoder, results, count))


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


def precision(name: str, encoder: Any, pixels: np.ndarray, results: Results) -> None:
    """Cosines of what the engine gives with what it gives on the processor, in float32."""
    whole: Any = load_encoder(f"{name}/untrained", "cpu")
    cosines = (encoder.encode_pixels(pixels) * whole.encode_pixels(pixels)).sum(axis=1)
    results.add(
        f"{name}: {encoder.precision} beside float32",
        least_cosine=float(cosines.min()), mean_cosine=float(cosines.mean()),
    )  # fmt: skip


def model_alone(
    name: str, encoder: Any, batch: np.ndarray, operations: float, results: Results, rates: Any
) -> float:
    """Photos a second of the model with photos on the device; and through `encode_pixels`."""
    model, pixels = model_of(encoder), normalised(encoder, batch)

    def forward() -> None:
        with torch.inference_mode():
            model.encode_image(pixels)

    rate = len(batch) / seconds(encoder.device, forward)
    given = len(batch) / seconds(encoder.device, lambda: encoder.encode_pixels(batch))
    with ThreadPoolExecutor(2) as pool:
        two = seconds(
            encoder.device, lambda: list(pool.map(encoder.encode_pixels, [batch] * 8)), 3, 1
        )
    results.add(
        f"{name}: model alone",
        batch=len(batch), GFLOP_each=operations / 1e9, on_device_per_s=rate,
        share_of_bfloat16=rate * operations / rates["bfloat16"], one_by_one_per_s=given,
        two_in_flight_per_s=8 * len(batch) / two,
    )  # fmt: skip
    return rate


def always(height: int, width: int) -> bool:
    return True


def decoding(rule: Any, files: list[bytes], device: str, results: Results) -> None:
    """Photos a second that are decoded and fitted, by threads and by processes, and on the device."""
    cores = os.cpu_count() or 1

    def rate(work: Callable[[], object]) -> float:
        work()
        started = time.perf_counter()
        work()
        return len(files) / (time.perf_counter() - started)

    started = time.perf_counter()
    for data in files[:64]:
        rule.as_bytes(data)
    one = 64 / (time.perf_counter() - started)
    with ThreadPoolExecutor(cores) as pool:
        threads = rate(lambda: sum(1 for _ in pool.map(rule.as_bytes, files)))
        only = rate(lambda: sum(1 for _ in pool.map(lambda f: rule.decoded(f, always), files)))
    some = [rule.decoded(data, always) for data in files[:256]]
    fitting = DeviceFitting(torch, rule, device)
    fitted = len(some) / seconds(device, lambda: fitting(some), 5, 2)
    is_equal = (fitting(some[:16]).cpu().numpy() == prepared(rule, files[:16])).all()
    parts = [files[at : at + 32] for at in range(0, len(files), 32)]
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        processes = rate(lambda: sum(1 for _ in pool.map(partial(prepared, rule), parts)))
    results.add(
        "decoding alone", cores=cores, one_thread_per_s=one, threads_per_s=threads,
        processes_per_s=processes, decoded_only_per_s=only, fitted_on_device_per_s=fitted,
        fitted_equal=bool(is_equal),
    )  # fmt: skip


def both(
    name: str,
    encoder: Any,
    files: list[bytes],
    rate: float,
    operations: float,
    results: Results,
    rates: dict[str, float],
) -> None:
    """The engine's pipeline from files to vectors."""
    size = encoder.image_batch

    def batches() -> Any:
        for at in range(0, len(files), size):
            some = files[at : at + size]
            yield pa.record_batch(
                [pa.array(range(len(some))), pa.array(some, pa.binary())], names=["key", "image"]
            )

    list(embed_batches(list(batches())[:2], encoder))
    watch = Watch()
    started = time.perf_counter()
    done = sum(len(out) for out in embed_batches(batches(), encoder, watch))
    wait(encoder.device)
    each = done / (time.perf_counter() - started)
    results.add(
        f"{name}: files to vectors",
        photos=done, per_s=each, model_waits=watch.waited, gpu_waits=1 - each / rate,
        share_of_bfloat16=each * operations / rates["bfloat16"],
    )  # fmt: skip


def texts(name: str, encoder: Any, results: Results, count: int) -> None:
    words = [f"Brand {number} cotton casual shirt in red and blue" for number in range(count)]
    taken = seconds(encoder.device, lambda: encoder.encode_texts(words), 2, 1)
    results.add(f"{name}: texts", per_s=len(words) / taken)


def jpeg_on_device(files: list[bytes], device: str, results: Results) -> None:
    """nvJPEG through torchvision: how fast, and how far from Pillow's pixels."""
    from torchvision.io import decode_jpeg

    held = [torch.from_numpy(np.frombuffer(data, np.uint8).copy()) for data in files[:256]]
    taken = seconds(device, lambda: decode_jpeg(held, device=device), 3, 1)
    decoded = decode_jpeg(held[:16], device=device)
    off = []
    for data, pixels in zip(files, decoded):
        own = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        off.append(np.abs(pixels.permute(1, 2, 0).cpu().numpy().astype(int) - own))
    results.add(
        "JPEG on the device", per_s=len(held) / taken, most_off=int(np.max(off)),
        mean_off=float(np.mean(off)), equal_share=float(np.mean(np.array(off) == 0)),
    )  # fmt: skip
