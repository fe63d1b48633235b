"""Asset `pixel_series`: the value of every voxel over time."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.recordings.declaration import materialize_recordings, tabular
from image_assets.assets.recordings.recording_frames import recording_frames
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.recordings.faces import open_images
from image_assets.recordings.pixel_series import join_series, plan_series
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource


@asset(deps=[recording_frames], **tabular("pixel_series", {"numpy"}, code_version="1"))
@no_vain_retries
def pixel_series(
    context: AssetExecutionContext,
    recordings_source: RecordingsResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The series of every voxel of a recording, by (z, y, x), turned from the volumes by a blocked shuffle.

    A recording with frames that cannot be used has no series: the run names them, and earlier series stay.
    """
    opened = warehouse.open()
    return materialize_recordings(
        context,
        spark,
        progress,
        opened,
        recordings_source,
        ("recording_frames", "pixel_series"),
        lambda name: plan_series(open_images(spark.session, opened, name), name),
        join_series,
        options=set(),
    )
