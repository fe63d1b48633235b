"""Which tiles a task reads together: rectangles of the grid, so that most targets find all their sources in one task.

A worker goes through its block row by row from the left. What a source gives to its targets waits until the last
source of each target has come: that is up to `2 n_size + 1` rows of the block, so its width is what bounds memory.
"""

from collections.abc import Sequence
from typing import TypeVar

from image_assets.tiles.geometry import Tile, TileGrid

Item = TypeVar("Item")


def plan_blocks(grid: TileGrid, n_size: int, n_blocks: int, tile_bytes: int, pending_bytes: int) -> list[list[Tile]]:
    """Divide a grid into rectangles of tiles, each in reading order, so that few tiles lie at a cut.

    Args:
        grid: of the scene.
        n_size: radius of the neighbourhood in tiles.
        n_blocks: how many are wanted, for balance; more where memory asks for narrower ones, fewer in a small grid.
        tile_bytes: of an uncompressed tile.
        pending_bytes: what may wait in one worker.
    """
    widest = max(1, pending_bytes // (tile_bytes * (2 * n_size + 1)))
    narrowest = -(-grid.columns // widest)

    def shape(across: int) -> tuple[int, int]:
        return across, min(grid.rows, -(-n_blocks // across))

    def cuts(shape: tuple[int, int]) -> tuple[bool, int]:
        across, down = shape
        return across * down < min(n_blocks, len(grid)), (across - 1) * grid.rows + (down - 1) * grid.columns

    across, down = min(map(shape, range(narrowest, grid.columns + 1)), key=cuts)
    columns, rows = _bounds(grid.columns, across), _bounds(grid.rows, down)
    return [
        [grid.tile(x, y) for y in range(top, bottom) for x in range(left, right)]
        for top, bottom in rows
        for left, right in columns
    ]


def shares(items: Sequence[Item], n: int) -> list[Sequence[Item]]:
    """Divide a sequence, in order, into at most `n` parts of about the same length."""
    return [items[start:end] for start, end in _bounds(len(items), max(1, min(n, len(items)))) if start < end]


def _bounds(length: int, parts: int) -> list[tuple[int, int]]:
    return [(length * i // parts, length * (i + 1) // parts) for i in range(parts)]
