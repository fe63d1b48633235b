"""Stage 1: a scene as tiles, each window read once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pyspark import SparkContext

from image_assets.scenes.catalogue import SceneEntry
from image_assets.scenes.tile_tables import tile_batch
from image_assets.scenes.worker_memory import keep_freed_memory
from image_assets.spark.stages import TASKS_PER_CORE
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.readers import read_tasks, read_tiles


@dataclass(frozen=True)
class TileReading:
    """Tiles of a scene that one task reads, in groups that are decoded together."""

    entry: SceneEntry
    groups: tuple[tuple[Tile, ...], ...]

    @property
    def rows(self) -> int:
        """One row per tile."""
        return sum(len(group) for group in self.groups)


def plan_scene(
    context: SparkContext, entry_of: Callable[[str], SceneEntry], tile_size: int
) -> Callable[[str], list[TileReading]]:
    """Return a function that divides a scene into tasks: windows freely, rows and whole pictures as their format asks.

    Args:
        context: Spark, for its parallelism.
        entry_of: finds a scene by its key, as `SceneCatalogue.lookup` returns it.
        tile_size: side of a tile in pixels.
    """
    n_tasks = context.defaultParallelism * TASKS_PER_CORE

    def plan(scene: str) -> list[TileReading]:
        entry = entry_of(scene)
        info = entry.describe()
        groups = list(read_tasks(TileGrid(scene, info.width, info.height, tile_size), info.access))
        n = min(n_tasks, len(groups))
        bounds = [len(groups) * i // n for i in range(n + 1)]
        return [TileReading(entry, tuple(groups[bounds[i] : bounds[i + 1]])) for i in range(n)]

    return plan


def read_scene(reading: TileReading) -> Iterator[pa.RecordBatch]:
    """Read the tiles of a task into rows of `source_tiles`, one at a time."""
    keep_freed_memory()
    with reading.entry.open() as reader:
        for group in reading.groups:
            for tile, pixels in read_tiles(reader, group):
                yield tile_batch(tile, pixels)
