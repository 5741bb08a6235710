"""All photos that a run shows, decoded once and held on the device; how often each one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from engine.shop.training.products.labels import KIND
from engine.shop.training.products.photos import Photos, decoded_photos
from recipe.catalogue import Catalogue, Folder

SIZE = 144  # of the photos held, in pixels; those of a step are smaller crops
_NEAR, _BRIGHT, _ROUNDS = 14, 150, 110  # of the background
_AT_ONCE = 1024
_RARE, _BOUNDS, _UNKNOWN = -0.3, (0.3, 4.0), 0.5
# Weights where a product may have a photo in each of two folders: of the first where the second has
# one too, and of the second.
_FIRST_OF_TWO, _SECOND = 0.65, 0.75


@dataclass(frozen=True)
class Bank:
    """Photos on the device.

    Attributes:
        pixels: (n, 144, 144, 4) bytes: RGB on white, and 255 where it isn't background.
        products: (n,) what they show. weights: (n,) how often each is drawn in a pass; mean 1.
    """

    pixels: Tensor
    products: Tensor
    weights: Tensor


@dataclass(frozen=True)
class Aside:
    """Photos of a folder that are held out, at the model's size. `products`: (n,) what they show."""

    name: str
    photos: Photos
    places: list[int]
    products: np.ndarray


def read_bank(
    catalogue: Catalogue, all_photos: bool, work: Path, device: str, threads: int
) -> Bank:
    """The photos of products that training shows.

    Args:
        all_photos: False for those of the last folder alone.

    Raises:
        BadSourceFile: a folder without a photo that can be used.
    """
    shown = [folder.of(~catalogue.held) for folder in catalogue.folders]
    chosen = [*shown, *catalogue.drawn] if all_photos else shown[-1:]
    decoded = [_decoded(folder, SIZE, work / folder.name, threads) for folder in chosen]
    places = [photos.usable() for photos in decoded]
    products = [torch.from_numpy(one.products[some]) for one, some in zip(chosen, places)]
    count = sum(map(len, places))
    pixels = torch.empty(count, SIZE, SIZE, 4, dtype=torch.uint8, device=device)
    for photos, some, part in zip(decoded, places, pixels.split([len(some) for some in places])):
        _fill(part, photos, some)
    kinds = torch.from_numpy(catalogue.labels.codes[KIND])
    weights = photo_weights(kinds, products, len(shown) if all_photos else 1)
    return Bank(pixels, torch.cat(products).to(device), weights.to(device))


def read_aside(catalogue: Catalogue, size: int, work: Path, threads: int) -> list[Aside]:
    """The photos that are held out, of each folder that has some."""
    found = []
    for folder in (one.of(catalogue.held) for one in catalogue.folders):
        if folder.files:
            photos = _decoded(folder, size, work / f"{folder.name}-held-out-{size}", threads)
            places = photos.usable()
            found.append(Aside(folder.name, photos, places, folder.products[places]))
    return found


def _decoded(folder: Folder, size: int, work: Path, threads: int) -> Photos:
    work.mkdir(parents=True, exist_ok=True)
    with tqdm(total=len(folder.files), unit="photo", desc=work.name) as bar:
        photos = decoded_photos(folder.files, size, work, threads, bar.update)
    for place, why in photos.failed.items():
        print(f"left out: {folder.files[place]}: {why}")
    return photos


def _fill(pixels: Tensor, photos: Photos, places: Sequence[int]) -> None:
    """Copy photos to (n, s, s, 4) bytes on the device; the background is this recipe's own."""
    for start in range(0, len(places), _AT_ONCE):
        rgb = photos.of(places[start : start + _AT_ONCE])[..., :3].to(pixels.device)
        part = pixels[start : start + len(rgb)]
        part[..., :3], part[..., 3] = rgb, (~background(rgb)).to(torch.uint8) * 255


def background(photos: Tensor) -> Tensor:
    """(n, s, s) bool: what is near the border's own bright colour and connected to the border, of
    (n, s, s, 3) bytes."""
    x = photos.permute(0, 3, 1, 2).float()
    rim = torch.cat([x[:, :, 0], x[:, :, -1], x[:, :, :, 0], x[:, :, :, -1]], 2)
    usual = rim.median(2).values[:, :, None, None]
    near = ((x - usual).abs().amax(1, keepdim=True) < _NEAR).float()
    reached = torch.zeros_like(near)
    for edge in (np.s_[..., 0, :], np.s_[..., -1, :], np.s_[..., :, 0], np.s_[..., :, -1]):
        reached[edge] = near[edge]
    for _ in range(_ROUNDS):
        grown = functional.max_pool2d(reached, 3, 1, 1) * near
        if torch.equal(grown, reached):
            break
        reached = grown
    is_bright = usual.amin(1, keepdim=True) > _BRIGHT
    return (reached > 0)[:, 0] & is_bright[:, 0]


def photo_weights(kinds: Tensor, products: Sequence[Tensor], folders: int) -> Tensor:
    """How often each photo is drawn in a pass, mean 1: more of rare kinds, less of products with two.

    Args:
        kinds: (products,) codes. products: what the photos of each folder show, drawn ones last.
        folders: how many of them are not drawn.
    """
    kind = kinds[torch.cat(list(products))]
    counts = torch.bincount(kind[kind >= 0], minlength=int(kinds.max()) + 1).float()
    share = counts[kind.clamp(min=0)] / counts[counts > 0].mean()
    weights = torch.where(kind < 0, _UNKNOWN, (share**_RARE).clamp(*_BOUNDS))
    if folders > 1:
        first, second = len(products[0]), len(products[1])
        in_both = torch.isin(products[0], products[1])
        weights[:first] *= torch.where(in_both, _FIRST_OF_TWO, 1.0)
        weights[first : first + second] *= _SECOND
    return weights / weights.mean()


class Order:
    """Numbers of photos in the order in which they are shown, pass after pass."""

    def __init__(self, weights: Tensor) -> None:
        self._weights = weights
        self._next = torch.empty(0, dtype=torch.long, device=weights.device)

    def draw(self, count: int) -> Tensor:
        """(count,) numbers of the next photos."""
        weights = self._weights
        while len(self._next) < count:
            times = torch.floor(weights + torch.rand_like(weights)).long()
            numbers = torch.arange(len(weights), device=weights.device)
            shown = torch.repeat_interleave(numbers, times)
            shuffled = shown[torch.randperm(len(shown), device=weights.device)]
            self._next = torch.cat([self._next, shuffled])
        drawn, self._next = self._next[:count], self._next[count:]
        return drawn
