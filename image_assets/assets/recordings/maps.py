"""Assets `std_map`, `phase_map` and `cluster_map`: pictures of a recording."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from image_assets.assets.materialization import provenance, requested_classes
from image_assets.assets.metadata import picture
from image_assets.assets.outcomes import report_outcomes
from image_assets.assets.recordings.declaration import partitioned
from image_assets.assets.recordings.series_clusters import series_clusters
from image_assets.assets.recordings.series_features import series_features
from image_assets.assets.settled import no_vain_retries
from image_assets.errors import ImageAssetsError, WarehouseError
from image_assets.recordings import maps
from image_assets.recordings.index import recording_index
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.spark.side_by_side import Outcome
from image_assets.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@asset(deps=[series_features], **partitioned({"matplotlib"}, code_version="1"))
@no_vain_retries
def std_map(
    context: AssetExecutionContext, spark: SparkResource, warehouse: WarehouseResource
) -> MaterializeResult[Any]:
    """How much each voxel of a recording varies over time, as a picture with a colour bar."""
    opened, spark_context = warehouse.open(), spark.session.sparkContext
    return _draw(context, opened, "series_features", lambda name: maps.std_map(spark_context, opened, name))


@asset(deps=[series_features], **partitioned({"matplotlib"}, code_version="1"))
@no_vain_retries
def phase_map(
    context: AssetExecutionContext,
    recordings_source: RecordingsResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
) -> MaterializeResult[Any]:
    """When each voxel of a recording responds to the stimulus: hue is phase, brightness coherence.

    A recording without a stimulus period has no such picture; its metadata says so.
    """
    opened, spark_context = warehouse.open(), spark.session.sparkContext

    def draw(name: str) -> "Figure | None":
        n_times = recording_index(opened.table("recording_frames"), name).n_times
        frequency = recordings_source.options(opened, name).frequency(n_times)
        return None if frequency is None else maps.phase_map(spark_context, opened, name, frequency)

    return _draw(context, opened, "series_features", draw)


@asset(deps=[series_clusters], **partitioned({"matplotlib"}, code_version="1"))
@no_vain_retries
def cluster_map(
    context: AssetExecutionContext, spark: SparkResource, warehouse: WarehouseResource
) -> MaterializeResult[Any]:
    """The cluster of each voxel of a recording by colour, as bright as the voxel correlates with its centre."""
    opened, spark_context = warehouse.open(), spark.session.sparkContext
    return _draw(context, opened, "series_clusters", lambda name: maps.cluster_map(spark_context, opened, name))


def _draw(
    context: AssetExecutionContext, warehouse: Warehouse, source: str, draw: Callable[[str], "Figure | None"]
) -> MaterializeResult[Any]:
    """Draw a picture of each recording of the run, keep it as a file and show it in the metadata."""
    name = context.asset_key.to_user_string()
    version = warehouse.table(source).version()
    known = provenance(context, {}, {f"{source}_version": version})
    shown: dict[str, dict[str, Any]] = {}

    def outcomes() -> Iterator[Outcome]:
        for recording in requested_classes(context):
            started = time.monotonic()
            try:
                if warehouse.table(source).counts([recording])[recording].rows == 0:
                    raise WarehouseError(f"{source} does not hold the recording: materialize {source} for it first")
                figure = draw(recording)
                shown[recording] = _shown(warehouse, name, recording, figure)
            except ImageAssetsError as error:
                yield Outcome(recording, error=error)
            else:
                yield Outcome(recording, version=version, seconds=time.monotonic() - started)

    return report_outcomes(
        context,
        outcomes(),
        lambda outcome: {**shown[outcome.partition], "seconds": round(outcome.seconds, 3), **known},
    )


def _shown(warehouse: Warehouse, name: str, recording: str, figure: "Figure | None") -> dict[str, Any]:
    if figure is None:
        return {"note": "no stimulus period is known: set period_frames in recording.json"}
    location = maps.write_picture(warehouse, name, recording, figure)
    return {"map": picture(figure, f"{name} of {recording}"), "file": MetadataValue.path(location.uri)}
