"""Which files a sync reads, against a naive model that remembers the file and group of each row.

A file is a list of keys with values; a stored row carries the group that it got when it was new. What
must hold after any edits: files that did not change are not read, the rows of a file that did are all
found through the groups to replace, and rows of files that are not read are never among them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.service.sync.origins import FileId, Origins

NAMES = "abcde"
PATHS = st.sampled_from(NAMES)


@dataclass
class Model:
    """Files by name, and the stored rows: key -> (value, group, file that had it last)."""

    files: dict[str, dict[int, int]] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    stored: dict[int, tuple[int, int, str]] = field(default_factory=dict)
    clock: int = 0

    def touch(self, name: str) -> None:
        self.clock += 1
        self.stamps[name] = self.clock

    def identity(self) -> list[FileId]:
        return [(name, len(rows), self.stamps[name]) for name, rows in self.files.items()]

    def sync(self, origins: Origins) -> Origins:
        """Read what must be read, as a sync does, and check what is replaced by it."""
        before = {file for held, _ in origins.clusters for file in held}
        files = self.identity()
        reading = origins.to_read(files)
        assert reading.files == [file for file in files if file in reading.files]
        new = [file for file in files if file not in before]
        assert set(new) <= set(reading.files)
        assert {f for f in files if f in before and f[0] in self.failing} <= set(reading.files)
        read = {name for name, _, _ in reading.files}
        # Rows whose last file is gone, changed or read are among those that are replaced ...
        for _, group, name in self.stored.values():
            if name in read or name not in self.files:
                assert group in reading.groups
            else:  # ... and rows of files that are not read are not.
                assert group not in reading.groups
        kept: dict[int, tuple[int, int, str]] = {
            key: row for key, row in self.stored.items() if row[1] not in reading.groups
        }
        for file in reading.files:
            for key, value in self.files[file[0]].items():
                old = self.stored.get(key)
                if old is not None and old[0] == value and old[1] in reading.groups:
                    reading.holds(file, [old[1]])
                    kept[key] = (value, old[1], file[0])
                else:
                    kept[key] = (value, reading.new_group(file), file[0])
            if file[0] in self.failing:
                reading.fails(file)
        self.stored = kept
        return reading.result()


# An edit: a file's name, the keys that it has now (of its own ten), and a shift of their values.
edits = st.lists(
    st.tuples(
        st.sampled_from(["write", "add", "remove", "fail", "move"]),
        PATHS,
        st.sets(st.integers(0, 9), max_size=6),
        st.integers(0, 2),
    ),
    max_size=4,
)


def edit(model: Model, what: str, name: str, keys: set[int], shift: int) -> None:
    """Change a file; its keys are its own, except those that were moved to it."""
    own = {NAMES.index(name) * 10 + key: key + shift for key in keys}
    taken = {key for other, rows in model.files.items() if other != name for key in rows}
    own = {key: value for key, value in own.items() if key not in taken}
    if what == "write":
        model.files[name] = own
    elif what == "add":
        model.files[name] = {**own, **model.files.get(name, {})}
    elif what == "remove":
        model.files.pop(name, None)
        model.failing.discard(name)
        return
    elif what == "fail":
        if name not in model.files:
            return
        model.failing ^= {name}
    elif what == "move":
        others = [other for other in model.files if other != name]
        if not others:
            return
        rows = model.files[others[0]]
        model.files.setdefault(name, {}).update(rows)
        model.files[others[0]] = {}
        model.touch(others[0])
    model.touch(name)


@settings(max_examples=400, deadline=None)
@given(st.lists(edits, max_size=6))
def test_only_changed_files_are_read_and_rows_stay_with_their_groups(rounds: list) -> None:
    model, origins = Model(), Origins()
    for changes in rounds:
        for change in changes:
            edit(model, *change)
        origins = model.sync(origins)
        expected = {key: value for rows in model.files.values() for key, value in rows.items()}
        assert {key: value for key, (value, _, _) in model.stored.items()} == expected
        assert origins.is_of(model.identity())
        # Each file and each group lies in one cluster.
        files = [file for held, _ in origins.clusters for file in held]
        groups = [group for _, held in origins.clusters for group in held]
        assert sorted(files) == sorted(model.identity())
        assert len(groups) == len(set(groups))
        assert {group for _, group, _ in model.stored.values()} <= set(groups)
        assert all(group < origins.next_group for group in groups)
        assert {file[0] for file in origins.failing} == model.failing
        nothing = origins.to_read(model.identity())
        assert {file[0] for file in nothing.files} >= model.failing
        if not model.failing:
            assert (nothing.files, nothing.groups) == ([], set())
        # It is kept in JSON between syncs.
        origins = Origins.from_dict(json.loads(json.dumps(origins.to_dict())))


def ids(*names: str) -> list[FileId]:
    return [(name, 1, 1) for name in names]


def first_reading(*names: str, failing: str = "") -> Origins:
    reading = Origins().to_read(ids(*names))
    for file in reading.files:
        reading.new_group(file)
        if file[0] in failing:
            reading.fails(file)
    return reading.result()


def test_every_file_is_read_where_that_is_asked_for() -> None:
    origins = first_reading("a", "b", "c")
    reading = origins.to_read(ids("a", "b", "c"), every=True)
    assert reading.files == ids("a", "b", "c")
    assert reading.groups == {0, 1, 2}
    assert reading.untouched == []


def test_a_change_of_size_or_time_makes_a_file_another() -> None:
    origins = first_reading("a", "b")
    assert origins.to_read([("a", 1, 1), ("b", 2, 1)]).files == [("b", 2, 1)]
    assert origins.to_read([("a", 1, 2), ("b", 1, 1)]).files == [("a", 1, 2)]
    assert not origins.is_of([("a", 1, 2), ("b", 1, 1)])
    assert not origins.is_of(ids("a"))
    assert not origins.is_of(ids("a", "b", "c"))


def test_the_order_of_files_matters_only_where_rows_failed() -> None:
    """Which of two rows with one key counts is said by the order of their files."""
    assert first_reading("a", "b").is_of(ids("b", "a"))
    repeated = first_reading("a", "b", failing="b")
    assert repeated.is_of(ids("a", "b"))
    assert not repeated.is_of(ids("b", "a"))
    again = Origins.from_dict(json.loads(json.dumps(repeated.to_dict())))
    assert again.is_of(ids("a", "b"))
    assert not again.is_of(ids("b", "a"))


def test_a_file_that_took_over_unchanged_rows_joins_their_cluster() -> None:
    origins = first_reading("a", "b")
    reading = origins.to_read([("a", 1, 1), ("b", 9, 9)])
    reading.holds(("b", 9, 9), [1])
    after = reading.result()
    assert after.clusters == (
        (frozenset({("a", 1, 1)}), frozenset({0})),
        (frozenset({("b", 9, 9)}), frozenset({1})),
    )
    # Group 1 is now in both of b's files: when one changes, both are read.
    reading = after.to_read([("a", 1, 1), ("b", 9, 9), ("c", 1, 1)])
    reading.holds(("c", 1, 1), [1])
    both = reading.result().to_read([("a", 1, 1), ("b", 9, 9), ("c", 2, 2)])
    assert both.files == [("b", 9, 9), ("c", 2, 2)]
    assert both.groups == {1}
