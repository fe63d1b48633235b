"""Where tiles lie: the grid of a scene, the neighbourhood of a tile and its halo. Integers only, no pixels.

A scene is cut into squares of `tile_size` pixels from its top left corner; tiles of the last column and the last
row are smaller when the scene is not a multiple of it. The key of a tile is `scene, x, y, width, height`: `x` is its
column and `y` its row in the grid, both from 0 (tile indices, so that `x == 27` names one column of tiles whatever
the tile size), `width` and `height` its own size in pixels. The pixel position of its top left corner is
`x * tile_size, y * tile_size`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from image_assets.errors import SettingsError


class Window(NamedTuple):
    """A rectangle of a scene, in pixels; `left` and `top` count from the scene's top left corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column right of the window."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row below the window."""
        return self.top + self.height

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    def intersection(self, other: "Window") -> "Window":
        """Return what both windows cover; its area is 0 where they do not overlap."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Window(left, top, max(0, right - left), max(0, bottom - top))

    def within(self, outer: "Window") -> tuple[slice, slice]:
        """Return the rows and columns of this window in an array of shape (height, width, ...) that holds `outer`."""
        top, left = self.top - outer.top, self.left - outer.left
        return np.s_[top : top + self.height, left : left + self.width]


class TileKey(NamedTuple):
    """The key columns of a tile: grid column `x`, grid row `y`, own size in pixels."""

    scene: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class TileGrid:
    """How a scene of `width` x `height` pixels is cut into tiles; the tiles cover it exactly once.

    Raises:
        SettingsError: A size is not a positive whole number.
    """

    scene: str
    width: int
    height: int
    tile_size: int

    def __post_init__(self) -> None:
        for name in ("width", "height", "tile_size"):
            if getattr(self, name) < 1:
                raise SettingsError(
                    f"scene {self.scene!r}: {name} is {getattr(self, name)}; give a positive number of pixels"
                )

    @property
    def columns(self) -> int:
        """Number of tiles side by side."""
        return -(-self.width // self.tile_size)

    @property
    def rows(self) -> int:
        """Number of tiles one below the other."""
        return -(-self.height // self.tile_size)

    def __len__(self) -> int:
        return self.columns * self.rows

    @property
    def window(self) -> Window:
        """The whole scene."""
        return Window(0, 0, self.width, self.height)

    def tile(self, x: int, y: int) -> "Tile":
        """Return the tile in grid column `x` and grid row `y`.

        Raises:
            SettingsError: The grid has no such tile.
        """
        if not (0 <= x < self.columns and 0 <= y < self.rows):
            raise SettingsError(
                f"scene {self.scene!r} has no tile x={x}, y={y}: its grid of {self.tile_size}-pixel tiles has "
                f"x from 0 to {self.columns - 1} and y from 0 to {self.rows - 1}"
            )
        return Tile(self, x, y)

    def row(self, y: int) -> tuple["Tile", ...]:
        """Return the tiles of grid row `y`, from left to right."""
        return tuple(self.tile(x, y) for x in range(self.columns))

    def tiles(self) -> Iterator["Tile"]:
        """Yield every tile, row by row from the top, each row from left to right."""
        for y in range(self.rows):
            yield from self.row(y)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a grid, by its place; `TileGrid.tile` makes them."""

    grid: TileGrid
    x: int
    y: int

    @property
    def window(self) -> Window:
        """The pixels of the scene that the tile covers."""
        size = self.grid.tile_size
        left, top = self.x * size, self.y * size
        return Window(left, top, min(size, self.grid.width - left), min(size, self.grid.height - top))

    @property
    def key(self) -> TileKey:
        """The key columns of the tile in a table."""
        window = self.window
        return TileKey(self.grid.scene, self.x, self.y, window.width, window.height)

    def neighbourhood(self, n_size: int = 1) -> tuple["Tile", ...]:
        """Return the tiles at most `n_size` away in both directions, itself included, clipped at all four borders.

        The relation is symmetric: the sources of a target are the targets of that source. Radius 1 gives the
        3 x 3 neighbourhood.

        Raises:
            SettingsError: `n_size` is negative.
        """
        if n_size < 0:
            raise SettingsError(f"n_size is {n_size}; give a radius of 0 tiles or more")
        columns = range(max(0, self.x - n_size), min(self.grid.columns, self.x + n_size + 1))
        rows = range(max(0, self.y - n_size), min(self.grid.rows, self.y + n_size + 1))
        return tuple(Tile(self.grid, x, y) for y in rows for x in columns)

    def halo_window(self, halo: int) -> Window:
        """Return the tile's window grown by `halo` pixels on each side, clipped to the scene."""
        window = self.window
        grown = Window(window.left - halo, window.top - halo, window.width + 2 * halo, window.height + 2 * halo)
        return grown.intersection(self.grid.window)
