import gc
import os
import pickle
import time
from pathlib import Path

import pytest

from image_assets.recordings.cells import Scratch, read_cells, write_cells
from image_assets.warehouse.location import Location


def test_cells_are_read_one_by_one_in_any_order(tmp_path: Path) -> None:
    file = Location.of(tmp_path / "cells.arrow")
    contents = [b"", bytes(range(256)) * 1000, b"x"]
    assert write_cells(file, contents) == 3
    assert [cell.to_pybytes() for cell in read_cells(file, [2, 0, 1, 2])] == [b"x", b"", contents[1], b"x"]
    assert (tmp_path / "cells.arrow").stat().st_size < 20_000  # compressed


def test_a_file_that_fails_half_way_does_not_appear(tmp_path: Path) -> None:
    def broken() -> "list[bytes]":
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        write_cells(Location.of(tmp_path / "cells.arrow"), (cell for _ in range(2) for cell in broken()))
    assert list(tmp_path.iterdir()) == []


def test_a_scratch_folder_ends_with_its_owner_and_not_with_copies_in_workers(tmp_path: Path) -> None:
    scratch, other = Scratch.below(Location.of(tmp_path)), Scratch.below(Location.of(tmp_path))
    for one in (scratch, other):
        write_cells(one.new_file(), [b"x"])
    copy = pickle.loads(pickle.dumps(scratch))  # noqa: S301 - what Spark does
    assert copy.folder == scratch.folder
    del copy
    gc.collect()
    assert Path(scratch.folder.path).exists()
    folder = Path(scratch.folder.path)
    del scratch, one
    gc.collect()
    assert not folder.exists()
    assert Path(other.folder.path).exists()
    del other
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_removed_after_a_week(tmp_path: Path) -> None:
    for name, days in (("old", 8), ("recent", 2)):
        folder = tmp_path / "_scratch" / name
        folder.mkdir(parents=True)
        (folder / "x.arrow").touch()
        then = time.time() - days * 86_400
        os.utime(folder, (then, then))
    scratch = Scratch.below(Location.of(tmp_path))
    assert [path.name for path in (tmp_path / "_scratch").iterdir()] == ["recent"]
    del scratch
