"""One tiled, compressed TIFF with pyramid levels of a scene, from its tiles, in bounded memory.

Level 0 is the scene; each further level has half the width and height (rounded up), area-averaged, until one TIFF
tile holds it. Levels are reduced-resolution pages of the same file, largest first, as GDAL, libvips, OpenSlide and
Pillow read them. Deflate with a predictor, which every reader of TIFF knows.

Memory: one row of scene tiles and, for each level, one row of TIFF tiles; together less than
(tile_size + 2 x 512) x width x channels values. On disk, beside the file while it is written: the compressed levels
after the first, about a third of the file.
"""

import contextlib
import itertools
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import imagecodecs
import numpy as np
import tifffile

from image_assets.tiles.contributions import ReconstructionError
from image_assets.tiles.geometry import Tile, TileGrid, Window
from image_assets.tiles.scene import Pixels

TIFF_TILE = 512
_CLASSIC_LIMIT = (1 << 32) - (1 << 25)
_HALVED_ROWS = 64  # even; halving makes wider copies of this many rows
_DEFLATE_LEVEL = 1  # three times as fast as level 6 for seven per cent more bytes


@dataclass(frozen=True, slots=True)
class PyramidSummary:
    """What was written.

    Attributes:
        levels: Width and height of each level, largest first.
        size_bytes: Size of the file.
        bigtiff: Whether it is a BigTIFF.
    """

    levels: tuple[tuple[int, int], ...]
    size_bytes: int
    bigtiff: bool


def pyramid_levels(width: int, height: int) -> tuple[tuple[int, int], ...]:
    """Return width and height of each level, largest first."""
    levels = [(width, height)]
    while max(levels[-1]) > TIFF_TILE:
        levels.append((-(-levels[-1][0] // 2), -(-levels[-1][1] // 2)))
    return tuple(levels)


def write_pyramid(
    path: Path, grid: TileGrid, tiles: Iterable[tuple[Tile, Pixels]], channels: int, dtype: np.dtype[np.generic]
) -> PyramidSummary:
    """Write a scene as one TIFF with pyramid levels; the file appears under its name when it is complete.

    BigTIFF if the uncompressed levels exceed 4 GiB, because the compressed size is known only afterwards.

    Args:
        path: The file; its folder exists. An older file is replaced.
        grid: The scene's grid.
        tiles: Every tile with its pixels, shape (rows, columns, channels), in the order of `grid.tiles()`.
        channels: Values per pixel; three or four of an unsigned dtype are marked as colours.
        dtype: Kind of the values.

    Raises:
        ReconstructionError: A tile is missing, out of order, or of another shape or dtype.
    """
    sizes = pyramid_levels(grid.width, grid.height)
    raw_bytes = sum(width * height for width, height in sizes) * channels * dtype.itemsize
    bigtiff = raw_bytes > _CLASSIC_LIMIT
    partial = path.with_name(path.name + ".partial")
    with contextlib.ExitStack() as stack:
        stack.callback(partial.unlink, missing_ok=True)
        spools = [stack.enter_context(tempfile.TemporaryFile(dir=path.parent)) for _ in sizes[1:]]
        levels = _chain_levels(sizes, channels, dtype, spools)
        with tifffile.TiffWriter(partial, bigtiff=bigtiff) as writer:
            rows = _rows_of_tiles(grid, tiles, channels, dtype)
            _write_page(writer, levels[0], _first_level(levels[0], rows), tifffile.FILETYPE.UNDEFINED)
            for level in levels[1:]:
                _write_page(writer, level, level.spooled(), tifffile.FILETYPE.REDUCEDIMAGE)
        partial.replace(path)
    return PyramidSummary(sizes, path.stat().st_size, bigtiff)


class _Level:
    """Cuts the rows of one level into compressed TIFF tiles and passes their halved rows on."""

    def __init__(
        self, size: tuple[int, int], channels: int, dtype: np.dtype[np.generic], spool: IO[bytes] | None
    ) -> None:
        self.width, self.height = size
        self.dtype = dtype
        self.channels = channels
        self.coarser: _Level | None = None
        self.ready: deque[bytes] = deque()
        self._spool = spool
        self._lengths: list[int] = []
        self._band = np.empty((TIFF_TILE, self.width, channels), dtype)
        self._filled = 0

    def push(self, rows: Pixels) -> None:
        """Take the next rows of the level."""
        start = 0
        while start < len(rows):
            count = min(TIFF_TILE - self._filled, len(rows) - start)
            self._band[self._filled : self._filled + count] = rows[start : start + count]
            self._filled += count
            start += count
            if self._filled == TIFF_TILE:
                self._flush()

    def finish(self) -> None:
        """Write the rows that are left, here and in all coarser levels."""
        if self._filled:
            self._flush()
        if self.coarser is not None:
            self.coarser.finish()

    def spooled(self) -> Iterator[bytes]:
        """Yield the compressed tiles that went to the spool."""
        if self._spool is not None:
            self._spool.seek(0)
            for length in self._lengths:
                yield self._spool.read(length)

    def _flush(self) -> None:
        band, self._filled = self._band[: self._filled], 0
        for left in range(0, self.width, TIFF_TILE):
            segment = _compress(band[:, left : left + TIFF_TILE])
            if self._spool is None:
                self.ready.append(segment)
            else:
                self._lengths.append(self._spool.write(segment))
        if self.coarser is not None:
            for top in range(0, len(band), _HALVED_ROWS):
                self.coarser.push(halve(band[top : top + _HALVED_ROWS]))


def halve(pixels: Pixels) -> Pixels:
    """Return the means of 2 x 2 pixels, shape (rows, columns, channels) halved and rounded up.

    Means of whole numbers are rounded, halves to the even one, so that small levels are no brighter than large ones.
    An odd last row or column is averaged over what there is.
    """
    odd_rows, odd_columns = pixels.shape[0] % 2, pixels.shape[1] % 2
    if odd_rows or odd_columns:
        pixels = np.pad(pixels, ((0, odd_rows), (0, odd_columns), (0, 0)), mode="edge")
    whole = pixels.dtype.kind != "f"
    wide = np.float64 if not whole else np.int32 if pixels.dtype.itemsize <= 2 else np.int64
    rows = np.add(pixels[0::2], pixels[1::2], dtype=wide)
    sums = rows[:, 0::2] + rows[:, 1::2]
    means: Pixels = (sums + 1 + (sums >> 2 & 1)) >> 2 if whole else sums / 4
    return means.astype(pixels.dtype)


def _chain_levels(
    sizes: tuple[tuple[int, int], ...], channels: int, dtype: np.dtype[np.generic], spools: Sequence[IO[bytes]]
) -> list[_Level]:
    levels = [_Level(size, channels, dtype, spool) for size, spool in zip(sizes, [None, *spools], strict=True)]
    for finer, coarser in itertools.pairwise(levels):
        finer.coarser = coarser
    return levels


def _first_level(level: _Level, rows: Iterator[Pixels]) -> Iterator[bytes]:
    """Yield the compressed tiles of level 0; the coarser levels fill their spools meanwhile."""
    for part in rows:
        for start in range(0, len(part), TIFF_TILE):
            level.push(part[start : start + TIFF_TILE])
            while level.ready:
                yield level.ready.popleft()
    level.finish()
    while level.ready:
        yield level.ready.popleft()


def _rows_of_tiles(
    grid: TileGrid, tiles: Iterable[tuple[Tile, Pixels]], channels: int, dtype: np.dtype[np.generic]
) -> Iterator[Pixels]:
    """Yield each row of tiles as an array of shape (rows, scene width, channels), which the next one overwrites."""
    arriving = iter(tiles)
    buffer = np.empty((min(grid.tile_size, grid.height), grid.width, channels), dtype)
    for y in range(grid.rows):
        expected = grid.row(y)
        window = Window(0, expected[0].window.top, grid.width, expected[0].window.height)
        strip = buffer[: window.height]
        for tile in expected:
            found, pixels = next(arriving, (None, np.empty(0)))
            shape = (tile.window.height, tile.window.width, channels)
            if found != tile or pixels.shape != shape or pixels.dtype != dtype:
                raise ReconstructionError(
                    f"expected tile {tile.key} of shape {shape} and {dtype}, found "
                    f"{'the end of the tiles' if found is None else (found.key, pixels.shape, str(pixels.dtype))}; "
                    f"give every tile of the scene once, row by row"
                )
            strip[tile.window.within(window)] = pixels
        yield strip
    if (surplus := next(arriving, None)) is not None:
        raise ReconstructionError(
            f"tile {surplus[0].key} comes after the last tile of scene {grid.scene!r}; give every tile once"
        )


def _compress(tile: Pixels) -> bytes:
    full = np.zeros((TIFF_TILE, TIFF_TILE, tile.shape[2]), tile.dtype)
    full[: tile.shape[0], : tile.shape[1]] = tile
    if full.dtype.kind == "f":
        differences = imagecodecs.floatpred_encode(full, axis=-2)
    else:
        differences = imagecodecs.delta_encode(full, axis=-2)
    return bytes(imagecodecs.deflate_encode(differences.tobytes(), _DEFLATE_LEVEL))


def _write_page(writer: tifffile.TiffWriter, level: _Level, segments: Iterator[bytes], kind: tifffile.FILETYPE) -> None:
    colours = level.dtype.kind == "u" and level.channels in (3, 4)
    predictor = tifffile.PREDICTOR.FLOATINGPOINT if level.dtype.kind == "f" else tifffile.PREDICTOR.HORIZONTAL
    writer.write(
        segments,
        shape=(level.height, level.width, level.channels) if level.channels > 1 else (level.height, level.width),
        dtype=level.dtype,
        photometric="rgb" if colours else "minisblack",
        planarconfig="contig" if level.channels > 1 else None,
        tile=(TIFF_TILE, TIFF_TILE),
        compression="adobe_deflate",
        predictor=predictor,
        subfiletype=kind,
        metadata=None,
    )
