"""Checks of the recordings chain: complete frames, complete series, numbers that are finite where they are defined."""

from collections.abc import Callable, Sequence

from dagster import AssetCheckExecutionContext, AssetCheckResult, AssetChecksDefinition

from image_assets.automation.partitions import recording_partitions
from image_assets.checks.declaration import settled_check
from image_assets.errors import ImageAssetsError
from image_assets.recordings.soundness import cluster_problems, feature_problems, frame_problems, series_problems
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.warehouse.warehouse import Warehouse

MAX_SHOWN = 20


def _result(problems_of: Callable[[str], Sequence[str]], recordings: Sequence[str]) -> AssetCheckResult:
    found: dict[str, Sequence[str]] = {}
    for name in recordings:
        try:
            found[name] = problems_of(name)
        except ImageAssetsError as error:
            found[name] = [str(error)]
    lines = [f"{name}: {problem}" for name, problems in found.items() for problem in problems]
    return AssetCheckResult(
        passed=not lines,
        metadata={
            "recordings_checked": len(recordings),
            "n_problems": len(lines),
            "problems": lines[:MAX_SHOWN],
        },
    )


def _check(
    asset: str, name: str, description: str, problems: Callable[[Warehouse, str], Sequence[str]]
) -> AssetChecksDefinition:
    """Return a check that asks the log and light columns of tables only."""

    # Not blocking: the stage after it refuses the recordings that cannot be used, and computes the others.
    @settled_check(asset=asset, name=name, partitions_def=recording_partitions, description=description)
    def check(context: AssetCheckExecutionContext, warehouse: WarehouseResource) -> AssetCheckResult:
        opened = warehouse.open()
        return _result(lambda recording: problems(opened, recording), list(context.partition_keys))

    return check


frames_complete = _check(
    "recording_frames",
    "frames_complete",
    "Every time point is there, in order, readable, and of one shape and sample type; series need all of it.",
    frame_problems,
)

series_complete = _check(
    "pixel_series",
    "series_complete",
    "There is one series per voxel, with a value of the recording's sample type for each frame.",
    series_problems,
)


@settled_check(
    asset="series_features",
    name="finite_where_defined",
    partitions_def=recording_partitions,
    description="Moments are finite; coherence and correlation are NaN exactly for constant voxels, phase 3 pi / 2.",
)
def finite_where_defined(
    context: AssetCheckExecutionContext, spark: SparkResource, warehouse: WarehouseResource
) -> AssetCheckResult:
    """Count the voxels that break a definition, in Spark."""
    opened, spark_context = warehouse.open(), spark.session.sparkContext
    keys = list(context.partition_keys)
    return _result(lambda name: feature_problems(spark_context, opened, name), keys)


@settled_check(
    asset="series_clusters",
    name="clusters_add_up",
    partitions_def=recording_partitions,
    description="Every voxel has a row, and the selected voxels nearest to each centre are as many as were fitted.",
)
def clusters_add_up(
    context: AssetCheckExecutionContext, spark: SparkResource, warehouse: WarehouseResource
) -> AssetCheckResult:
    """Count the voxels of each cluster, in Spark."""
    opened, spark_context = warehouse.open(), spark.session.sparkContext
    keys = list(context.partition_keys)
    return _result(lambda name: cluster_problems(spark_context, opened, name), keys)


checks = [frames_complete, series_complete, finite_where_defined, clusters_add_up]
