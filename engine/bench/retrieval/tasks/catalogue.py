"""The tasks over a catalogue by name, and those of a collection that is no catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.bench.collections.collection import Collection
from engine.bench.retrieval.goods.goods import Goods
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.tasks.asked import Asked
from engine.bench.retrieval.tasks.pictures import composed, hybrid, image_to_image
from engine.bench.retrieval.tasks.words import name_to_image, other_words, text_to_image
from engine.bench.retrieval.tasks.zero_shot import zero_shot

_Made = Task | list[Task]
TASKS: dict[str, Callable[[Goods, Asked], _Made]] = {
    "text_to_image": text_to_image,
    "other_words": other_words,
    "name_to_image": name_to_image,
    "image_to_image": image_to_image,
    "composed": composed,
    "hybrid": hybrid,
    "zero_shot": zero_shot,
}


def tasks_of_goods(goods: Goods, names: Sequence[str], asked: Asked) -> list[Task]:
    """The tasks of these names, in their order; a name may stand for several."""
    found: list[Task] = []
    for name in names:
        made = TASKS[name](goods, asked)
        found += made if isinstance(made, list) else [made]
    return found


def tasks_of_collection(collection: Collection, asked: Asked) -> list[Task]:
    """One task; where pictures and texts stand together, one for each weight of the text."""
    both = any(one.picture is not None and one.text is not None for one in collection.documents)
    composed_too = any(
        one.picture is not None and one.text is not None for one in collection.queries
    )
    if not both and not composed_too:
        return [Task(collection.name, collection)]
    return [Task(collection.name, collection, one, {"text_weight": one}) for one in asked.weights]
