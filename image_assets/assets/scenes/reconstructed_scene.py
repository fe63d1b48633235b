"""Asset `reconstructed_scene`: the result as one picture file."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from image_assets.assets.scenes.declaration import materialize_scenes, partitioned
from image_assets.assets.scenes.reconstructed_tiles import reconstructed_tiles
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.scenes.reconstructed_scene import file_is_there, remove_superseded, write_scene
from image_assets.spark.side_by_side import Outcome


@asset(deps=[reconstructed_tiles], **partitioned("reconstructed_scene", {"spark", "deltalake", "tiff"}, "1"))
@no_vain_retries
def reconstructed_scene(
    context: AssetExecutionContext,
    spark: SparkResource,
    reuse: ReuseResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The reconstructed scene as one tiled, compressed TIFF (BigTIFF from 4 GiB) with pyramid levels.

    Written row of tiles by row of tiles. The row of the table names the valid file; older ones are removed after it.
    """
    opened = warehouse.open()
    tiles, target = opened.table("reconstructed_tiles"), opened.table("reconstructed_scene")

    def describe(outcome: Outcome) -> dict[str, Any]:
        (row,) = target.read(["path", "size_bytes", "levels", "bigtiff"], [outcome.partition]).to_pylist()
        remove_superseded(opened, outcome.partition)
        return {
            "file": MetadataValue.path(opened.root.join(row["path"]).uri),
            "file_bytes": row["size_bytes"],
            "levels": row["levels"],
            "bigtiff": row["bigtiff"],
        }

    return materialize_scenes(
        context,
        spark,
        progress,
        target,
        lambda target, scene, rows: write_scene(spark.session.sparkContext, opened, target, scene, rows),
        recipe={},
        inherited=[tiles],
        reuse=reuse,
        intact=lambda scene: file_is_there(opened, scene),
        pixels=tiles,
        describe=describe,
        configuration={},
        read={"reconstructed_tiles_version": tiles.version()},
    )
