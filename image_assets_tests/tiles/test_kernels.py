import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from scipy import ndimage

from image_assets.errors import SettingsError, SourceError
from image_assets.tiles import kernels
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.median import median_filter
from image_assets.tiles.neighbourhood import Reconstruction
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import strategy
from image_assets_tests.tiles.one_process import run_locally


def stitched(reconstruction: Reconstruction, picture: Pixels, tile_size: int, n_size: int = 1) -> Pixels:
    grid = TileGrid("s", picture.shape[1], picture.shape[0], tile_size)

    def read(tile: Tile) -> Pixels:
        return picture[tile.window.within(grid.window)]

    run = run_locally(strategy("partial"), reconstruction, grid, read, n_size)
    result = np.empty(picture.shape, next(iter(run.tiles.values())).dtype)
    for tile, pixels in run.tiles.items():
        result[tile.window.within(grid.window)] = pixels
    return result


def random_picture(height: int, width: int, channels: int, dtype: str, seed: int = 0) -> Pixels:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels))
    return (values - 128 if np.dtype(dtype).kind != "u" else values).astype(dtype)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(9, 40),
    st.sampled_from(["uint8", "int16", "float32"]),
    st.floats(0.3, 2.2),
)
def test_gaussian_equals_scipy_on_the_whole_picture_at_any_size(
    height: int, width: int, tile_size: int, dtype: str, sigma: float
) -> None:
    picture = random_picture(height, width, 2, dtype)
    expected = ndimage.gaussian_filter(picture, sigma, axes=(0, 1))
    np.testing.assert_array_equal(stitched(kernels.gaussian(sigma), picture, tile_size), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(3, 30), st.sampled_from([1, 3, 5, 7]))
def test_median_equals_scipy_on_the_whole_picture_at_any_size(
    height: int, width: int, tile_size: int, size: int
) -> None:
    picture = random_picture(height, width, 3, "int16")
    expected = ndimage.median_filter(picture, size=(size, size, 1))
    np.testing.assert_array_equal(stitched(kernels.median(size), picture, tile_size), expected)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(24, 60),
    st.tuples(st.floats(0.1, 6), st.integers(0, 300), st.integers(0, 9)),
)
def test_unsharp_equals_pillow_on_the_whole_picture_at_any_size(
    height: int, width: int, tile_size: int, parameters: tuple[float, int, int]
) -> None:
    picture = random_picture(height, width, 3, "uint8")
    expected = np.asarray(Image.fromarray(picture).filter(ImageFilter.UnsharpMask(*parameters)))
    np.testing.assert_array_equal(stitched(kernels.unsharp(*parameters), picture, tile_size), expected)


def test_a_halo_of_several_tiles_needs_and_uses_a_larger_neighbourhood() -> None:
    picture = random_picture(40, 50, 1, "uint8")
    expected = ndimage.gaussian_filter(picture, 3.0, axes=(0, 1))
    np.testing.assert_array_equal(stitched(kernels.gaussian(3.0), picture, 5, n_size=3), expected)


def test_clip_and_sum_sets_values_above_20_to_zero_and_sums_the_neighbourhood() -> None:
    tiles = np.array([[5, 21, -7], [20, 127, 1], [-127, 3, 30]], np.int16)
    expected = [[25, 19, -6], [-99, -105, -3], [-104, -103, 4]]
    result = stitched(kernels.clip_and_sum(), tiles[..., np.newaxis], 1)
    assert result.dtype == np.int32
    assert result[..., 0].tolist() == expected


def test_clip_and_sum_takes_at_each_place_the_neighbours_that_have_a_pixel_there() -> None:
    # Tiles of 2 columns over 5: 1 2 | 3 4 | 5. The last one is too narrow to reach the second place.
    result = stitched(kernels.clip_and_sum(), np.array([[[1], [2], [3], [4], [5]]], np.uint8), 2)
    assert result[0, :, 0].tolist() == [1 + 3, 2 + 4, 1 + 3 + 5, 2 + 4, 3 + 5]


def test_clip_and_sum_cannot_overflow_the_sources_dtype() -> None:
    picture = np.full((3, 3, 1), -32768, np.int16)
    assert stitched(kernels.clip_and_sum(), picture, 1)[1, 1, 0] == 9 * -32768


def test_the_threshold_of_clip_and_sum_is_a_parameter() -> None:
    picture = np.array([[[10], [40], [50]]], np.uint8)
    assert stitched(kernels.clip_and_sum(threshold=45), picture, 1)[0, :, 0].tolist() == [50, 50, 40]


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint64"])
def test_clip_and_sum_refuses_sources_that_it_could_not_add_exactly(dtype: str) -> None:
    with pytest.raises(SourceError, match=f"8 or 16 bits, found {dtype}"):
        stitched(kernels.clip_and_sum(), np.zeros((2, 2, 1), dtype), 2)


def test_unsharp_refuses_other_dtypes_than_uint8() -> None:
    with pytest.raises(SourceError, match="needs uint8 tiles, found int16"):
        stitched(kernels.unsharp(), np.zeros((4, 4, 1), np.int16), 40)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (kernels.gaussian, {"sigma": 0.0}),
        (kernels.gaussian, {"truncate": -1.0}),
        (kernels.median, {"size": 4}),
        (kernels.unsharp, {"radius": 0.0}),
    ],
)
def test_parameters_that_cannot_work_are_refused(make: type, parameters: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="cannot work with"):
        make(**parameters)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("size", [1, 3, 9])
def test_the_fast_median_equals_the_rank_filter(dtype: str, size: int) -> None:
    picture = random_picture(71, 40, 2, dtype, seed=size)
    expected = ndimage.median_filter(picture, size=(size, size, 1), mode="reflect")
    np.testing.assert_array_equal(median_filter(picture, size), expected)
