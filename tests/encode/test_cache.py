"""The embedding cache: by content and model, durable batch by batch, damage named."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import StorageFailed
from engine.encode.cache import file as cache_file
from engine.encode.cache.embeddings import Cached, EmbeddingCache, digest


def vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32)


def test_what_was_put_is_there_after_reopening(tmp_path: Path) -> None:
    names, stored = [digest(str(i).encode()) for i in range(1200)], vectors(1200)
    cache = EmbeddingCache(tmp_path / "c" / "e.sqlite")
    put = cache.part("image", "f", "float32").put(names, stored)
    cache.close()
    cache = EmbeddingCache(tmp_path / "c" / "e.sqlite")
    got = cache.part("image", "f", "float32").get([*names, digest(b"unknown")])
    assert set(got) == set(names)
    for name, row in zip(names, stored, strict=True):
        np.testing.assert_array_equal(got[name].vector, row)
        assert got[name].created_at == put[name].created_at
    cache.close()


@pytest.mark.parametrize(
    "other", [("text", "f", "float32"), ("image", "g", "float32"), ("image", "f", "bfloat16")]
)
def test_another_kind_model_or_precision_knows_nothing(tmp_path: Path, other: tuple) -> None:
    cache = EmbeddingCache(tmp_path / "e.sqlite")
    cache.part("image", "f", "float32").put([digest(b"a")], vectors(1))
    assert not cache.part(*other).get([digest(b"a")])
    cache.close()


def test_the_first_vector_of_a_content_stays(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "e.sqlite")
    part = cache.part("image", "f", "float32")
    part.put([digest(b"a")], vectors(1, 1))
    part.put([digest(b"a")], vectors(1, 2))
    np.testing.assert_array_equal(part.get([digest(b"a")])[digest(b"a")].vector, vectors(1, 1)[0])
    cache.close()


def test_many_threads_write_at_once(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "e.sqlite")
    part = cache.part("image", "f", "float32")

    def write(number: int) -> None:
        part.put([digest(f"{number}/{i}".encode()) for i in range(50)], vectors(50, number))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [digest(f"{n}/{i}".encode()) for n in range(8) for i in range(50)]
    assert len(part.get(everything)) == 400
    cache.close()


# ---------------------------------------------------------------------- damage
def filled(file: Path, count: int = 60, **facts: object) -> tuple[list[bytes], np.ndarray]:
    """A closed cache of `count` unit vectors."""
    names = [digest(str(i).encode()) for i in range(count)]
    stored = vectors(count)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    cache = EmbeddingCache(file)
    cache.part("image", "f", "float32", **facts).put(names, stored)  # type: ignore[arg-type]
    cache.close()
    return names, stored


def as_an_older_release(file: Path) -> None:
    """The same cache as releases without checksums left it."""
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE vectors DROP COLUMN checksum")
        connection.execute("PRAGMA user_version=0")


def read_again(file: Path, names: list[bytes]) -> tuple[dict[bytes, Cached], str | None]:
    cache = EmbeddingCache(file)
    try:
        return dict(cache.part("image", "f", "float32", 8, True).get(names)), cache.note
    finally:
        cache.close()


def set_aside(file: Path) -> list[Path]:
    return sorted(file.parent.glob(f"{file.name}.damaged-*-??????"))


def test_a_changed_vector_is_not_given_out_but_replaced_and_told_once(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    names, stored = filled(file)
    data = bytearray(file.read_bytes())
    data[data.index(stored[7].tobytes()) + 13] ^= 4
    file.write_bytes(data)
    cache = EmbeddingCache(file)
    part = cache.part("image", "f", "float32", 8, True)
    for _ in range(2):
        assert set(part.get(names)) == set(names) - {names[7]}
    assert cache.note is not None
    assert cache.note.startswith("1 of the vectors in")
    part.put([names[7]], stored[7:8])
    cache.close()
    again, note = read_again(file, names)
    assert note is None
    np.testing.assert_array_equal([again[name].vector for name in names], stored)


@pytest.mark.parametrize("what", ["created_at = created_at + 1", "vector = substr(vector, 5)"])
def test_any_other_change_of_an_entry_is_noticed_too(tmp_path: Path, what: str) -> None:
    file = tmp_path / "e.sqlite"
    names, _ = filled(file)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE vectors SET {what} WHERE digest = ?", (names[3],))
    again, note = read_again(file, names)
    assert set(again) == set(names) - {names[3]}
    assert note


def test_entries_that_changed_places_are_noticed(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    names, _ = filled(file, 2)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        for old, new in ((names[0], b"-"), (names[1], names[0]), (b"-", names[1])):
            connection.execute("UPDATE vectors SET digest = ? WHERE digest = ?", (new, old))
    assert read_again(file, names)[0] == {}


def test_a_vector_of_another_length_is_as_good_as_none(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    names, _ = filled(file)
    cache = EmbeddingCache(file)
    part = cache.part("image", "f", "float32", 5)
    assert part.get(names) == {}
    part.put(names[:1], vectors(1)[:, :5])
    assert part.get(names)[names[0]].vector.shape == (5,)
    cache.close()


def test_a_cache_of_an_older_release_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    names, stored = filled(file)
    as_an_older_release(file)
    for _ in range(2):
        again, note = read_again(file, names)
        assert note is None
        np.testing.assert_array_equal([again[name].vector for name in names], stored)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        (without,) = connection.execute(
            "SELECT count(*) FROM vectors WHERE checksum IS NULL"
        ).fetchone()
    assert without == 0


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e30, 0.5])
def test_an_entry_of_an_older_release_that_is_no_unit_vector_is_not_taken_over(
    tmp_path: Path, number: float
) -> None:
    file = tmp_path / "e.sqlite"
    names, stored = filled(file)
    as_an_older_release(file)
    stored[7, 2] = number
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "UPDATE vectors SET vector = ? WHERE digest = ?", (stored[7].tobytes(), names[7])
        )
    again, note = read_again(file, names)
    assert set(again) == set(names) - {names[7]}
    assert note


@dataclass(frozen=True, repr=False)
class Whole:
    """A cache file as this release writes it, as an older one did, and what is in both."""

    new: bytes
    old: bytes
    names: list[bytes]
    stored: np.ndarray

    def __repr__(self) -> str:
        return f"{len(self.names)} vectors in {len(self.new)} bytes"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    file = tmp_path_factory.mktemp("whole") / "e.sqlite"
    names, stored = filled(file, 400)
    new = file.read_bytes()
    as_an_older_release(file)
    return Whole(new, file.read_bytes(), names, stored)


@settings(max_examples=150, deadline=None)
@given(
    bits=st.lists(st.integers(0, 8 * 200_000), min_size=1, max_size=4),
    where=st.sampled_from([100, 4096, 1 << 30]),
)
def test_no_flipped_bit_anywhere_in_the_file_ever_gives_a_wrong_vector(
    whole: Whole, bits: list[int], where: int
) -> None:
    data = bytearray(whole.new)
    for bit in bits:
        data[bit // 8 % min(where, len(data))] ^= 1 << bit % 8
    check_damaged(bytes(data), whole)


@settings(max_examples=60, deadline=None)
@given(start=st.integers(0, 200_000), length=st.sampled_from([1, 100, 4096, 20_000]))
@pytest.mark.parametrize("how", ["zeros", "gone", "from elsewhere"])
def test_no_lost_part_of_the_file_ever_gives_a_wrong_vector(
    whole: Whole, how: str, start: int, length: int
) -> None:
    data = whole.new
    start %= len(data)
    lost = len(data[start : start + length])
    other = data[-start - lost :][:lost].ljust(lost, b"x")
    middle = {"zeros": bytes(lost), "gone": b"", "from elsewhere": other}[how]
    check_damaged(data[:start] + middle + data[start + lost :], whole)


@pytest.mark.parametrize("version", [18, 19])
def test_a_header_of_a_format_to_come_is_damage_and_no_missing_right_to_write(
    whole: Whole, version: int
) -> None:
    data = bytearray(whole.new)
    data[version] ^= 1 << 2
    check_damaged(bytes(data), whole)


def check_damaged(data: bytes, whole: Whole) -> None:
    """Only right vectors come out, nothing is deleted, and the cache is usable again."""
    names, stored = whole.names, whole.stored
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "e.sqlite"
        file.write_bytes(data)
        for _ in range(3):  # mending may cost entries that were found through the index before
            cache = EmbeddingCache(file)
            part = cache.part("image", "f", "float32", 8, True)
            found = part.get(names)
            for name, row in zip(names, stored, strict=True):
                if name in found:
                    np.testing.assert_array_equal(found[name].vector, row)
            aside = set_aside(file)
            missing = [i for i, name in enumerate(names) if name not in found]
            if missing:
                part.put([names[i] for i in missing], stored[missing])
            assert cache.note is not None or set_aside(file) == aside
            cache.close()
        assert not missing


@pytest.mark.parametrize("page", [0, 1, 2, 3, 4, 7, -1])
@pytest.mark.parametrize("is_old", [False, True])
def test_what_can_be_read_of_a_damaged_file_is_taken_over(
    whole: Whole, tmp_path: Path, page: int, is_old: bool
) -> None:
    """A page overwritten: the header, a list, a branch, entries. Most of the work is saved."""
    data, names = bytearray(whole.old if is_old else whole.new), whole.names
    pages = len(data) // 4096
    at = page % pages * 4096
    data[at : at + 4096] = b"overwritten!" * 341 + b"...."
    file = tmp_path / "e.sqlite"
    file.write_bytes(data)
    again, note = read_again(file, names)
    is_root = page == 3  # of all entries
    assert len(again) >= (0 if is_root else 300)
    if note is not None and "set aside" in note:
        assert set_aside(file)[0].read_bytes() == bytes(data)


def test_a_file_that_is_no_database_is_set_aside_and_told(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    file.write_bytes(b"this is no database" * 100)
    cache = EmbeddingCache(file)
    (aside,) = set_aside(file)
    assert aside.read_bytes() == b"this is no database" * 100
    assert cache.note is not None
    assert f"is kept as {aside.name}" in cache.note
    assert "delete" not in cache.note.lower()
    cache.part("image", "f", "float32").put([digest(b"a")], vectors(1))
    cache.close()
    assert sorted(p.name for p in tmp_path.iterdir() if "lock" not in p.name) == [
        file.name,
        aside.name,
    ]


def test_damage_that_shows_in_the_middle_of_a_run_is_mended_there(
    whole: Whole, tmp_path: Path
) -> None:
    names, stored = whole.names, whole.stored
    file = tmp_path / "e.sqlite"
    data = bytearray(whole.new)
    data[4096 * 4 : 4096 * 5] = bytes(4096)  # found when the first entries are looked up
    file.write_bytes(data)
    cache, other = EmbeddingCache(file), EmbeddingCache(file)
    for one in (cache, other):  # another process finds it mended
        part = one.part("image", "f", "float32", 8, True)
        assert len(part.get(names)) >= 300
        part.put(names, stored)
        assert len(part.get(names)) == 400
    assert len(set_aside(file)) == 1
    assert cache.note
    assert other.note is None
    cache.close()
    other.close()


# ---------------------------------------------------------------------- troubles that are no damage
def refusal(file: Path) -> str:
    with pytest.raises(StorageFailed) as caught:
        EmbeddingCache(file).part("image", "f", "float32").put([digest(b"z")], vectors(1))
    message = str(caught.value)
    assert str(file) in message
    assert "damage" not in message
    assert "elete" not in message
    assert "what it holds is kept" in message
    assert not set_aside(file)
    return message


def test_a_cache_that_another_process_holds_is_told_as_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_file, "WAIT_SECONDS", 0.1)
    file = tmp_path / "e.sqlite"
    names, _ = filled(file)
    with contextlib.closing(sqlite3.connect(file)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert "another process has held it" in refusal(file)
        holder.rollback()
    assert len(read_again(file, names)[0]) == 60


def test_a_folder_in_the_place_of_the_cache_is_told(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    file.mkdir()
    assert "no folder itself" in refusal(file)


def test_a_file_in_the_place_of_the_caches_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    refusal(tmp_path / "cache" / "e.sqlite")


def test_a_cache_that_may_not_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened read-only: file permissions don't hold for root, who runs these tests in containers."""
    file = tmp_path / "e.sqlite"
    names, _ = filled(file)
    connect = sqlite3.connect

    def read_only(path: Path, **options: object) -> sqlite3.Connection:
        return connect(f"file:{path}?mode=ro", uri=True, **options)  # type: ignore[call-overload,no-any-return]

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", read_only)
        assert "give this user access" in refusal(file)
    assert len(read_again(file, names)[0]) == 60


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from engine import StorageFailed
from engine.encode.cache.embeddings import EmbeddingCache, digest
part = EmbeddingCache(Path(sys.argv[1])).part("image", "f", "float32")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
kept = 0
try:
    for start in range(0, 10_000, 50):
        names = [digest(str(i).encode()) for i in range(start, start + 50)]
        part.put(names, np.ones((50, 64), np.float32))
        kept = start + 50
except StorageFailed as error:
    print(kept, error)
"""


def test_a_disk_without_room_is_told_and_what_was_put_before_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(file)], capture_output=True, text=True, check=True
    )
    kept, _, message = ended.stdout.partition(" ")
    assert "STORAGE_FAILED" in message
    assert "damage" not in message
    cache = EmbeddingCache(file)
    names = [digest(str(i).encode()) for i in range(int(kept))]
    assert len(cache.part("image", "f", "float32").get(names)) == int(kept) > 0
    cache.close()


def test_two_processes_fill_one_cache_at_once(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    code = (
        "import sys, numpy as np\nfrom pathlib import Path\n"
        "from engine.encode.cache.embeddings import EmbeddingCache, digest\n"
        "part = EmbeddingCache(Path(sys.argv[1])).part('image', 'f', 'float32')\n"
        "for i in range(60): part.put([digest(str(i).encode())], np.full((1, 8), i, np.float32))\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(file)]) for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    cache = EmbeddingCache(file)
    found = cache.part("image", "f", "float32", 8).get([digest(str(i).encode()) for i in range(60)])
    assert sorted(entry.vector[0] for entry in found.values()) == list(range(60))
    assert cache.note is None
    cache.close()


@pytest.mark.parametrize("other", [False, True], ids=["deleted", "replaced"])
def test_what_is_put_after_the_file_went_away_is_in_the_one_at_its_place(
    tmp_path: Path, other: bool
) -> None:
    file = tmp_path / "cache" / "embeddings.sqlite"
    keys, put = [digest(bytes([i])) for i in range(6)], vectors(6)
    with contextlib.closing(EmbeddingCache(file)) as cache:
        cache.part("image", "model", "float32").put(keys[:2], put[:2])
        if other:
            with contextlib.closing(EmbeddingCache(tmp_path / "other.sqlite")) as made:
                made.part("image", "model", "float32").put(keys[2:4], put[2:4])
            (tmp_path / "other.sqlite").replace(file)
        else:
            shutil.rmtree(file.parent)
        cache.part("image", "model", "float32").put(keys[4:], put[4:])
    with contextlib.closing(EmbeddingCache(file)) as cache:
        found = cache.part("image", "model", "float32").get(keys)
        assert set(found) >= set(keys[4:])


def test_a_damaged_cache_behind_a_link_is_mended_where_it_lies(tmp_path: Path) -> None:
    disk, file = tmp_path / "disk" / "real.sqlite", tmp_path / "embeddings.sqlite"
    keys, put = [digest(bytes([i])) for i in range(50)], vectors(50)
    with contextlib.closing(EmbeddingCache(disk)) as cache:
        cache.part("image", "model", "float32").put(keys, put)
    disk.write_bytes(b"trash" * 4 + disk.read_bytes()[20:])
    file.symlink_to(disk)
    with contextlib.closing(EmbeddingCache(file)) as cache:
        assert len(cache.part("image", "model", "float32").get(keys)) == 50
        assert str(disk) in (cache.note or "")
    assert file.is_symlink()
    assert [f.name for f in tmp_path.iterdir() if "damaged" in f.name] == []


def test_a_cache_of_a_newer_release_is_told_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "embeddings.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as newer:
        newer.execute("CREATE TABLE vectors (model, digest, half_vector)")
        newer.execute("PRAGMA user_version=7")
    before = file.read_bytes()
    with pytest.raises(StorageFailed, match=r"a newer release made it\): use that release"):
        EmbeddingCache(file)
    with contextlib.closing(sqlite3.connect(file)) as newer:
        assert newer.execute("PRAGMA user_version").fetchone() == (7,)
    assert len(file.read_bytes()) == len(before)
