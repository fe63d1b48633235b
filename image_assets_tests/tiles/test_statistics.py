import numpy as np
import pytest

from image_assets.tiles.geometry import TileGrid
from image_assets.tiles.statistics import tile_statistics

TILE = TileGrid("s", 5000, 5000, 2000).tile(1, 2)  # begins at column 2000, row 4000


def test_known_values_give_known_statistics() -> None:
    pixels = np.array([[[1], [2]], [[3], [6]]], np.uint8)
    found = tile_statistics(pixels, TILE)
    assert (found.mean, found.minimum, found.maximum) == (3.0, 1.0, 6.0)
    assert found.std == pytest.approx(np.sqrt(14 / 4))


def test_the_brightest_point_is_a_place_in_the_scene() -> None:
    pixels = np.zeros((70, 50, 1), np.int16)
    pixels[65, 7] = 90
    found = tile_statistics(pixels, TILE)
    assert (found.brightest_row, found.brightest_column) == (4065, 2007)


def test_the_brightest_of_several_channels_has_the_largest_sum_and_cannot_overflow() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[1, 2] = (255, 0, 0)
    pixels[3, 1] = (120, 120, 120)
    found = tile_statistics(pixels, TILE)
    assert (found.brightest_row, found.brightest_column) == (4003, 2001)
    assert found.maximum == 255


def test_of_several_brightest_points_the_first_row_by_row_is_taken() -> None:
    pixels = np.full((3, 3, 2), 7, np.uint8)
    found = tile_statistics(pixels, TILE)
    assert (found.brightest_row, found.brightest_column) == (4000, 2000)
    assert (found.mean, found.std) == (7.0, 0.0)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32"])
def test_statistics_equal_numpy_in_double_precision(dtype: str) -> None:
    values = np.random.default_rng(2).integers(0, 120, (301, 203, 4))
    pixels = (values if np.dtype(dtype).kind == "u" else values - 60).astype(dtype)
    found = tile_statistics(pixels, TILE)
    assert found.mean == pytest.approx(pixels.mean(dtype=np.float64), rel=1e-12)
    assert found.std == pytest.approx(pixels.std(dtype=np.float64), rel=1e-12)
    assert (found.minimum, found.maximum) == (pixels.min(), pixels.max())
    assert all(type(value) in (float, int) for value in found)


def test_the_spread_of_bright_flat_tiles_is_not_lost() -> None:
    pixels = 1e9 + np.array([0.0, 1.0, 2.0, 3.0]).reshape(2, 2, 1)
    assert tile_statistics(pixels, TILE).std == pytest.approx(np.sqrt(1.25), rel=1e-9)
