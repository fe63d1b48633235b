"""Asset `scene_preview`: a scene in small."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.metadata import picture
from image_assets.assets.scenes.declaration import materialize_scenes, partitioned
from image_assets.assets.scenes.reconstructed_tiles import reconstructed_tiles
from image_assets.assets.scenes.source_tiles import source_tiles
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.scenes import SceneResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.scenes.preview import stored_pictures, write_previews
from image_assets.spark.side_by_side import Outcome

SHOWN_PIXELS = 640
"""Longest side of the pictures in the metadata, so that the page stays quick."""


@asset(
    deps=[source_tiles, reconstructed_tiles],
    **partitioned("scene_preview", {"spark", "deltalake", "pillow"}, code_version="1"),
)
@no_vain_retries
def scene_preview(
    context: AssetExecutionContext,
    scenes_source: SceneResource,
    spark: SparkResource,
    reuse: ReuseResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """Pictures of the whole scene before and after the reconstruction, made from the tiles."""
    opened = warehouse.open()
    target = opened.table("scene_preview")
    tables = [opened.table("source_tiles"), opened.table("reconstructed_tiles")]

    def describe(outcome: Outcome) -> dict[str, Any]:
        shown = {}
        for name, image in stored_pictures(target, outcome.partition).items():
            image.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS))
            shown[f"{name}_picture"] = picture(image, f"{outcome.partition}: {name}")
        return shown

    return materialize_scenes(
        context,
        spark,
        progress,
        target,
        lambda target, scene, rows: write_previews(
            spark.session.sparkContext, tables, target, scene, scenes_source.preview_size, rows
        ),
        recipe={"longest_side": scenes_source.preview_size},
        inherited=tables,
        reuse=reuse,
        pixels=tables[1],
        describe=describe,
        configuration={"longest_side": scenes_source.preview_size},
        read={f"{table.name}_version": table.version() for table in tables},
    )
