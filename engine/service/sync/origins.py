"""Which rows of an index came from which files of its source table. Knows identities; not contents.

A table's files are known by path, size and time of change. Rows carry the number of a group; a
cluster joins files and groups: the rows of its groups came from its files. A sync reads the clusters
of which some file changed, and no others. When a file is rewritten, its unchanged rows keep their
group, so the new file joins that group's cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

FileId = tuple[str, int, int]  # path, bytes, time of change in ns


class NeedsFullRead(Exception):
    """A row that is read has the key of another row of the source that is not read."""


@dataclass(frozen=True)
class Origins:
    """Clusters of files and groups, and the next free group.

    Attributes:
        clusters: for each its files and its groups.
        failing: files with rows that could not be used; they are read again at each change, because
            what they lacked (a free key) may have come.
        order: all files in the table's order, where some fail: of rows with one key the first counts.
    """

    clusters: tuple[tuple[frozenset[FileId], frozenset[int]], ...] = ()
    failing: frozenset[FileId] = frozenset()
    next_group: int = 0
    order: tuple[FileId, ...] = ()

    @staticmethod
    def from_dict(facts: Mapping[str, Any]) -> Origins:
        return Origins(
            tuple(
                (frozenset(_file_id(file) for file in files), frozenset(groups))
                for files, groups in facts["clusters"]
            ),
            frozenset(_file_id(file) for file in facts["failing"]),
            facts["next_group"],
            tuple(_file_id(file) for file in facts["order"]),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "clusters": [[sorted(files), sorted(groups)] for files, groups in self.clusters],
            "failing": sorted(self.failing),
            "next_group": self.next_group,
            "order": list(self.order),
        }

    @property
    def files(self) -> set[FileId]:
        """All files that were read."""
        return {file for held, _ in self.clusters for file in held}

    def failing_too(self, before: Origins, files: Sequence[FileId]) -> Origins:
        """With the failing files of an earlier stage, which were not read again.

        Args:
            files: all so far, in the table's order.
        """
        failing = self.failing | before.failing
        return replace(self, failing=failing, order=tuple(files) if failing else ())

    def is_of(self, files: Sequence[FileId]) -> bool:
        """Whether these are exactly the files that were read, and in that order where it matters."""
        return self.files == set(files) and (not self.failing or self.order == tuple(files))

    def to_read(self, files: Sequence[FileId], every: bool = False) -> Reading:
        """Which of a table's files must be read (or every one), and which rows they replace."""
        here = set() if every else set(files)
        untouched = [
            (held, groups)
            for held, groups in self.clusters
            if held <= here and not held & self.failing
        ]
        safe = {file for held, _ in untouched for file in held}
        return Reading(
            files=[file for file in files if file not in safe],
            groups={g for held, groups in self.clusters if not held <= safe for g in groups},
            untouched=untouched,
            next_group=self.next_group,
            order=tuple(files),
            every=every,
        )


@dataclass
class Reading:
    """One sync's reading of files; `result` gives the origins afterwards.

    Attributes:
        files: to be read, in the table's order.
        groups: rows of these are deleted unless a file that is read has them.
        every: all files are read, so rows of any group are.
    """

    files: list[FileId]
    groups: set[int]
    untouched: list[tuple[frozenset[FileId], frozenset[int]]]
    next_group: int
    order: tuple[FileId, ...]
    every: bool
    _groups_of: dict[FileId, set[int]] = field(default_factory=dict)
    _failing: set[FileId] = field(default_factory=set)

    def new_group(self, file: FileId) -> int:
        """The group that rows new in this file get."""
        number = self.next_group + self.files.index(file)
        self._groups_of.setdefault(file, set()).add(number)
        return number

    def holds(self, file: FileId, groups: Iterable[int]) -> None:
        """Unchanged rows of these groups are in the file."""
        self._groups_of.setdefault(file, set()).update(groups)

    def fails(self, file: FileId) -> None:
        """Some row of the file could not be used."""
        self._failing.add(file)

    def result(self) -> Origins:
        clusters = list(self.untouched)
        for file in self.files:
            files, groups = {file}, set(self._groups_of.get(file, ()))
            apart = []
            for held, theirs in clusters:
                if groups & theirs:
                    files |= held
                    groups |= theirs
                else:
                    apart.append((held, theirs))
            clusters = [*apart, (frozenset(files), frozenset(groups))]
        next_group = self.next_group + len(self.files)
        order = self.order if self._failing else ()
        return Origins(tuple(clusters), frozenset(self._failing), next_group, order)


def _file_id(values: Sequence[Any]) -> FileId:
    path, size, changed = values
    return str(path), int(size), int(changed)
