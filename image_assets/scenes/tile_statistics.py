"""Stage 3: numbers that describe each reconstructed tile."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyspark import SparkContext
from pyspark.sql import SparkSession

from image_assets.contracts import TILE_KEY_COLUMNS, TILE_STATISTICS
from image_assets.errors import WarehouseError
from image_assets.scenes.tile_tables import stored_scene
from image_assets.spark.partitions import Compute, RowCounter, in_one_stage
from image_assets.spark.stages import TASKS_PER_CORE, Batches, Kernel, scan
from image_assets.tiles.codec import decode_pixels
from image_assets.tiles.geometry import TileGrid
from image_assets.tiles.statistics import TileStatistics, tile_statistics
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.reading import Fragment, split_files
from image_assets.warehouse.table import Table

SOURCE_COLUMNS = [*TILE_KEY_COLUMNS, "reconstruction", "pixels"]


def plan_tiles(context: SparkContext, table: Table) -> Callable[[str], list[Fragment]]:
    """Return a function that divides the tiles of a scene into tasks."""

    def plan(scene: str) -> list[Fragment]:
        files = table.files([scene])
        if not files:
            raise WarehouseError(f"{table.name} does not hold the scene: materialize {table.name} for it first")
        n_tasks = context.defaultParallelism * TASKS_PER_CORE
        return split_files(files, -(-sum(file.rows for file in files) // n_tasks))

    return plan


def describe_scene_tiles(spark: SparkSession, tiles: Table, target: Table) -> Compute:
    """Return how the statistics of a scene's tiles are computed and written."""
    plan = plan_tiles(spark.sparkContext, tiles)

    def compute(scene: str, rows: RowCounter) -> Sequence[DataFile]:
        kernel = statistics_kernel({scene: stored_scene(tiles, scene).grid.tile_size})
        return in_one_stage(spark, target, plan, scan(tiles, SOURCE_COLUMNS, kernel, batch_rows=1))(scene, rows)

    return compute


def statistics_kernel(tile_sizes: Mapping[str, int]) -> Kernel:
    """Return the kernel from rows of `reconstructed_tiles` to rows of `tile_statistics`.

    Args:
        tile_sizes: side of the tiles of each scene, in pixels.
    """

    def kernel(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            keys = batch.drop_columns(["pixels"]).to_pylist()
            rows = [
                {**key, **describe_tile(key, payload, tile_sizes[key["scene"]])._asdict()}
                for key, payload in zip(keys, batch["pixels"], strict=True)
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=TILE_STATISTICS)

    return kernel


def describe_tile(key: Mapping[str, Any], payload: pa.BinaryScalar, tile_size: int) -> TileStatistics:
    """Return the statistics of a tile from its keys and encoded pixels."""
    # A grid that ends with this tile: its place and size are all that matter here.
    width, height = key["x"] * tile_size + key["width"], key["y"] * tile_size + key["height"]
    tile = TileGrid(key["scene"], width, height, tile_size).tile(key["x"], key["y"])
    return tile_statistics(decode_pixels(memoryview(payload.as_buffer())), tile)
