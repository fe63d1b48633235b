"""Asset `reconstructed_tiles`: every tile from its neighbourhood."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.scenes.declaration import materialize_scenes, partitioned
from image_assets.assets.scenes.source_tiles import source_tiles
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.resources.reuse import ReuseResource
from image_assets.resources.scenes import SceneResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.scenes.reconstruction import Reconstructed, reconstruct_scene
from image_assets.spark.side_by_side import Outcome, RowCounter
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.table import Table


@asset(deps=[source_tiles], **partitioned("reconstructed_tiles", {"spark", "deltalake", "numpy"}, code_version="2"))
@no_vain_retries
def reconstructed_tiles(
    context: AssetExecutionContext,
    scenes_source: SceneResource,
    spark: SparkResource,
    reuse: ReuseResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """Each tile of a scene, reconstructed from the source tiles around it: a filter of the whole picture, or a sum.

    Three strategies with the same result, bit for bit; the metadata count how often source tiles were really read.
    """
    opened, options = warehouse.open(), scenes_source.options
    source = opened.table("source_tiles")
    done: dict[str, Reconstructed] = {}

    def compute(target: Table, scene: str, rows: RowCounter) -> Sequence[DataFile]:
        done[scene] = reconstruct_scene(spark.session.sparkContext, (source, target), scene, options, rows)
        return done[scene].files

    def describe(outcome: Outcome) -> dict[str, Any]:
        if outcome.partition not in done:
            return {"reads": 0}
        found = done[outcome.partition]
        return {
            "reads": sum(found.reads.values()),
            "reads_per_source_at_most": max(found.reads.values()),
            "exchanged_tiles": found.exchanged_tiles,
            "exchanged_bytes": found.exchanged_bytes,
        }

    return materialize_scenes(
        context,
        spark,
        progress,
        opened.table("reconstructed_tiles"),
        compute,
        recipe={"reconstruction": options.description},
        inherited=[source],
        reuse=reuse,
        pixels=source,
        describe=describe,
        configuration=asdict(options),
        read={"source_tiles_version": source.version()},
    )
