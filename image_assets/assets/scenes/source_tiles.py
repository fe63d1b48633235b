"""Asset `source_tiles`: a scene cut into tiles."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.scenes.declaration import materialize_scenes, partitioned
from image_assets.assets.scenes.scenes import scenes
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.scenes import SceneResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.scenes.source_tiles import plan_scene, read_scene
from image_assets.spark.partitions import in_one_stage


@asset(deps=[scenes], **partitioned("source_tiles", {"spark", "deltalake", "tiff"}, code_version="1"))
@no_vain_retries
def source_tiles(
    context: AssetExecutionContext,
    scenes_source: SceneResource,
    spark: SparkResource,
    reuse: ReuseResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The tiles of a scene, each with its key and its pixels, compressed without loss; border tiles are smaller.

    Read window by window where the format allows it, so that no worker holds the scene. A file that has not changed is
    not read again.
    """
    target = warehouse.open().table("source_tiles")
    session, tile_size = spark.session, {"tile_size": scenes_source.tile_size}
    entry_of = scenes_source.catalogue.lookup()
    plan = plan_scene(session.sparkContext, entry_of, scenes_source.tile_size)
    return materialize_scenes(
        context,
        spark,
        progress,
        target,
        in_one_stage(session, plan, read_scene),
        recipe=lambda scene: {"scene": entry_of(scene).version, **tile_size},
        inherited=(),
        reuse=reuse,
        pixels=target,
        configuration={"source": scenes_source.address, **tile_size},
    )
