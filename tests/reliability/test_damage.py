"""Damaged files: a named error or the right answer, never a wrong one, and never a dead process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from reliability.forks import Forks
from reliability.world import INDEX, TABLE, create_synced, held_by, table

from engine import Workspace
from engine.errors import BadSourceFile, CorruptFile, VitrineError

KEYWORDS = [
    "keywords/*.idx",
    "keywords/*.term",
    "keywords/*.fieldnorm",
    "keywords/*.fast",
    "keywords/meta.json",
]
KINDS = [
    "index.json",
    "segment.json",
    "rows.parquet",
    "vectors.npy",
    "lengths.npy",
    "ann.faiss",
    *KEYWORDS,
]


@dataclass
class Prepared:
    """An index with two versions, and what each holds; see `damages.prepare`."""

    folder: Path
    forks: Forks
    now: Any
    before: Any

    def files(self, kind: str) -> list[tuple[Path, bool, bool]]:
        """Files of a kind, each with whether the version published now, and that before, needs it."""
        index = self.folder / "indexes" / INDEX
        numbers = sorted(int(file.stem) for file in index.glob("versions/*.json"))
        texts = [(index / "versions" / f"{number}.json").read_text() for number in numbers]
        found = []
        for file in sorted(index.rglob("*")):
            if kind == "manifest" and file.suffix == ".json" and file.parent.name == "versions":
                of = [number == int(file.stem) for number in numbers]
            elif (
                kind == "deleted rows" and file.suffix == ".npy" and file.parent.name == "versions"
            ):
                of = [file.name in text for text in texts]
            elif file.match(kind):
                folder = file.parent.parent if kind in KEYWORDS else file.parent
                name = "" if kind == "index.json" else folder.name
                of = [name in text for text in texts]
            else:
                continue
            found.append((file.relative_to(self.folder), of[1], of[0]))
        return found

    def damage(self, file: Path, checked: bool = True) -> list[dict[str, str]]:
        """What a process says after each way to damage the file."""
        ended = self.forks.run(
            "reliability.damages:damage_file",
            folder=str(self.folder),
            file=str(file),
            checked=checked,
            now=self.now,
            before=self.before,
        )
        assert ended.status == 0, (file, ended.values("error"), ended.messages[-2:])
        return ended.messages[:-1]


@pytest.fixture(scope="module")
def prepared(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("damaged")
    done = forks.run("reliability.damages:prepare", folder=str(folder)).check()
    return Prepared(folder, forks, done.values("now")[0], done.values("before")[0])


@pytest.mark.parametrize("kind", [*KINDS[1:], "manifest", "deleted rows"])
def test_a_damaged_file_is_named_and_the_intact_version_can_be_restored(
    prepared: Prepared, kind: str
) -> None:
    files = prepared.files(kind)
    assert len(files) == 2
    assert not all(before for _, _, before in files), "one file should be of the new version only"
    for file, in_now, in_before in files:
        for said in prepared.damage(file):
            where = (str(file), said)
            if kind == "manifest" and said["asked"] == "deleted":
                # There is no other trace of a version; what is left of the index is intact.
                assert said["query"] == ("before" if in_now else "now"), where
                continue
            assert file.name in said["check"], where
            assert "vitrine index restore" in said["check"] or "Restore it" in said["check"], where
            for answer in (said["query"], said["filtered"], said["worded"]):
                if in_now:
                    assert answer.startswith("CorruptFile") and file.name in answer, where
                else:
                    assert answer == "now", where
            if in_now and in_before:
                assert said["restore"].startswith("CorruptFile"), where
                assert file.name in said["restore"], where
            else:
                assert said["restored"] == ("before" if in_now else "now"), where
                assert said["healed"] == "", where


def test_a_damaged_description_of_an_index_is_named_and_restored(prepared: Prepared) -> None:
    [(file, _, _)] = prepared.files("index.json")
    for said in prepared.damage(file):
        for name in ("query", "filtered"):
            assert said[name].startswith("CorruptFile: ") and file.name in said[name], said
        assert file.name in said["check"] and "vitrine index restore" in said["check"], said
        assert said["restored"] == "now" and said["healed"] == "", said


@pytest.mark.parametrize("kind", KINDS[2:])
def test_damage_that_is_not_looked_for_at_opening_ends_no_process_and_is_found_by_a_check(
    prepared: Prepared, kind: str
) -> None:
    # Files of hundreds of megabytes are not compared with their checksums when they are opened.
    for file, _, _ in prepared.files(kind):
        for said in prepared.damage(file, checked=False):
            assert file.name in said["check"], (file, said)
            if kind == "rows.parquet":  # its pages have checksums of their own
                assert not said["query"].startswith("WRONG"), (file, said)


def test_a_damaged_index_of_a_table_is_made_anew_by_a_sync(tmp_path: Path) -> None:
    held = {1: 1, 2: 1}
    for name in ("segment.json", "rows.parquet", "vectors.npy", "1.json"):
        folder = tmp_path / name
        create_synced(Workspace(folder), held)
        [file] = folder.glob(f"indexes/*/**/{name}")
        file.write_bytes(file.read_bytes()[:-1])
        workspace = Workspace(folder)
        with pytest.raises(CorruptFile, match=name):
            held_by(workspace)
        workspace.sync(INDEX)
        assert held_by(workspace) == held
        workspace.write_table(TABLE, table({3: 3}))
        workspace.sync(INDEX)
        assert Workspace(folder).check_index(INDEX) == []


def test_a_damaged_table_is_a_named_error(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.write_table(TABLE, table({key: key for key in range(100)}))
    [file] = tmp_path.glob("tables/**/*.parquet")
    whole, read = file.read_bytes(), workspace.read_table(TABLE)
    # Its pages have checksums. Its description at the end, and files of others, need not have any.
    end = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for place in range(4, end, end // 50):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        assert _read(workspace) in (read, "named"), place
    file.write_bytes(whole)
    manifest = next(tmp_path.glob("tables/**/table.json"))
    text = manifest.read_bytes()
    for place in range(len(text)):
        manifest.write_bytes(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
        assert _read(Workspace(tmp_path)) in (read, "named"), place


def _read(workspace: Workspace) -> pa.Table | str:
    try:
        return workspace.read_table(TABLE)
    except (BadSourceFile, CorruptFile) as error:
        assert isinstance(error, VitrineError)
        return "named"
