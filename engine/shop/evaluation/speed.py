"""How fast a model is here, with a catalogue's own photos and names. Knows clocks; not figures."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from engine.encode.encoder import Encoder
from engine.encode.pipeline import embed_batches
from engine.errors import ModelUnavailable
from engine.photo_files import read_photo

_STARTS = 3
_SINGLE = 200  # texts and photos encoded one by one
_TEXTS, _PHOTOS = 2000, 1000  # encoded together
_START = """
import sys
import engine
name, device = sys.argv[1:]
engine.load_encoder(name, device or None).encode_texts(["red dress"])
"""


@dataclass(frozen=True)
class Speed:
    """Medians and rates on this machine; nothing comes from a cache.

    Attributes:
        ready: seconds from a new process's start to the vector of its first text.
        text, photo: seconds for one, decoding included.
        photos, texts: in a second, many at once; reading and decoding included.
    """

    ready: float
    text: float
    photo: float
    photos: float
    texts: float

    def to_dict(self) -> dict[str, float]:
        """As JSON."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


def speed_of(
    name: str,
    device: str | None,
    encoder: Encoder,
    files: Sequence[Path],
    texts: Sequence[str],
) -> Speed:
    """Measure a model; `files` are photos that it can use, `texts` names of products.

    Raises:
        ModelUnavailable: a new process can't load it.
    """
    ready = _median(partial(_start, name, device) for _ in range(_STARTS))
    encoder.encode_texts(["warm"])
    encoder.encode_images(files[:1])
    together = list(texts[:_TEXTS])
    some = files[:_PHOTOS]
    return Speed(
        ready=ready,
        text=_median(partial(encoder.encode_texts, [text]) for text in texts[:_SINGLE]),
        photo=_median(partial(encoder.encode_images, [file]) for file in files[:_SINGLE]),
        photos=len(some) / _seconds(lambda: list(embed_batches(_batches(some, encoder), encoder))),
        texts=len(together) / _seconds(lambda: encoder.encode_texts(together)),
    )


def _start(name: str, device: str | None) -> None:
    command = [sys.executable, "-c", _START, name, device or ""]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise ModelUnavailable(f"a new process can't load {name}: {last:.300}")


def _batches(files: Sequence[Path], encoder: Encoder) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(files), encoder.image_batch):
        photos = [read_photo(file) for file in files[start : start + encoder.image_batch]]
        keys = pa.array(range(len(photos)))
        yield pa.record_batch([keys, pa.array(photos, pa.binary())], names=["key", "image"])


def _median(works: Iterable[Callable[[], object]]) -> float:
    return statistics.median(map(_seconds, works))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
