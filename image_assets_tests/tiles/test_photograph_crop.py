"""The real photograph, a part of it: `test_whole_photograph` does the same with all of it."""

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import ndimage

from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.readers import open_scene
from image_assets.tiles.reconstruction import create_reconstruction
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import STRATEGY_NAMES, strategy
from image_assets_tests.shared import shared_path
from image_assets_tests.tiles.one_process import run_locally


@pytest.fixture(scope="module")
def crop() -> Pixels:
    return open_scene(shared_path("data", "scenes", "highsmith_7026x9221.jpg")).read_window(5900, 8100, 1126, 1121)


def expected(name: str, picture: Pixels) -> Pixels:
    if name == "gaussian":
        return ndimage.gaussian_filter(picture, 2.0, axes=(0, 1))
    if name == "median":
        return ndimage.median_filter(picture, size=(3, 3, 1))
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.UnsharpMask(2, 150, 3)))


@pytest.mark.parametrize("name", ["gaussian", "median", "unsharp"])
def test_every_strategy_gives_the_filter_of_the_whole_picture_pixel_for_pixel(name: str, crop: Pixels) -> None:
    grid = TileGrid("highsmith", crop.shape[1], crop.shape[0], 500)
    whole = expected(name, crop)

    def read(tile: Tile) -> Pixels:
        return crop[tile.window.within(grid.window)]

    for strategy_name in STRATEGY_NAMES:
        run = run_locally(strategy(strategy_name), create_reconstruction(name), grid, read)
        assert set(run.tiles) == set(grid.tiles())
        for tile, pixels in run.tiles.items():
            np.testing.assert_array_equal(pixels, whole[tile.window.within(grid.window)])
