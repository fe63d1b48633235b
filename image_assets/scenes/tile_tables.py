"""Tables of tiles: rows from pixels, the grid from keys, and single tiles by their place in the files.

A row is a row group, so that a tile is read without its neighbours, and a question about keys without any pixels.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from image_assets.contracts import RECONSTRUCTED_TILES, SOURCE_TILES
from image_assets.errors import WarehouseError
from image_assets.tiles.codec import decode_pixels, encode_pixels
from image_assets.tiles.geometry import Tile, TileGrid, TileKey
from image_assets.tiles.scene import Pixels
from image_assets.tiles.statistics import tile_statistics
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.table import Table

GRID_COLUMNS = ["x", "y", "width", "height"]
OPEN_FILES = 4


@dataclass(frozen=True, slots=True)
class TileAddress:
    """Where a tile is: file (relative to the table's root), row group, row in it."""

    path: str
    group: int
    row: int


@dataclass(frozen=True)
class StoredScene:
    """What a table of tiles holds of one scene, by its keys alone.

    Attributes:
        grid: of the scene.
        addresses: of every tile, by x and y.
        size_bytes: of the files.
        channels: values per pixel.
        dtype: kind of the values, such as uint8.
    """

    grid: TileGrid
    addresses: Mapping[tuple[int, int], TileAddress]
    size_bytes: int
    channels: int
    dtype: str

    def keys(self) -> list[TileKey]:
        """Return the key of every tile, in reading order."""
        return [tile.key for tile in self.grid.tiles()]

    def tile_bytes(self) -> int:
        """Return the uncompressed size of a full tile."""
        size = min(self.grid.tile_size, self.grid.width) * min(self.grid.tile_size, self.grid.height)
        return size * self.channels * np.dtype(self.dtype).itemsize


def tile_batch(tile: Tile, pixels: Pixels, reconstruction: str | None = None) -> pa.RecordBatch:
    """Return the row of a tile; with the name of a reconstruction one of `reconstructed_tiles`, statistics included."""
    row: dict[str, Any] = {
        **tile.key._asdict(),
        "channels": pixels.shape[2],
        "dtype": str(pixels.dtype),
        "pixels": encode_pixels(pixels),
    }
    if reconstruction is None:
        return pa.RecordBatch.from_pylist([row], schema=SOURCE_TILES)
    described = {"reconstruction": reconstruction, **tile_statistics(pixels, tile)._asdict()}
    return pa.RecordBatch.from_pylist([{**row, **described}], schema=RECONSTRUCTED_TILES)


def stored_scene(table: Table, scene: str) -> StoredScene:
    """Find the tiles of a scene, reading nothing but keys.

    Raises:
        WarehouseError: The table has none, or they do not cover a rectangle exactly once.
    """
    files = table.files([scene])
    if not files:
        raise WarehouseError(f"{table.name} does not hold the scene {scene!r}: materialize {table.name} for it first")
    rows = [found for file in files for found in _rows_of(table.root, file)]
    keys = [TileKey(scene, *(row[name] for name in GRID_COLUMNS)) for row, _ in rows]
    grid = grid_of_keys(scene, keys, table.name)
    first = rows[0][0]
    addresses = {(row["x"], row["y"]): address for row, address in rows}
    return StoredScene(grid, addresses, sum(file.size for file in files), first["channels"], first["dtype"])


def grid_of_keys(scene: str, keys: Iterable[TileKey], table_name: str = "the table") -> TileGrid:
    """Return the grid that tiles with these keys make up.

    Raises:
        WarehouseError: They make up none: one is missing, there twice, or of another size.
    """
    found = sorted(keys, key=lambda key: (key.y, key.x))
    tile_size = max(max(key.width, key.height) for key in found)
    widths, heights = {key.x: key.width for key in found}, {key.y: key.height for key in found}
    grid = TileGrid(scene, sum(widths.values()), sum(heights.values()), tile_size)
    expected = [tile.key for tile in grid.tiles()]
    if found != expected:
        missing, extra = set(expected) - set(found), len(found) - len(set(found) & set(expected))
        example = f", such as {min(missing)}" if missing else ""
        raise WarehouseError(
            f"the {len(found)} tiles of {scene!r} in {table_name} do not cover it exactly once: {len(missing)} are "
            f"missing{example}, {extra} are double or do not fit; materialize source_tiles for it again"
        )
    return grid


def _rows_of(root: Location, file: DataFile) -> Iterator[tuple[dict[str, Any], TileAddress]]:
    with root.join(file.path).open_unmapped() as source:
        yield from table_rows(source, file.path)


def table_rows(source: pa.NativeFile, path: str) -> Iterator[tuple[dict[str, Any], TileAddress]]:
    """Yield keys and address of each row of a file of tiles, without its pixels.

    Args:
        source: the file.
        path: of the file, for the addresses.
    """
    with pq.ParquetFile(source) as opened:
        keys = opened.read([*GRID_COLUMNS, "channels", "dtype"], use_threads=False).to_pylist()
        sizes = [opened.metadata.row_group(i).num_rows for i in range(opened.num_row_groups)]
    places = ((group, row) for group, count in enumerate(sizes) for row in range(count))
    for key, (group, row) in zip(keys, places, strict=True):
        yield key, TileAddress(path, group, row)


@dataclass
class TileReader:
    """Reads single tiles of a table in a worker, and counts what it reads.

    Attributes:
        root: of the table.
        addresses: of the tiles that may be asked for, by x and y.
        reads: how often each tile was read, by x and y.
    """

    root: Location
    addresses: Mapping[tuple[int, int], TileAddress]
    reads: dict[tuple[int, int], int] = field(default_factory=dict)
    _open: dict[str, pq.ParquetFile] = field(default_factory=dict, repr=False)

    def read(self, tile: Tile) -> Pixels:
        """Return the pixels of a tile, shape (rows, columns, channels)."""
        place = (tile.x, tile.y)
        self.reads[place] = self.reads.get(place, 0) + 1
        address = self.addresses[place]
        rows = self._file(address.path).read_row_group(address.group, columns=["pixels"], use_threads=False)
        return decode_pixels(memoryview(rows["pixels"][address.row].as_buffer()))

    def close(self) -> None:
        """Close the files."""
        while self._open:
            self._open.popitem()[1].close(force=True)

    def _file(self, path: str) -> pq.ParquetFile:
        if path not in self._open:
            if len(self._open) >= OPEN_FILES:
                self._open.pop(next(iter(self._open))).close(force=True)
            self._open[path] = pq.ParquetFile(self.root.join(path).open_unmapped())
        return self._open[path]
