"""A plain loop over the tiles of a scene: one process, one thread, no Spark, no table of results.

It does the work of the chain on the same data: reads each source tile once from `source_tiles`, keeps the rows of tiles
that it still needs, puts the halo together, applies the same kernel, computes the same statistics, encodes the result
as the table does, and writes it to a file. What it leaves out: results in a table that others can read, tasks that may
fail, scenes that do not fit in three rows of tiles.
"""

import json
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.harness.cpu_time import busy_seconds
from image_assets.scenes.reconstruction import ReconstructionOptions
from image_assets.scenes.tile_tables import TileReader, stored_scene
from image_assets.tiles.codec import encode_pixels
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.neighbourhood import HaloFilter
from image_assets.tiles.scene import Pixels
from image_assets.tiles.statistics import tile_statistics
from image_assets.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Share:
    """The `index`-th of `count` bands of rows of tiles, which a loop treats as a scene of its own."""

    warehouse: str
    scene: str
    options: ReconstructionOptions
    output: str
    index: int = 0
    count: int = 1


class LoopRun(NamedTuple):
    """What a loop has done, its own CPU time, and that of the whole machine meanwhile."""

    megapixels: float
    seconds: float
    cpu_seconds: float
    busy_seconds: float


def import_libraries() -> None:
    """Import what takes seconds, so that it is not counted; the workers of the chain have it, too."""
    import scipy.ndimage  # noqa: F401


def run_loop(share: Share) -> LoopRun:
    """Go through a share with one thread; the time is that from opening the table to the last byte written."""
    table = Warehouse.at(share.warehouse).table("source_tiles")
    with threadpool_limits(1):
        started, cpu, busy = time.perf_counter(), time.process_time(), busy_seconds()
        stored = stored_scene(table, share.scene)
        rows = [stored.grid.rows * place // share.count for place in (share.index, share.index + 1)]
        top, bottom = rows[0] * stored.grid.tile_size, min(rows[1] * stored.grid.tile_size, stored.grid.height)
        grid = TileGrid(share.scene, stored.grid.width, bottom - top, stored.grid.tile_size)
        addresses = {(tile.x, tile.y): stored.addresses[tile.x, tile.y + rows[0]] for tile in grid.tiles()}
        with closing(TileReader(table.root, addresses)) as reader:
            _go_through(grid, reader, share)
        seconds = time.perf_counter() - started
        return LoopRun(grid.window.area / 1e6, seconds, time.process_time() - cpu, busy_seconds() - busy)


def _go_through(grid: TileGrid, reader: TileReader, share: Share) -> None:
    chosen = share.options.create()
    assert isinstance(chosen, HaloFilter)
    known: dict[Tile, Pixels] = {}
    described = []
    with Path(share.output).open("wb") as sink:
        for tile in grid.tiles():
            window = tile.halo_window(chosen.halo)
            picture = None
            for source in tile.neighbourhood(share.options.n_size):
                if source not in known:
                    known[source] = reader.read(source)
                part = source.window.intersection(window)
                pixels = known[source]
                if picture is None:
                    picture = np.empty((window.height, window.width, pixels.shape[2]), pixels.dtype)
                picture[part.within(window)] = pixels[part.within(source.window)]
            assert picture is not None
            result = chosen.apply(picture)[tile.window.within(window)]
            described.append(tile_statistics(result, tile))
            sink.write(encode_pixels(result))
            if tile.x == grid.columns - 1:
                known = {source: pixels for source, pixels in known.items() if source.y >= tile.y}
    assert set(reader.reads.values()) == {1}
    Path(share.output).with_suffix(".json").write_text(json.dumps(described), encoding="utf-8")
