"""Assets `series_features` and `time_covariance`: what the series of a recording are like."""

from typing import Any

import numpy as np
from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.metadata import picture
from image_assets.assets.recordings.declaration import materialize_recordings, tabular
from image_assets.assets.recordings.pixel_series import pixel_series
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.recordings.covariance import CovarianceRows, plan_covariance, write_covariance
from image_assets.recordings.faces import open_series
from image_assets.recordings.features import compute_features, plan_features
from image_assets.recordings.maps import covariance_picture
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource


@asset(deps=[pixel_series], **tabular("series_features", {"numpy"}, code_version="1"))
@no_vain_retries
def series_features(
    context: AssetExecutionContext,
    recordings_source: RecordingsResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """Numbers per voxel: moments, coherence and phase at the stimulus, correlation with a signal.

    Beside them the results of the configured operations on series, such as z-scores or changes over a baseline.
    """
    opened = warehouse.open()
    return materialize_recordings(
        context,
        spark,
        progress,
        opened,
        recordings_source,
        ("pixel_series", "series_features"),
        lambda name: plan_features(
            open_series(spark.session, opened, name), name, recordings_source.options(opened, name)
        ),
        compute_features,
        options={"period_frames", "signal", "operations"},
    )


@asset(deps=[pixel_series], **tabular("time_covariance", {"numpy"}, code_version="1"))
@no_vain_retries
def time_covariance(
    context: AssetExecutionContext,
    recordings_source: RecordingsResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """The covariance between the time points of a recording across all its voxels, a row per time point."""
    opened = warehouse.open()
    drawn: dict[str, Any] = {}

    def plan(name: str) -> list[CovarianceRows]:
        found = plan_covariance(open_series(spark.session, opened, name), name)
        drawn[name] = picture(covariance_picture(np.concatenate([rows.values for rows in found])), "covariance")
        return found

    return materialize_recordings(
        context,
        spark,
        progress,
        opened,
        recordings_source,
        ("pixel_series", "time_covariance"),
        plan,
        write_covariance,
        options=set(),
        describe=lambda outcome: {"covariance": drawn[outcome.partition]},
    )
