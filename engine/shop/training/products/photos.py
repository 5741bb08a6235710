"""Photos decoded once, in a file of pixels. Broken ones are left out; goes on where it was interrupted.

A photo is (s, s, 4) bytes: RGB as serving fits it, and 255 where it isn't its plain border.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.errors import BadImage, BadSourceFile
from engine.shop.training.products.pixels import Bytes, background_mask, fitted, normalise, resized
from engine.shop.training.stored import stored_array

_BLOCK = 256  # photos after which the file is up to date


@dataclass(frozen=True)
class Photos:
    """Decoded photos.

    Attributes:
        pixels: (n, s, s, 4), in the order of the files; of those that failed, nothing.
        failed: why a photo could not be used, by its place.
    """

    pixels: Bytes
    failed: dict[int, str]

    def usable(self) -> list[int]:
        """Places of the photos that could be used."""
        return [place for place in range(len(self.pixels)) if place not in self.failed]

    def of(self, places: Sequence[int] | np.ndarray) -> torch.Tensor:
        """Pixels of some photos."""
        return torch.from_numpy(np.stack([self.pixels[place] for place in places]))

    def normalised(self, places: Sequence[int] | np.ndarray, size: int) -> torch.Tensor:
        """A model's input (n, 3, size, size) of some photos as they are."""
        return resized(normalise(self.of(places)[..., :3]), size)


def decoded_photos(
    files: Sequence[Path], size: int, folder: Path, threads: int, progress: Callable[[int], object]
) -> Photos:
    """Pixels of photos, from `photos.npy` in the folder where they were decoded before.

    Raises:
        BadSourceFile: no photo can be used.
    """
    record, store = folder / "photos.json", folder / "photos.npy"
    digest = _digest(files, size)
    done, failed = _said(record, digest) if store.is_file() else (0, {})
    shape = (len(files), size, size, 4)
    pixels = stored_array(store, shape, np.uint8, is_new=not done)
    progress(done)
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        for start in range(done, len(files), _BLOCK):
            some = files[start : start + _BLOCK]
            outcomes = list(pool.map(_decoder(size), some))
            failed |= {start + i: one for i, one in enumerate(outcomes) if isinstance(one, str)}
            blank = np.full((size, size, 3), 255, dtype=np.uint8)
            rgb = np.stack([blank if isinstance(one, str) else one for one in outcomes])
            pixels[start : start + len(some)] = _with_foreground(rgb)
            pixels.flush()
            said = {"digest": digest, "done": start + len(some), "failed": failed}
            record.write_text(json.dumps(said))
            progress(len(some))
    if len(failed) == len(files):
        reason = next(iter(failed.values()))
        raise BadSourceFile(f"no photo can be used; the first: {reason}", file=str(files[0]))
    return Photos(pixels, failed)


def _decoder(size: int) -> Callable[[Path], Bytes | str]:
    prepare = fitted(size)

    def decode(file: Path) -> Bytes | str:
        try:
            floats = prepare(file)
        except BadImage as error:
            return error.message
        return np.rint(floats).astype(np.uint8).transpose(1, 2, 0)

    return decode


def _with_foreground(rgb: Bytes) -> Bytes:
    photos = torch.from_numpy(rgb)
    shown = torch.where(background_mask(photos), 0, 255).to(torch.uint8)
    both: Bytes = torch.cat([photos, shown[..., None]], -1).numpy()
    return both


def _said(record: Path, digest: str) -> tuple[int, dict[int, str]]:
    """How many photos of this digest are decoded, and which failed."""
    try:
        said = json.loads(record.read_bytes())
        if said["digest"] == digest:
            return int(said["done"]), {int(k): str(v) for k, v in said["failed"].items()}
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # none, or cut off: made anew
        pass
    return 0, {}


def _digest(files: Sequence[Path], size: int) -> str:
    """Changes with the photos, as far as their files' sizes and times tell."""
    found = hashlib.blake2b(f"{size}".encode(), digest_size=16)
    for file in files:
        try:
            status = file.stat()
            found.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        except OSError:  # gone; decoding it says so
            found.update(f"{file}\0gone\n".encode())
    return found.hexdigest()
