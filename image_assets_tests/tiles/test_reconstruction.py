import pickle

import numpy as np
import pytest
from scipy import ndimage

from image_assets.errors import SettingsError
from image_assets.tiles import reconstruction as registry
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.neighbourhood import HaloFilter, PixelwiseReduction
from image_assets.tiles.reconstruction import create_reconstruction, register, registered_reconstructions
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import strategy
from image_assets_tests.tiles.one_process import run_locally

GRID = TileGrid("s", 33, 27, 10)
PICTURE = np.random.default_rng(3).integers(0, 256, (27, 33, 3)).astype(np.uint8)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))


def read(tile: Tile) -> Pixels:
    return PICTURE[tile.window.within(GRID.window)]


def local_maximum(pixels: Pixels, size: int) -> Pixels:
    return np.asarray(ndimage.maximum_filter(pixels, size=(size, size, 1)))


def test_the_published_reconstruction_and_the_filters_are_registered() -> None:
    assert registered_reconstructions() == ("clip_and_sum", "gaussian", "median", "unsharp")


def test_a_filter_of_ones_own_is_registered_in_one_line_and_equals_itself_on_the_whole_picture() -> None:
    register("local_maximum", lambda size=5: HaloFilter("local_maximum", size // 2, lambda p: local_maximum(p, size)))
    own = create_reconstruction("local_maximum", size=7)
    run = run_locally(strategy("partial"), own, GRID, read)
    expected = ndimage.maximum_filter(PICTURE, size=(7, 7, 1))
    for tile, pixels in run.tiles.items():
        np.testing.assert_array_equal(pixels, expected[tile.window.within(GRID.window)])


def test_a_reduction_of_ones_own_is_registered_in_one_line() -> None:
    register("brightest", lambda: PixelwiseReduction("brightest", transform=np.asarray, reduce=np.maximum))
    run = run_locally(strategy("grouped_read"), create_reconstruction("brightest"), GRID, read)
    middle = GRID.tile(1, 1)
    stack = np.stack([read(source) for source in middle.neighbourhood() if source.window.area == 100])
    expected = stack.max(axis=0)
    for source in middle.neighbourhood():
        part = read(source)
        corner = expected[: part.shape[0], : part.shape[1]]
        np.maximum(corner, part, out=corner)
    np.testing.assert_array_equal(run.tiles[middle], expected)


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(SettingsError, match="'median' is registered already"):
        register("median", lambda: HaloFilter("median", 0, np.asarray))


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SettingsError, match="no reconstruction 'blur'; registered: clip_and_sum, gaussian, median"):
        create_reconstruction("blur")


def test_parameters_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"'gaussian' does not take \{'radius': 3\}"):
        create_reconstruction("gaussian", radius=3)


@pytest.mark.parametrize("name", ["clip_and_sum", "gaussian", "median", "unsharp"])
def test_a_reconstruction_travels_to_executors(name: str) -> None:
    target = GRID.tile(1, 1)
    original = create_reconstruction(name)
    travelled = pickle.loads(pickle.dumps(original))  # noqa: S301 - what Spark does with it
    sources = [(source, read(source)) for source in target.neighbourhood()]
    np.testing.assert_array_equal(travelled.reconstruct(sources, target), original.reconstruct(sources, target))
