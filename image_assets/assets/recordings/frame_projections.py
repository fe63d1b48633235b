"""Asset `frame_projections`: volumes projected, filtered, selected and averaged."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.recordings.declaration import materialize_recordings, tabular
from image_assets.assets.recordings.recording_frames import recording_frames
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.recordings.faces import open_images
from image_assets.recordings.projections import plan_projections, project
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource


@asset(deps=[recording_frames], **tabular("frame_projections", {"numpy"}, code_version="1"))
@no_vain_retries
def frame_projections(
    context: AssetExecutionContext,
    recordings_source: RecordingsResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """What the configured operations make of the volumes: projections, filters, planes, means and local correlation.

    A row per time point and operation, or one row for an operation over all time points.
    """
    opened = warehouse.open()

    return materialize_recordings(
        context,
        spark,
        progress,
        opened,
        recordings_source,
        ("recording_frames", "frame_projections"),
        lambda name: plan_projections(
            open_images(spark.session, opened, name), name, recordings_source.options(opened, name).projections
        ),
        project,
        options={"projections"},
    )
