"""What an encoder is: the protocol of every model. Knows batching; not models, indexes or HTTP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.core.arrays import Matrix
from engine.errors import InvalidInputException, InvalidParameterValue

if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import Bytes, Decoded, ImageInput, Pixels
    from engine.encode.photos.workers.decoding import Decoding

Tokens = Sequence[int]


def stacked(images: list[Any]) -> Any:
    """Prepared images as a batch: one array, or a list where some have still to be fitted."""
    is_fitted = all(isinstance(each, np.ndarray) for each in images)
    return np.stack(images) if is_fitted else images


class Encoder(ABC):
    """A model with its preprocessing: texts or images in, unit vectors of one space out.

    Attributes:
        name: what `load_encoder` was given; of `embedded` the edition that it stands for.
        label: what tables store as `embedding_model`.
        is_trained: False for random weights, whose results mean nothing.
        takes_photos: False for a model that knows texts only.
        image_batch, text_batch: how many the pipeline gives it at a time.
        in_flight: batches that it takes at once, from threads of their own: where a device computes,
            copying one and reading another's result hide behind the next.
    """

    name: str
    label: str
    is_trained: bool = True
    takes_photos: bool = True
    in_flight: int = 1
    image_batch: int = 32
    text_batch: int = 64

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length of its vectors."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Identity of its numbers: architecture, weights, preprocessing; found without loading them."""

    @property
    def precision(self) -> str:
        """What arithmetic it uses here; vectors of two precisions may differ in the last digits."""
        return "float32"

    @property
    def logit_scale(self) -> float | None:
        """What its own training multiplied cosines by; None where that isn't known."""
        return None

    @property
    def calibration(self) -> Mapping[str, Mapping[str, float]]:
        """What makes probabilities of its cosines, by kind of labels (`any`: free ones); often nothing.

        See `engine/shop/classification/probabilities.py`: scale, contrast_scale, contrast_offset.
        """
        return {}

    @property
    def decoding(self) -> Decoding | None:
        """Processes that do `prepare_image` for the pipeline; None where threads do as well."""
        return None

    @abstractmethod
    def prepare_image(self, image: ImageInput) -> Pixels | Bytes | Decoded:
        """Decode and preprocess one image: (3, height, width) float32. Called from many threads.

        Or uint8, of an encoder that normalises them itself; or only decoded, of one that also fits them.
        """

    @abstractmethod
    def encode_pixels(self, pixels: Pixels | Bytes) -> Matrix:
        """(n, 3, height, width) prepared images to (n, dimension) float32 unit rows.

        Or what `stacked` makes of such as this encoder prepares.
        """

    @abstractmethod
    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Token ids of each text, without padding, cut to the model's context."""

    @abstractmethod
    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        """One batch of token ids, padded to its longest, to (n, dimension) float32 unit rows."""

    @property
    def note(self) -> str | None:
        """One line that whoever sees its results must know; None for trained weights."""
        if self.is_trained:
            return None
        return (
            f"encoder {self.name} has random, untrained weights: everything runs, but what it finds "
            "means nothing. Name a trained one with --encoder or VITRINE_ENCODER."
        )

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """Encode texts.

        Args:
            texts: n strings; equal ones are encoded once, batches hold texts of like length.

        Returns:
            (n, dimension) float32 unit rows, in the order of the texts.

        Raises:
            InvalidInputException: a single string, or something that is not text.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise InvalidInputException(f"texts is {texts!r:.80}; expected a list of strings.")
        distinct = list(dict.fromkeys(texts))
        row_of = {text: row for row, text in enumerate(distinct)}
        vectors = np.empty((len(distinct), self.dimension), dtype=np.float32)
        for rows, tokens in self.text_batches(distinct):
            vectors[rows] = self.encode_tokens(tokens)
        return vectors[[row_of[text] for text in texts]]

    def text_batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[Tokens]]]:
        """Positions and tokens of the texts, in batches of like length, longest first."""
        tokens = self.tokenize(texts)
        order = sorted(range(len(tokens)), key=lambda i: -len(tokens[i]))
        for start in range(0, len(order), self.text_batch):
            rows = order[start : start + self.text_batch]
            yield rows, [tokens[i] for i in rows]

    def encode_images(self, images: Sequence[ImageInput]) -> Matrix:
        """Encode images.

        Args:
            images: n paths, byte strings of image files, or PIL images.

        Returns:
            (n, dimension) float32 unit rows, in the order of the images.

        Raises:
            BadImage: one of them can't be used; says which and why.
            InvalidInputException: a single image instead of a list.
        """
        is_single = isinstance(images, (str, bytes, bytearray, memoryview))
        if is_single or not hasattr(images, "__len__"):  # as paths and PIL images
            raise InvalidInputException(
                f"images is {images!r:.80}; expected a list of images. For a single one: [image]."
            )
        parts = [np.empty((0, self.dimension), dtype=np.float32)]
        for start in range(0, len(images), self.image_batch):
            some = images[start : start + self.image_batch]
            batch = stacked([self.prepare_image(image) for image in some])
            parts.append(self.encode_pixels(batch))
        return np.concatenate(parts)


class TextsOnly(Encoder):
    """An encoder of a model that knows no photos; it refuses them."""

    takes_photos = False

    def prepare_image(self, image: ImageInput) -> Pixels | Bytes | Decoded:
        raise self.no_photos()

    def encode_pixels(self, pixels: Pixels | Bytes) -> Matrix:
        raise self.no_photos()

    def no_photos(self) -> InvalidParameterValue:
        """Why a photo can't be encoded, and what can."""
        return InvalidParameterValue(
            f"encoder {self.name} encodes texts only. Photos need a CLIP model, as the embedded one is."
        )
