"""Pictures and texts that belong together, and what either direction makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.bench.collections.collection import Collection, Document, Picture, Query
from engine.bench.collections.leaving_out import noted
from engine.bench.collections.part import TEXT_TO_IMAGE, Part
from engine.bench.collections.source_files import one_token
from engine.errors import BadSourceFile

ONE_RIGHT_ANSWER = (
    "Only the set's own pairs count as right: a picture that another picture's caption describes as "
    "well counts as wrong."
)


@dataclass
class Pairs:
    """What a reader collects: pictures, texts, and which belong together.

    Attributes:
        pictures, texts: by their ids, in the set's order.
        together: pairs of a picture's and a text's id.
        group_of: the group of a query by its picture's or its text's id, as a class.
        left_out: what could not be used, and why.
    """

    pictures: dict[str, Picture] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    together: list[tuple[str, str]] = field(default_factory=list)
    group_of: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, id: str, picture: Picture, captions: Iterable[str]) -> None:
        """A picture with its own captions; an empty one is left out, and a picture that was there."""
        id = one_token(id)
        if id in self.pictures:
            self.left_out[id] = "it is there twice; the first is used"
            return
        self.pictures[id] = picture
        for number, caption in enumerate(captions):
            text_id = f"{id}#{number}"
            if not caption.strip():
                self.left_out[text_id] = "the caption is empty"
                continue
            self.texts[text_id] = caption.strip()
            self.together.append((id, text_id))

    def collection(
        self, name: str, part: Part, *, source: str, limits: str = ONE_RIGHT_ANSWER
    ) -> Collection:
        """The pairs as a collection, in the part's direction.

        Raises BadSourceFile: no picture, or none with a text.
        """
        if not self.together:
            raise BadSourceFile(
                f"{len(self.pictures)} pictures and {len(self.texts)} texts, and none that belong "
                "together; expected at least one picture with a text",
                file=name,
            )
        found = [Document(id, picture=picture) for id, picture in self.pictures.items()]
        read = [Document(id, text=text) for id, text in self.texts.items()]
        by_text = part.direction == TEXT_TO_IMAGE
        relevance: dict[str, dict[str, int]] = {}
        for picture_id, text_id in self.together:
            asks, answers = (text_id, picture_id) if by_text else (picture_id, text_id)
            relevance.setdefault(asks, {})[answers] = 1
        queries = [
            Query(one.id, text=one.text, picture=one.picture, group=self.group_of.get(one.id))
            for one in (read if by_text else found)
            if one.id in relevance
        ]
        return Collection(
            name=name,
            documents=found if by_text else read,
            queries=queries,
            relevance=relevance,
            limits=limits,
            source=source,
            more={**told(part), **noted(self.left_out)},
        )


def told(part: Part) -> dict[str, str]:
    """What a collection's `more` says of the part that it is."""
    fields = {
        "split": part.split,
        "direction": part.direction,
        "fold": part.fold,
        "category": part.category,
    }
    return {name: str(value) for name, value in fields.items() if value is not None}


class Places:
    """Finds pictures below some folders; remembers where the last one was, and looks there first."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = list(roots)

    def find(self, *names: str) -> Path:
        """The file of the first name that is there; the first place where none is."""
        for index, root in enumerate(self._roots):
            for name in names:
                if (root / name).is_file():
                    if index:
                        self._roots.insert(0, self._roots.pop(index))
                    return root / name
        return self._roots[0] / names[0]
