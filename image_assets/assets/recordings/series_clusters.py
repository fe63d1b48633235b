"""Asset `series_clusters`: voxels whose series are alike."""

from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from image_assets.assets.metadata import picture
from image_assets.assets.recordings.declaration import materialize_recordings, tabular
from image_assets.assets.recordings.pixel_series import pixel_series
from image_assets.assets.settled import no_vain_retries
from image_assets.progress import Progress
from image_assets.recordings.clusters import (
    ClusterTask,
    assign_clusters,
    fit_clusters,
    load_clusters,
    plan_clusters,
    store_clusters,
)
from image_assets.recordings.faces import open_series
from image_assets.recordings.maps import centres_picture
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.spark.side_by_side import Outcome
from image_assets.spark.updates import Update


@asset(deps=[pixel_series], **tabular("series_clusters", {"scikitlearn"}, code_version="1"))
@no_vain_retries
def series_clusters(
    context: AssetExecutionContext,
    recordings_source: RecordingsResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """K-means on the selected series of a recording, seeded, and the nearest centre of every voxel.

    Centres, sizes and inertia are an artefact of the warehouse; the table has a row per voxel.
    """
    opened = warehouse.open()
    target = opened.table("series_clusters")

    def plan(name: str) -> Update[ClusterTask]:
        series, options = open_series(spark.session, opened, name), recordings_source.options(opened, name)
        fitted = fit_clusters(series, options)
        digest = store_clusters(opened.artifacts, name, fitted, options)
        return plan_clusters(series, target, name, fitted, digest)

    def describe(outcome: Outcome) -> dict[str, Any]:
        fitted = load_clusters(opened, outcome.partition)
        sizes = fitted.arrays["sizes"].tolist()
        kept = ("inertia", "n_selected", "n_sample", "n_iterations", "converged")
        return {
            **{name: fitted.metadata[name] for name in kept},
            "sizes": sizes,
            "centres": picture(centres_picture(fitted.arrays["centres"], sizes), "centres of the clusters"),
        }

    return materialize_recordings(
        context,
        spark,
        progress,
        opened,
        recordings_source,
        ("pixel_series", "series_clusters"),
        plan,
        assign_clusters,
        options={"cluster_input", "k", "seed", "n_init"},
        describe=describe,
    )
