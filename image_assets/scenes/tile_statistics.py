"""Stage 3: numbers that describe each reconstructed tile, in a table of their own.

They are computed when a tile is, while its pixels are in memory, and are light columns of `reconstructed_tiles`: this
stage reads no pixels.
"""

from collections.abc import Callable, Sequence

from pyspark import SparkContext
from pyspark.sql import SparkSession

from image_assets.contracts import TILE_STATISTICS
from image_assets.scenes.blocks import shares
from image_assets.scenes.tile_tables import stored_scene
from image_assets.spark.partitions import Compute, in_one_stage
from image_assets.spark.side_by_side import RowCounter
from image_assets.spark.stages import Pick, Rows, scan_rows
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.reading import split_files
from image_assets.warehouse.table import Table

BATCH_ROWS = 1024


def plan_files(context: SparkContext, table: Table) -> Callable[[str], list[Rows]]:
    """Return a function that divides the files of a scene into tasks, one per core."""

    def plan(scene: str) -> list[Rows]:
        files = table.files([scene])
        whole = split_files(files, max((file.rows for file in files), default=1))
        return [Rows(tuple(map(Pick, share))) for share in shares(whole, context.defaultParallelism)]

    return plan


def describe_scene_tiles(spark: SparkSession, tiles: Table) -> Compute:
    """Return how the statistics of a scene's tiles are gathered and written."""
    read = scan_rows(tiles, TILE_STATISTICS.names, lambda batches: batches, BATCH_ROWS)
    gather = in_one_stage(spark, plan_files(spark.sparkContext, tiles), read)

    def compute(target: Table, scene: str, rows: RowCounter) -> Sequence[DataFile]:
        stored_scene(tiles, scene)  # raises where tiles are missing or double
        return gather(target, scene, rows)

    return compute
