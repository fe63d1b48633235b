"""Numbers that describe one tile: mean, spread, extremes and the brightest point."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from image_assets.tiles.geometry import Tile
from image_assets.tiles.scene import Pixels

_BAND_ROWS = 64  # float64 copies are made of this many rows at a time


class TileStatistics(NamedTuple):
    """Statistics of one tile, over all its pixels and channels.

    Attributes:
        mean: Arithmetic mean.
        std: Population standard deviation (divided by the number of values).
        minimum: Smallest value.
        maximum: Largest value.
        brightest_row: Row of the brightest point in the SCENE, in pixels from its top.
        brightest_column: Column of the brightest point in the SCENE, in pixels from its left.
    """

    mean: float
    std: float
    minimum: float
    maximum: float
    brightest_row: int
    brightest_column: int


def tile_statistics(pixels: Pixels, tile: Tile) -> TileStatistics:
    """Return the statistics of a tile, shape (rows, columns, channels).

    The brightest point is the pixel with the largest sum over its channels; of several, the first row by row.
    """
    bands = [pixels[top : top + _BAND_ROWS] for top in range(0, pixels.shape[0], _BAND_ROWS)]
    mean = sum(float(band.sum(dtype=np.float64)) for band in bands) / pixels.size
    # Two passes: the sum of squares minus the squared mean loses the spread of bright, flat tiles.
    squares = 0.0
    for band in bands:
        deviations = band.astype(np.float64).ravel()
        deviations -= mean
        squares += float(np.dot(deviations, deviations))
    row, column = _brightest(bands)
    window = tile.window
    return TileStatistics(
        mean=mean,
        std=float(np.sqrt(squares / pixels.size)),
        minimum=float(pixels.min()),
        maximum=float(pixels.max()),
        brightest_row=window.top + row,
        brightest_column=window.left + column,
    )


def _brightest(bands: Sequence[Pixels]) -> tuple[int, int]:
    """Return row and column of the first pixel with the largest sum over its channels."""
    found = [_brightest_of(band) for band in bands]
    number = int(np.argmax([value for value, _, _ in found]))
    _, row, column = found[number]
    return number * _BAND_ROWS + row, column


def _brightest_of(band: Pixels) -> tuple[float, int, int]:
    brightness = band[..., 0]
    if band.shape[2] > 1:
        brightness = brightness.astype(np.result_type(band.dtype, np.int64))
        for channel in range(1, band.shape[2]):
            brightness += band[..., channel]
    row, column = np.unravel_index(int(np.argmax(brightness)), brightness.shape)
    return brightness[row, column], int(row), int(column)
