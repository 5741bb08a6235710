"""Photos fitted on a device: Pillow's resizing and cutting, bit for bit. Knows arithmetic; not models.

Pillow resizes bytes in whole numbers: each pixel is a sum of bytes times weights of 22 binary digits,
along rows and along columns, rounded and cut to a byte after each. As matrix products of float64
numbers such sums are exact in any order. Which direction comes first is Pillow's choice, by rules of
its version: for each size of photos, both are compared with what Pillow makes of noise. A size that is
rare, or where neither is equal, stays Pillow's.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.encode.photos.preprocessing import Bytes, Decoded, Preprocess

_DIGITS = 22  # of a weight
_AT_ONCE = 1 << 28  # bytes of numbers in work
_SIZES = 64  # whose weights are kept
_RARE = 8  # photos of a size before the device is asked
_REMEMBERED = 4096  # sizes that are counted
_BILINEAR, _BICUBIC = 1.0, 2.0  # how far each reaches

Weights = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Plan:
    """Of photos of one size: weights (W, width) and (height, H) on the device, and the order."""

    across: Any
    down: Any
    is_down_first: bool


class DeviceFitting:
    """Fits decoded photos on a device by a model's rule. Safe to use from many threads."""

    def __init__(self, torch: Any, rule: Preprocess, device: str) -> None:
        self._torch, self._rule, self._device = torch, rule, device
        self._is_cuda = device.startswith("cuda")
        self._lock = threading.Lock()
        self._seen: dict[tuple[int, int], int] = {}
        self._first: dict[
            tuple[int, int], bool | None
        ] = {}  # whether down is; None: Pillow does it
        self._plans: OrderedDict[tuple[int, int], _Plan] = OrderedDict()

    def takes(self, height: int, width: int) -> bool:
        """Whether photos of this size are worth it: they have come before, and Pillow agrees."""
        size = (height, width)
        with self._lock:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            seen = self._seen[size] = self._seen.get(size, 0) + 1
            return seen > _RARE and self._first.get(size, False) is not None

    def __call__(self, pictures: Sequence[Union[Decoded, Bytes]]) -> Any:
        """(n, 3, height, width) uint8 on the device, of photos that are decoded or fitted already."""
        torch = self._torch
        out = torch.empty(
            (len(pictures), 3, *self._rule.size), dtype=torch.uint8, device=self._device
        )
        groups: dict[tuple[int, ...], list[int]] = {}
        for place, picture in enumerate(pictures):
            size = picture.pixels.shape if isinstance(picture, Decoded) else ()
            groups.setdefault(size, []).append(place)
        for size, places in groups.items():
            given = [pictures[place] for place in places]
            to = torch.tensor(places, device=self._device)
            out.index_copy_(0, to, self._group(given, size) if size else self._sent(given))
        return out

    def _group(self, pictures: list[Any], size: tuple[int, ...]) -> Any:
        """Photos of one (height, width, 4)."""
        torch, (height, width, _) = self._torch, size
        plan = self._plan(height, width)
        if plan is None:
            return self._sent([self._by_pillow(each.pixels) for each in pictures])
        if self._is_cuda:  # it may be forgotten while this thread's work is under way
            for each in (plan.across, plan.down):
                each.record_stream(torch.cuda.current_stream(self._device))
        step = max(1, _AT_ONCE // (8 * 3 * height * width))
        parts = [
            self._fitted(self._sent_photos(pictures[at : at + step]), plan)
            for at in range(0, len(pictures), step)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _fitted(self, held: Any, plan: _Plan) -> Any:
        """(n, H, W, 4) bytes to (n, 3, height, width)."""
        planes = held[..., :3].permute(0, 3, 1, 2).double()
        if plan.is_down_first:
            both = self._rounded(self._rounded(plan.down @ planes) @ plan.across)
        else:
            both = self._rounded(plan.down @ self._rounded(planes @ plan.across))
        return both.to(self._torch.uint8)

    @staticmethod
    def _rounded(sums: Any) -> Any:
        return sums.add_(2 ** (_DIGITS - 1)).mul_(2.0**-_DIGITS).floor_().clamp_(0, 255)

    def _sent(self, arrays: list[Any]) -> Any:
        """Equal arrays on the device, by way of pinned memory."""
        shape = (len(arrays), *arrays[0].shape)
        staged = self._torch.empty(shape, dtype=self._torch.uint8, pin_memory=self._is_cuda)
        np.stack(arrays, out=staged.numpy())
        return staged.to(self._device, non_blocking=self._is_cuda)

    def _sent_photos(self, pictures: list[Decoded]) -> Any:
        """Decoded photos of one size on the device; those that are side by side in one copy."""
        shape = (len(pictures), *pictures[0].pixels.shape)
        out = self._torch.empty(shape, dtype=self._torch.uint8, device=self._device)
        at = 0
        for run in runs(pictures):
            place = run[0].place
            part = out[at : at + len(run)]
            at += len(run)
            if place is None:
                part.copy_(self._sent([each.pixels for each in run]))
                continue
            end = place.at + len(run) * run[0].pixels.nbytes
            held = self._torch.from_numpy(place.block.bytes[place.at : end]).reshape(part.shape)
            if self._is_cuda and not place.block.is_pinned:
                held = held.pin_memory()
            # The block is whoever's who holds the photos, until the device is done with them.
            part.copy_(held, non_blocking=self._is_cuda)
        return out

    def _by_pillow(self, pixels: Bytes) -> Bytes:
        return self._rule.as_bytes(Image.fromarray(np.ascontiguousarray(pixels[..., :3])))

    def _plan(self, height: int, width: int) -> _Plan | None:
        """How photos of a size are fitted on the device; None where Pillow must do it."""
        size = (height, width)
        with self._lock:
            if len(self._first) > _REMEMBERED:
                self._first.clear()
            if size not in self._first:
                self._first[size] = self._order(height, width)
            first = self._first[size]
            if first is None:
                return None
            if size not in self._plans:
                self._plans[size] = self._made(height, width, first)
                if self._is_cuda:  # other threads will use it at once
                    self._torch.cuda.current_stream(self._device).synchronize()
            self._plans.move_to_end(size)
            while len(self._plans) > _SIZES:
                self._plans.popitem(last=False)
            return self._plans[size]

    def _order(self, height: int, width: int) -> bool | None:
        """Whether Pillow resizes down first; None where neither order gives its pixels."""
        noise = np.random.default_rng(0).integers(0, 256, (height, width, 4), dtype=np.uint8)
        noise[::3] = np.where(noise[::3] < 128, 0, 255)  # where sums leave the bytes' range
        expected = self._by_pillow(noise)
        for is_down_first in (False, True):
            plan = self._made(height, width, is_down_first)
            own = self._fitted(self._sent([noise]), plan)[0].cpu().numpy()
            if np.array_equal(own, expected):
                return is_down_first
        return None

    def _made(self, height: int, width: int, is_down_first: bool) -> _Plan:
        rule = self._rule
        target, resample = rule.target((width, height))
        is_bicubic = resample == Image.Resampling.BICUBIC
        left = round((target[0] - rule.size[1]) / 2.0)
        top = round((target[1] - rule.size[0]) / 2.0)
        across = pillow_weights(width, target[0], is_bicubic)
        down = pillow_weights(height, target[1], is_bicubic)
        first = self._whole(width, across, left, rule.size[1]).T.contiguous()
        return _Plan(first, self._whole(height, down, top, rule.size[0]), is_down_first)

    def _whole(self, have: int, given: tuple[Places, Weights], start: int, count: int) -> Any:
        """(count, have) on the device, of some consecutive pixels' weights and their places."""
        torch = self._torch
        places, weights = (
            torch.from_numpy(each[start : start + count]).to(self._device) for each in given
        )
        out = torch.zeros((count, have), dtype=torch.float64, device=self._device)
        return out.scatter_add_(1, places, weights)


def runs(pictures: Sequence[Decoded]) -> list[list[Decoded]]:
    """Photos of one size in parts that lie side by side in a block, or in none."""
    found: list[list[Decoded]] = []
    for picture in pictures:
        if found and _follows(found[-1][-1], picture):
            found[-1].append(picture)
        else:
            found.append([picture])
    return found


def _follows(one: Decoded, other: Decoded) -> bool:
    before, after = one.place, other.place
    if before is None or after is None:
        return before is after
    return before.block is after.block and after.at == before.at + one.pixels.nbytes


def pillow_weights(have: int, want: int, is_bicubic: bool) -> tuple[Places, Weights]:
    """Which of `have` bytes Pillow's resizing to `want` makes each of, and its weights in units.

    Returns:
        (want, n) places and (want, n) whole numbers; weights of places that are not used are 0.
    """
    scale = have / want
    stretch = max(scale, 1.0)
    reach = (_BICUBIC if is_bicubic else _BILINEAR) * stretch
    centre = (np.arange(want)[:, None] + 0.5) * scale
    first = np.trunc(np.maximum(centre - reach + 0.5, 0))
    end = np.minimum(np.trunc(centre + reach + 0.5), have)
    at = first + np.arange(int(np.ceil(reach)) * 2 + 1)
    values = (_bicubic if is_bicubic else _bilinear)((at - centre + 0.5) * (1.0 / stretch))
    values[at >= end] = 0
    # One after another, as Pillow adds them: the sum's last digit counts.
    whole = np.cumsum(values, axis=1)[:, -1:]
    parts = np.divide(values, whole, out=values, where=whole != 0) * (1 << _DIGITS)
    places = np.minimum(at, have - 1).astype(np.int64)
    return places, np.trunc(parts + np.where(parts < 0, -0.5, 0.5))


def _bilinear(x: Weights) -> Weights:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _bicubic(x: Weights) -> Weights:
    x, a = np.abs(x), -0.5
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))
