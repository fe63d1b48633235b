"""Asset `recording_frames`: the volumes as they are."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.metadata import failures
from image_assets.assets.recordings.declaration import materialize_recordings, tabular
from image_assets.assets.recordings.recordings import recordings
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.recordings.frames import plan_frames, read_frames
from image_assets.recordings.index import recording_index
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.spark.side_by_side import Outcome


@asset(deps=[recordings], **tabular("recording_frames", {"pillow"}, code_version="1"))
@no_vain_retries
def recording_frames(
    context: AssetExecutionContext,
    recordings_source: RecordingsResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The volumes of a recording, one row per time point in natural order of the files, samples unchanged.

    A volume that cannot be read, or differs from the others in shape or sample type, keeps its row, with the reason in
    `read_error`; it blocks the series of its recording.
    """
    opened = warehouse.open()
    target = opened.table("recording_frames")

    def describe(outcome: Outcome) -> dict[str, Any]:
        failed = failures(target, outcome.partition, "read_error")
        if failed == outcome.rows:
            return {"failures": failed}
        index = recording_index(target, outcome.partition)
        return {"failures": failed, "shape": str(index.shape), "dtype": index.dtype, "n_times": index.n_times}

    plan = plan_frames(
        spark.session.sparkContext,
        recordings_source.paths(),
        lambda name: recordings_source.options(opened, name),
        recordings_source.task_mib,
    )
    return materialize_recordings(
        context,
        spark,
        progress,
        opened,
        recordings_source,
        (None, "recording_frames"),
        plan,
        read_frames,
        options={"planes"},
        describe=describe,
    )
