from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile

from image_assets.errors import SettingsError, SourceError
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.geometry import TileGrid
from image_assets.tiles.readers import open_scene, read_tasks, read_tiles
from image_assets.tiles.scene import Access, Pixels, SceneInfo

SCENE = GeneratedScene(9, 130, 110)
PICTURE = SCENE.read_window(0, 0, 130, 110)
GRID = TileGrid(SCENE.name, 130, 110, 50)


class RecordingReader:
    """Stands before a scene and records the windows that are read."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.windows: list[tuple[int, int, int, int]] = []

    def describe(self) -> SceneInfo:
        return SceneInfo(130, 110, 1, np.dtype(np.uint8), self.access)

    def read_window(self, x0: int, y0: int, width: int, height: int) -> Pixels:
        self.windows.append((x0, y0, width, height))
        return SCENE.read_window(x0, y0, width, height)

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("access", "tasks", "windows"),
    [
        (Access.WINDOWS, 9, [tile.window for tile in GRID.tiles()]),
        (Access.ROWS, 3, [(0, 0, 130, 50), (0, 50, 130, 50), (0, 100, 130, 10)]),
        (Access.WHOLE, 1, [(0, 0, 130, 50), (0, 50, 130, 50), (0, 100, 130, 10)]),
    ],
)
def test_tiles_are_read_together_as_the_format_wants(
    access: Access, tasks: int, windows: list[tuple[int, int, int, int]]
) -> None:
    reader = RecordingReader(access)
    groups = list(read_tasks(GRID, access))
    read = [pair for group in groups for pair in read_tiles(reader, group)]
    assert len(groups) == tasks
    assert reader.windows == windows
    assert [tile for tile, _ in read] == list(GRID.tiles())
    for tile, pixels in read:
        np.testing.assert_array_equal(pixels, PICTURE[tile.window.within(GRID.window)])


def test_the_kind_of_a_scene_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    grey = PICTURE[..., 0]
    (tmp_path / "a").write_bytes(imagecodecs.png_encode(grey))
    (tmp_path / "b").write_bytes(imagecodecs.jpeg_encode(grey, level=90))
    tifffile.imwrite(tmp_path / "c", grey)
    tifffile.imwrite(tmp_path / "d", grey, bigtiff=True, byteorder=">")
    for name in "abcd":
        info = open_scene(str(tmp_path / name)).describe()
        assert (info.width, info.height, info.channels) == (130, 110, 1)


def test_the_name_of_a_generated_scene_opens_it() -> None:
    np.testing.assert_array_equal(open_scene(SCENE.name).read_window(0, 0, 130, 110), PICTURE)
    with pytest.raises(SettingsError, match="names no generated scene"):
        open_scene("generated_10x10")


def test_another_kind_of_file_is_refused_with_what_was_found(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello world")
    with pytest.raises(SourceError, match=r"notes\.txt begins with b'hello wo'; expected a TIFF, BigTIFF, PNG or JPEG"):
        open_scene(path)


def test_a_missing_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"missing\.tif cannot be read: No such file"):
        open_scene(tmp_path / "missing.tif")
