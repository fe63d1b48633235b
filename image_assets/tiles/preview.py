"""A small picture of a whole scene, made tile by tile: area averages that do not see where tiles end."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from image_assets.tiles.contributions import Patch, ReconstructionError
from image_assets.tiles.geometry import Tile, TileGrid, Window
from image_assets.tiles.scene import Pixels


def preview_scale(grid: TileGrid, longest_side: int = 1024) -> int:
    """Return how many scene pixels make one preview pixel in each direction, for a preview of at most that size."""
    return math.ceil(max(grid.width, grid.height) / longest_side)


def preview_piece(pixels: Pixels, tile: Tile, scale: int) -> Patch:
    """Return a tile's share of the preview: sums of its pixels over each preview pixel that it touches.

    Args:
        pixels: The tile, shape (rows, columns, channels).
        tile: Which one.
        scale: Scene pixels per preview pixel in each direction.

    Returns:
        Window in preview pixels; sums of shape (rows, columns, channels), int64 or float64. A few KiB: a driver may
        collect them.
    """
    window = tile.window
    left, rows_from = window.left // scale, window.top // scale
    right, rows_to = -(-window.right // scale), -(-window.bottom // scale)
    row_starts = np.maximum(np.arange(rows_from, rows_to) * scale - window.top, 0)
    column_starts = np.maximum(np.arange(left, right) * scale - window.left, 0)
    dtype = np.float64 if pixels.dtype.kind == "f" else np.int64
    sums = np.add.reduceat(np.add.reduceat(pixels, row_starts, axis=0, dtype=dtype), column_starts, axis=1)
    return Patch(Window(left, rows_from, right - left, rows_to - rows_from), sums)


def assemble_preview(pieces: Iterable[Patch], grid: TileGrid, scale: int) -> NDArray[np.float64]:
    """Return the mean of the scene over each preview pixel, shape (rows, columns, channels).

    Preview pixels of the last row and column average what the scene still has there.

    Args:
        pieces: The piece of every tile, in any order.
        grid: The scene's grid.
        scale: As given to `preview_piece`.

    Raises:
        ReconstructionError: There are no pieces or not as many as the grid has tiles.
    """
    rows, columns = -(-grid.height // scale), -(-grid.width // scale)
    sums: NDArray[np.float64] | None = None
    count = 0
    for window, values in pieces:
        if sums is None:
            sums = np.zeros((rows, columns, values.shape[2]))
        sums[window.within(Window(0, 0, columns, rows))] += values
        count += 1
    if sums is None or count != len(grid):
        raise ReconstructionError(
            f"the preview of scene {grid.scene!r} needs {len(grid)} pieces and received {count}; give one per tile"
        )
    heights = np.minimum(scale, grid.height - np.arange(rows) * scale)
    widths = np.minimum(scale, grid.width - np.arange(columns) * scale)
    means: NDArray[np.float64] = sums / (heights[:, np.newaxis] * widths)[..., np.newaxis]
    return means


def displayable(means: NDArray[np.float64], dtype: np.dtype[np.generic]) -> NDArray[np.uint8]:
    """Return a preview as grey (rows, columns) or red, green, blue (rows, columns, 3), for a PNG.

    The first three of three or more channels are shown as colours, else the first one as grey. Values of a uint8
    scene are shown as they are, all others stretched from the smallest to the largest.
    """
    shown = means[..., :3] if means.shape[2] >= 3 else means[..., 0]
    if dtype != np.uint8:
        low, high = float(shown.min()), float(shown.max())
        shown = (shown - low) * (255 / (high - low) if high > low else 0)
    return np.rint(shown).astype(np.uint8)
