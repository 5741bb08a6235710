"""Tars of samples, read in place: where each member lies, and its bytes when they are asked for.

Files whose names are equal up to the first full stop behind the last slash are one sample; what
follows is the member's kind: `00012.jpg`, `00012.txt`. Source: the WebDataset format
(webdataset/tariterators.py: `base_plus_ext`, `group_by_keys`).
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import BadSourceFile


@dataclass(frozen=True)
class Member:
    """A file in a tar, by its place there; calling it reads its bytes.

    Raises OSError: the tar is gone, or shorter than it was.
    """

    tar: Path
    name: str
    offset: int
    size: int

    def __call__(self) -> bytes:
        with self.tar.open("rb") as opened:
            opened.seek(self.offset)
            data = opened.read(self.size)
        if len(data) < self.size:
            raise OSError(f"{self.tar.name} ends within {self.name}")
        return data


@dataclass
class Sample:
    """Members of one key, by their kinds in small letters."""

    key: str
    members: dict[str, Member] = field(default_factory=dict)

    def first(self, *kinds: str) -> Member | None:
        return next((self.members[kind] for kind in kinds if kind in self.members), None)


def samples(tar: Path, left_out: dict[str, str]) -> Iterator[Sample]:
    """The samples of a tar, in its order; members that can't be read are named in `left_out`.

    Raises BadSourceFile: it is no tar, or a compressed one.
    """
    current: Sample | None = None
    for member in _members(tar, left_out):
        folder, _, file = member.name.rpartition("/")
        stem, _, kind = file.partition(".")
        key = f"{folder}/{stem}" if folder else stem
        if not stem or not kind:  # a hidden file, or one without an ending
            continue
        if current is None or current.key != key:
            if current is not None:
                yield current
            current = Sample(key)
        current.members.setdefault(kind.lower(), member)
    if current is not None:
        yield current


def _members(tar: Path, left_out: dict[str, str]) -> Iterator[Member]:
    size = tar.stat().st_size
    try:
        archive = tarfile.open(tar, "r:")  # noqa: SIM115 - closed below
    except tarfile.ReadError as error:
        raise BadSourceFile(
            f"not a tar without compression ({error}); a compressed one can't be read in place: "
            "decompress it, or download it again",
            file=str(tar),
        ) from error
    with archive:
        try:
            for info in archive:
                if not info.isreg() or info.issparse():
                    continue
                if info.offset_data + info.size > size:
                    left_out[f"{tar.name}, {info.name}"] = "the tar ends within it"
                    continue
                yield Member(tar, info.name, info.offset_data, info.size)
        except tarfile.TarError as error:
            left_out[tar.name] = f"cut off: {error}"
