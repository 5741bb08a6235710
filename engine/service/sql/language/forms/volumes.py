"""`CREATE VOLUME` and `DROP VOLUME`."""

from __future__ import annotations

from dataclasses import dataclass

from engine.service.sql.language.forms.words import Name, Words


@dataclass(frozen=True)
class ChangeVolume:
    """`CREATE [EXTERNAL] VOLUME name [LOCATION path] [COMMENT text] | DROP VOLUME name`.

    Attributes:
        lenient: for IF [NOT] EXISTS. location: of an external one; None for none.
    """

    name: Name
    drop: bool
    lenient: bool
    external: bool = False
    location: str | None = None
    comment: str | None = None


def create_volume(words: Words) -> ChangeVolume | None:
    """Read what stands behind CREATE; None for something else. Raises BadStatement."""
    external = words.take("EXTERNAL", "VOLUME")
    if not external and not words.take("VOLUME"):
        return None
    lenient = words.take("IF", "NOT", "EXISTS")
    name = words.name("the name of a volume")
    location = comment = None
    while not words.is_over():
        if words.take("LOCATION"):
            location = words.text()
        else:
            words.expect("COMMENT")
            comment = words.text()
    return ChangeVolume(name, False, lenient, external, location, comment)


def drop_volume(words: Words) -> ChangeVolume | None:
    """Read what stands behind DROP; None for something else. Raises BadStatement."""
    if not words.take("VOLUME"):
        return None
    lenient = words.take("IF", "EXISTS")
    return ChangeVolume(words.name("the name of a volume"), True, lenient)
