"""The whole real photograph, 64.8 megapixels in colours; about half a minute."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import ndimage

from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.pyramid import write_pyramid
from image_assets.tiles.readers import open_scene, read_tasks, read_tiles
from image_assets.tiles.reconstruction import create_reconstruction
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import strategy
from image_assets_tests.shared import shared_path
from image_assets_tests.tiles.one_process import run_locally

pytestmark = pytest.mark.skipif(
    not os.environ.get("IMAGE_ASSETS_SLOW_TESTS"), reason="set IMAGE_ASSETS_SLOW_TESTS to filter all 64.8 megapixels"
)
GRID = TileGrid("highsmith", 7026, 9221, 2000)


@pytest.fixture(scope="module")
def tiles() -> dict[Tile, Pixels]:
    reader = open_scene(shared_path("data", "scenes", "highsmith_7026x9221.jpg"))
    return {
        tile: pixels
        for group in read_tasks(GRID, reader.describe().access)
        for tile, pixels in read_tiles(reader, group)
    }


@pytest.fixture(scope="module")
def picture() -> Pixels:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        return np.asarray(Image.open(shared_path("data", "scenes", "highsmith_7026x9221.jpg")))


def test_the_tiles_are_the_photograph(tiles: dict[Tile, Pixels], picture: Pixels) -> None:
    assert list(tiles) == list(GRID.tiles())
    for tile, pixels in tiles.items():
        np.testing.assert_array_equal(pixels, picture[tile.window.within(GRID.window)])


@pytest.mark.parametrize("name", ["gaussian", "median", "unsharp"])
def test_the_stitched_result_is_the_filter_of_the_whole(name: str, tiles: dict[Tile, Pixels], picture: Pixels) -> None:
    run = run_locally(strategy("partial"), create_reconstruction(name), GRID, tiles.__getitem__)
    if name == "gaussian":
        expected = ndimage.gaussian_filter(picture, 2.0, axes=(0, 1))
    elif name == "median":
        expected = ndimage.median_filter(picture, size=(3, 3, 1))
    else:
        expected = np.asarray(Image.fromarray(picture).filter(ImageFilter.UnsharpMask(2, 150, 3)))
    for tile, pixels in run.tiles.items():
        np.testing.assert_array_equal(pixels, expected[tile.window.within(GRID.window)])


def test_pillow_opens_the_pyramid_of_the_photograph(
    tiles: dict[Tile, Pixels], picture: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    path = tmp_path / "highsmith.tif"
    summary = write_pyramid(path, GRID, tiles.items(), 3, np.dtype(np.uint8))
    assert summary.levels[-1] == (220, 289)
    with Image.open(path) as opened:
        np.testing.assert_array_equal(np.asarray(opened), picture)
        opened.seek(5)
        small = np.asarray(opened).astype(float)
    blocks = picture[: 288 * 32, : 219 * 32].reshape(288, 32, 219, 32, 3).mean(axis=(1, 3))
    assert np.abs(small[:288, :219] - blocks).max() < 5 * 0.5  # five roundings
    assert abs((small[:288, :219] - blocks).mean()) < 0.02
