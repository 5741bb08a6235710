"""What CIRR and FashionIQ share: a picture with words that change it, and the picture that is meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.bench.collections.collection import Collection, Document, Query
from engine.bench.collections.leaving_out import noted
from engine.bench.collections.pairs import told
from engine.bench.collections.part import Part
from engine.errors import BadSourceFile


@dataclass(frozen=True)
class Change:
    """A query: the reference picture, the words, and the pictures that are meant.

    Attributes:
        targets: empty where the set keeps them to itself.
    """

    id: str
    reference: str
    words: str
    targets: frozenset[str]
    group: str | None = None
    among: frozenset[str] | None = None


@dataclass
class Changes:
    """The queries of a set over its pictures; those that name unknown pictures are left out."""

    pictures: Mapping[str, Path]
    queries: list[Query] = field(default_factory=list)
    relevance: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, changes: Iterable[Change], *, reference_counts: bool) -> None:
        """
        Args:
            reference_counts: whether the reference picture is ranked as others are.
        """
        for one in changes:
            unknown = sorted({one.reference, *one.targets} - self.pictures.keys())
            if unknown:
                self.left_out[one.id] = f"the split has no picture {', '.join(unknown)}"
                continue
            if one.id in self.relevance:
                self.left_out[one.id] = "it is there twice; the first is used"
                continue
            self.relevance[one.id] = dict.fromkeys(sorted(one.targets), 1)
            self.queries.append(
                Query(
                    one.id,
                    text=one.words,
                    picture=self.pictures[one.reference],
                    group=one.group,
                    without=frozenset() if reference_counts else frozenset({one.reference}),
                    among=one.among,
                )
            )

    def collection(self, name: str, part: Part, *, source: str, limits: str) -> Collection:
        """Raises BadSourceFile: no query is left."""
        if not self.queries:
            lost = next(iter(self.left_out.items()), None)
            why = f"; the first: {lost[0]}: {lost[1]}" if lost else ""
            raise BadSourceFile(f"no query over its {len(self.pictures)} pictures{why}", file=name)
        return Collection(
            name=name,
            documents=[Document(id, picture=picture) for id, picture in self.pictures.items()],
            queries=self.queries,
            relevance=self.relevance,
            limits=limits,
            source=source,
            more={**told(part), **noted(self.left_out)},
        )


def joined(captions: Sequence[str]) -> str:
    """Captions of one change as one text: without marks at their ends, and with "and" between."""
    return " and ".join(text for one in captions if (text := one.strip(" .,?!\t\n")))
