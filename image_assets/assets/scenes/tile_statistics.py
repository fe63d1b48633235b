"""Asset `tile_statistics`: numbers that describe each tile."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.scenes.declaration import materialize_scenes, partitioned
from image_assets.assets.scenes.reconstructed_tiles import reconstructed_tiles
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.scenes.tile_statistics import describe_scene_tiles


@asset(deps=[reconstructed_tiles], **partitioned("tile_statistics", {"spark", "deltalake", "numpy"}, code_version="2"))
@no_vain_retries
def tile_statistics(
    context: AssetExecutionContext,
    spark: SparkResource,
    reuse: ReuseResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """Mean, standard deviation, smallest and largest value and the brightest point of each reconstructed tile."""
    opened = warehouse.open()
    tiles, target = opened.table("reconstructed_tiles"), opened.table("tile_statistics")
    return materialize_scenes(
        context,
        spark,
        progress,
        target,
        describe_scene_tiles(spark.session, tiles),
        recipe={},
        inherited=[tiles],
        reuse=reuse,
        pixels=tiles,
        configuration={},
        read={"reconstructed_tiles_version": tiles.version()},
    )
