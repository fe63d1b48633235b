import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_assets.tiles.contributions import ReconstructionError
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.pyramid import halve, pyramid_levels, write_pyramid
from image_assets.tiles.readers import open_scene
from image_assets.tiles.scene import Pixels


def tiles_of(picture: Pixels, grid: TileGrid) -> Iterator[tuple[Tile, Pixels]]:
    return ((tile, picture[tile.window.within(grid.window)]) for tile in grid.tiles())


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_pillow_reads_every_level_as_the_halved_picture(channels: int, mode: str, tmp_path: Path) -> None:
    picture = GeneratedScene(1, 1801, 1303, channels).read_window(0, 0, 1801, 1303)
    grid = TileGrid("s", 1801, 1303, 300)
    path = tmp_path / "scene.tif"
    summary = write_pyramid(path, grid, tiles_of(picture, grid), channels, picture.dtype)
    assert summary.levels == ((1801, 1303), (901, 652), (451, 326))
    assert (summary.bigtiff, summary.size_bytes) == (False, path.stat().st_size)
    assert summary.size_bytes < picture.nbytes
    expected = picture
    with Image.open(path) as opened:
        assert getattr(opened, "n_frames", 1) == 3
        for level, size in enumerate(summary.levels):
            opened.seek(level)
            assert (opened.mode, opened.size) == (mode, size)
            np.testing.assert_array_equal(np.asarray(opened).reshape(expected.shape), expected)
            expected = halve(expected)
    assert [file.name for file in tmp_path.iterdir()] == ["scene.tif"]


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "uint16"])
def test_other_dtypes_come_back_through_our_own_reader(dtype: str, tmp_path: Path) -> None:
    study = GeneratedScene(1, 700, 530, 4, "int16").read_window(0, 0, 700, 530)
    picture = (study + 200 if dtype == "uint16" else study).astype(dtype)
    grid = TileGrid("s", 700, 530, 256)
    write_pyramid(tmp_path / "scene.tif", grid, tiles_of(picture, grid), 4, picture.dtype)
    reader = open_scene(tmp_path / "scene.tif")
    assert reader.describe().dtype == picture.dtype
    np.testing.assert_array_equal(reader.read_window(0, 0, 700, 530), picture)


def test_levels_end_where_one_tile_holds_the_scene() -> None:
    assert pyramid_levels(512, 300) == ((512, 300),)
    assert pyramid_levels(513, 1) == ((513, 1), (257, 1))
    assert len(pyramid_levels(60_000, 60_000)) == 8


def test_halving_averages_and_rounds_halves_to_even() -> None:
    picture = np.array([[[1], [2], [9]], [[3], [4], [8]], [[7], [8], [5]]], np.uint8)
    assert halve(picture)[..., 0].tolist() == [[2, 8], [8, 5]]  # 2.5, 8.5, 7.5 and the corner alone
    quarters = np.array([[[0], [1], [0], [2], [0], [3]], [[0], [0], [0], [0], [0], [0]]], np.int16)
    assert halve(quarters - 4)[..., 0].tolist() == [[-4, -4, -3]]  # -3.75, -3.5, -3.25
    assert halve(np.full((2, 2, 1), -3, np.int16))[0, 0, 0] == -3
    assert halve(np.array([[[0.5], [1.0]]], np.float32))[0, 0, 0] == 0.75
    assert halve(np.full((2, 2, 1), 2**31 - 1, np.int32))[0, 0, 0] == 2**31 - 1


def test_memory_is_bounded_by_a_row_of_tiles(tmp_path: Path) -> None:
    scene = GeneratedScene(1, 3000, 9000)
    grid = TileGrid("s", 3000, 9000, 500)
    tracemalloc.start()
    tiles = ((tile, scene.read_window(*tile.window)) for tile in grid.tiles())
    write_pyramid(tmp_path / "scene.tif", grid, tiles, 1, np.dtype(np.uint8))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (500 + 2 * 512) * 3000 + 6e6  # 10.6 MB; the scene has 27


def test_more_than_four_gib_of_pixels_make_a_bigtiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image_assets.tiles.pyramid._CLASSIC_LIMIT", 1000)
    grid = TileGrid("s", 40, 30, 20)
    picture = np.arange(1200, dtype=np.uint16).reshape(30, 40, 1)
    summary = write_pyramid(tmp_path / "big.tif", grid, tiles_of(picture, grid), 1, picture.dtype)
    assert summary.bigtiff
    assert (tmp_path / "big.tif").read_bytes()[:4] == b"II+\0"
    np.testing.assert_array_equal(open_scene(tmp_path / "big.tif").read_window(0, 0, 40, 30), picture)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([0, 1, 2], "expected tile .*x=1, y=1.* found the end of the tiles"),
        ([1, 0, 2, 3], "expected tile .*x=0, y=0.*row by row"),
        ([0, 1, 2, 3, 3], "comes after the last tile"),
    ],
)
def test_missing_misplaced_and_surplus_tiles_leave_the_old_file_as_it_was(
    order: list[int], message: str, tmp_path: Path
) -> None:
    grid = TileGrid("s", 40, 40, 20)
    tiles = list(tiles_of(np.zeros((40, 40, 1), np.uint8), grid))
    path = tmp_path / "scene.tif"
    path.write_bytes(b"old")
    with pytest.raises(ReconstructionError, match=message):
        write_pyramid(path, grid, (tiles[i] for i in order), 1, np.dtype(np.uint8))
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["scene.tif"]


def test_a_tile_of_another_dtype_is_refused(tmp_path: Path) -> None:
    grid = TileGrid("s", 40, 40, 20)
    tiles = tiles_of(np.zeros((40, 40, 1), np.int16), grid)
    with pytest.raises(ReconstructionError, match=r"of shape \(20, 20, 1\) and uint8, found .*int16"):
        write_pyramid(tmp_path / "scene.tif", grid, tiles, 1, np.dtype(np.uint8))
