"""Labels and their descriptions. Knows their forms in Python; not files, models or products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.values import shown
from engine.errors import InvalidInputException

LabelsGiven = Sequence[str] | Mapping[str, str | Sequence[str]]
MOST_LABELS, MOST_DESCRIPTIONS = 10_000, 100
MOST_TEXTS = 20_000  # of all descriptions in all templates: each takes about a millisecond
_EXPECTED = (
    'expected a list of labels, such as ["formal", "casual"], or labels with one or several '
    'descriptions, such as {"formal": "formal elegant business wear"}'
)
# Image-to-text of the shop: what a photo is compared with where nothing else is asked for.
STYLES: Mapping[str, str] = {
    "formal": "formal elegant business wear",
    "casual": "casual everyday relaxed wear",
    "athletic": "athletic sporty performance wear",
    "vintage": "vintage retro classic style",
}


@dataclass(frozen=True)
class Label:
    """A label, and what it looks like in words; several descriptions count alike."""

    name: str
    descriptions: tuple[str, ...]


def labels_of(given: object) -> tuple[Label, ...]:
    """The labels that a list or a dict says; one without a description is described by its name.

    Raises:
        InvalidInputException: none, one twice, something that is no text, too many.
    """
    if isinstance(given, Mapping):
        found = [Label(_text(name), _descriptions(name, said)) for name, said in given.items()]
    elif isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        found = [Label(_text(name), (_text(name),)) for name in given]
    else:
        raise InvalidInputException(f"labels is {shown(given)}; {_EXPECTED}.")
    twice = [name for name, count in Counter(label.name for label in found).items() if count > 1]
    if twice:
        raise InvalidInputException(f"label {twice[0]!r:.80} is given twice; give each once.")
    if not 1 <= len(found) <= MOST_LABELS:
        raise InvalidInputException(
            f"{len(found):,} labels were given; expected 1 to {MOST_LABELS:,}: {_EXPECTED}."
        )
    return tuple(found)


def check_texts(labels: Sequence[Label], templates: Sequence[str]) -> None:
    """Refuse more texts than can be waited for: each description in each template.

    Raises:
        InvalidInputException: more than 20,000.
    """
    texts = sum(len(label.descriptions) for label in labels) * len(templates)
    if texts > MOST_TEXTS:
        raise InvalidInputException(
            f"the descriptions of {len(labels):,} labels in {len(templates):,} templates make "
            f"{texts:,} texts; expected at most {MOST_TEXTS:,}."
        )


def _descriptions(name: object, said: Any) -> tuple[str, ...]:
    some = [said] if isinstance(said, str) else said
    if some is None or some == [""] or (isinstance(some, Sequence) and not len(some)):
        return (_text(name),)
    if not isinstance(some, Sequence) or isinstance(some, bytes) or len(some) > MOST_DESCRIPTIONS:
        raise InvalidInputException(
            f"label {name!r:.80} is described by {shown(said)}; expected a text, or a list of up to "
            f"{MOST_DESCRIPTIONS}."
        )
    return tuple(_text(each) for each in some)


def _text(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise InvalidInputException(f"a label or description is {shown(given)}; {_EXPECTED}.")
    return given.strip()
