"""What a notebook does with files of a volume, by every way to a path; run by test_volumes.py."""

# ruff: noqa: PTH110, PTH123, SIM115 - the functions are what is tested
import glob
import os
import pathlib
import shutil
import sys

from PIL import Image

ROOT = "/Volumes/main/fashion_demo"
PHOTOS, MINE = f"{ROOT}/raw_data/images", f"{ROOT}/mine"


def read() -> None:
    assert os.listdir("/Volumes") == ["main"]
    assert sorted(os.listdir(ROOT)) == ["mine", "raw_data"]
    first, second = sorted(pathlib.Path(PHOTOS).glob("*.png"))
    assert str(first) == f"{PHOTOS}/1.png" and first.exists() and first.is_file()
    assert first.resolve() == first and pathlib.Path(PHOTOS).is_dir()
    assert (
        first.read_bytes()
        == open(f"/dbfs{first}", "rb").read()
        == open(os.fsencode(first), "rb").read()
    )
    assert os.path.getsize(first) == first.stat().st_size == len(first.read_bytes())
    assert Image.open(first).size == Image.open(str(first)).size == (3, 2)
    assert sorted(glob.glob(f"{ROOT}/**/*.png", recursive=True)) == [str(first), str(second)]
    assert [(f, files) for f, _, files in os.walk(ROOT) if files] == [(PHOTOS, os.listdir(PHOTOS))]
    assert not os.path.exists(f"{PHOTOS}/none.png") and not os.path.exists("/Volumes/none")
    assert not os.path.exists("/Volumesx") and os.access(first, os.R_OK)
    with os.scandir(PHOTOS) as entries:
        assert {(e.path, e.is_file(), e.is_dir()) for e in entries} == {
            (str(first), True, False),
            (str(second), True, False),
        }
    assert os.open(first, os.O_RDONLY) > 2


def refused() -> None:
    for path, error, said in (
        (f"{PHOTOS}/none.png", FileNotFoundError, f"{PHOTOS}/none.png"),
        (f"{PHOTOS}/../../../../../x", FileNotFoundError, "Volumes"),
        ("/Volumes/main", IsADirectoryError, "/Volumes/main"),
    ):
        try:
            open(path)
        except error as caught:
            assert said in str(caught), caught
        else:
            raise AssertionError(path)
    for write in (
        lambda: open(f"{PHOTOS}/new.txt", "w"),
        lambda: os.remove(f"{PHOTOS}/1.png"),
        lambda: os.rename(f"{PHOTOS}/1.png", f"{MINE}/1.png"),
        lambda: Image.new("RGB", (1, 1)).save(f"{PHOTOS}/2.png"),
        lambda: pathlib.Path(PHOTOS, "folder").mkdir(),
    ):
        try:
            write()
        except OSError as caught:
            assert "read in place and never written" in str(caught), caught
        else:
            raise AssertionError("written")
    try:
        os.makedirs(f"{ROOT}/no_volume/folder")
    except FileNotFoundError as caught:
        assert "vitrine volume create" in str(caught), caught


def write() -> None:
    os.makedirs(f"{MINE}/a/b")
    pathlib.Path(MINE, "a", "one.txt").write_text("one")
    shutil.copy(f"{MINE}/a/one.txt", f"{MINE}/a/b/two.txt")
    os.rename(f"{MINE}/a/b/two.txt", f"{MINE}/a/b/three.txt")
    Image.open(f"{PHOTOS}/1.png").save(f"{MINE}/a/photo.png")
    shutil.copytree(f"{MINE}/a", f"{MINE}/c")
    shutil.rmtree(f"{MINE}/a")
    assert sorted(os.listdir(f"{MINE}/c")) == ["b", "one.txt", "photo.png"]
    assert pathlib.Path(MINE, "c", "b", "three.txt").read_text() == "one"
    os.chdir(f"{MINE}/c")
    assert open("one.txt").read() == "one"


def tables() -> None:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    frame = pd.DataFrame({"a": [1, 2]})
    os.makedirs(f"{MINE}/t")
    frame.to_csv(f"{MINE}/t.csv", index=False)
    frame.to_parquet(f"{MINE}/t/1.parquet")
    pq.write_table(pa.table({"a": [3]}), f"{MINE}/t/2.parquet")
    assert pd.read_csv(f"{MINE}/t.csv").equals(frame)
    assert pd.read_parquet(f"{MINE}/t/1.parquet").equals(frame)
    assert sorted(pd.read_parquet(f"{MINE}/t")["a"]) == [1, 2, 3]
    assert pq.read_table(source=f"{MINE}/t/2.parquet")["a"].to_pylist() == [3]
    assert pq.ParquetFile(f"{MINE}/t/2.parquet").metadata.num_rows == 1
    assert isinstance(pq.ParquetFile(f"{MINE}/t/2.parquet"), pq.ParquetFile)
    assert ds.dataset(f"{MINE}/t").count_rows() == 3
    assert pa.OSFile(f"{MINE}/t/2.parquet").size() > 0


{"read": read, "refused": refused, "write": write, "tables": tables}[sys.argv[1]]()
print("done")
