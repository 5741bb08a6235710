"""What a model makes of a collection: vectors of its pictures and texts, each content encoded once.

Vectors come from the workspace's own tables where it has those of the same model, else from its cache,
else from the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from engine.bench.collections.collection import Picture
from engine.core.arrays import Matrix, Vector
from engine.core.ranking.fusion import compose_vectors
from engine.encode.cache.embeddings import EmbeddingCache, digest
from engine.encode.encoder import Encoder
from engine.errors import BadImage
from engine.photo_files import read_photo
from engine.shop.embedding.photos import ProductPhotos
from engine.shop.embedding.vectors import ContentVectors, Outcome, Progress
from engine.store.layout import Layout
from engine.workspace import Workspace

Content = TypeVar("Content", Picture, str)
_CHUNK = 4096  # contents that are read and encoded at a time


@dataclass(frozen=True)
class KnownVectors:
    """Vectors that a workspace holds already, by what they are of, and the model that made them."""

    fingerprint: str
    pictures: Mapping[Picture, Vector] = field(default_factory=dict)
    texts: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True)
class Parts:
    """What stands for a document or a query: a picture, a text, or both."""

    picture: Picture | None
    text: str | None


class CollectionEncoder:
    """One model, which remembers what it made during a run.

    Attributes:
        failed: why a picture or a text has no vector.
        encoded: how many contents went through the model; those of tables and the cache did not.
    """

    def __init__(
        self, name: str, encoder: Encoder, cache: EmbeddingCache, known: KnownVectors | None = None
    ) -> None:
        self.name, self.encoder = name, encoder
        self.failed: dict[Picture | str, str] = {}
        self.encoded = 0
        self._vectors = ContentVectors(encoder, cache)
        is_own = known is not None and known.fingerprint == encoder.fingerprint
        self._pictures: dict[Picture, Vector] = dict(known.pictures) if known and is_own else {}
        self._texts: dict[str, Vector] = dict(known.texts) if known and is_own else {}

    def vectors(
        self, parts: Sequence[Parts], text_weight: float, progress: Progress
    ) -> tuple[list[int], Matrix]:
        """Unit vectors of what has one: their places, ascending, and (n, d) float32.

        Where both a picture and a text stand there, the vector is the shop's blend of the two,
        `w * text + (1 - w) * picture` at unit length; with a weight of 0 or 1 only one of them is
        encoded. What fails of a blend leaves it without a vector.

        Args:
            text_weight: w, from 0 to 1.
            progress: called with numbers of finished contents.
        """
        wanted = [_sides(one, text_weight) for one in parts]
        self._encode_pictures([one.picture for one in wanted if one.picture is not None], progress)
        self._encode_texts([one.text for one in wanted if one.text is not None], progress)
        pairs = [self._found(one) for one in wanted]
        rows = [row for row, found in enumerate(pairs) if found is not None]
        made = np.empty((len(rows), self.encoder.dimension), dtype=np.float32)
        both: list[tuple[int, Vector, Vector]] = []
        for place, row in enumerate(rows):
            picture, text = pairs[row] or (None, None)
            if picture is not None and text is not None:
                both.append((place, picture, text))
            else:
                made[place] = picture if picture is not None else text
        if both:
            places, pictures, texts = zip(*both)
            terms = [(np.stack(texts), text_weight), (np.stack(pictures), 1.0 - text_weight)]
            made[list(places)] = compose_vectors(terms)
        return rows, made

    def _found(self, one: Parts) -> tuple[Vector | None, Vector | None] | None:
        """Vectors of the picture and the text; None where one that is wanted has none."""
        picture = None if one.picture is None else self._pictures.get(one.picture)
        text = None if one.text is None else self._texts.get(one.text)
        if (one.picture is None) != (picture is None) or (one.text is None) != (text is None):
            return None
        return None if picture is None and text is None else (picture, text)

    def _encode_pictures(self, pictures: Iterable[Picture], progress: Progress) -> None:
        missing = self._missing(pictures, self._pictures)
        for start in range(0, len(missing), _CHUNK):
            some = missing[start : start + _CHUNK]
            photos = ProductPhotos(
                _reader(some), [str(row) for row in range(len(some))], range(len(some))
            )
            outcome = self._vectors.of_images(photos.distinct(), progress)
            progress(len(some) - outcome.done)
            self.failed.update({some[row]: reason for row, reason in photos.unread.items()})
            self._keep(some, photos.digests, outcome, self._pictures)

    def _encode_texts(self, texts: Iterable[str], progress: Progress) -> None:
        missing = self._missing(texts, self._texts)
        for start in range(0, len(missing), _CHUNK):
            some = missing[start : start + _CHUNK]
            digests = [digest(text.encode()) for text in some]
            outcome = self._vectors.of_texts(dict(zip(digests, some)), progress)
            progress(len(some) - outcome.done)
            self._keep(some, digests, outcome, self._texts)

    def _missing(
        self, contents: Iterable[Content], there: Mapping[Content, Vector]
    ) -> list[Content]:
        distinct = dict.fromkeys(contents)
        return [one for one in distinct if one not in there and one not in self.failed]

    def _keep(
        self,
        contents: Sequence[Content],
        digests: Sequence[bytes | None],
        outcome: Outcome,
        there: dict[Content, Vector],
    ) -> None:
        self.encoded += outcome.encoded
        for content, name in zip(contents, digests):
            if name is None:
                continue
            if name in outcome.known:
                there[content] = outcome.known[name].vector
            else:
                self.failed[content] = outcome.failed.get(name, "no vector was made of it")


def cache_of(workspace: Workspace) -> EmbeddingCache:
    """The workspace's cache of vectors by content; close it. Raises StorageFailed, CorruptFile."""
    return EmbeddingCache(Layout(workspace.path).cache_file)


def _sides(one: Parts, text_weight: float) -> Parts:
    """What of a document or query counts at a weight."""
    if one.picture is None or one.text is None:
        return one
    if text_weight == 0:
        return Parts(one.picture, None)
    return Parts(None, one.text) if text_weight == 1 else one


def _reader(pictures: Sequence[Picture]) -> Callable[[str], bytes]:
    def read(place: str) -> bytes:
        picture = pictures[int(place)]
        if not callable(picture):
            return read_photo(picture)
        try:
            return picture()
        except OSError as error:
            raise BadImage(f"can't be read ({error.strerror or error})") from error

    return read
