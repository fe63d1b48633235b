"""Asset `report`: one page to look at."""

from datetime import UTC, datetime
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetKey,
    DagsterInstance,
    DataVersion,
    MaterializeResult,
    MetadataValue,
    asset,
)

from image_assets.assets.fruits.cnn_features import cnn_features
from image_assets.assets.fruits.declaration import unpartitioned
from image_assets.assets.fruits.decoded_frames import decoded_frames
from image_assets.assets.fruits.near_duplicates import near_duplicates
from image_assets.assets.fruits.predictions import evaluation, fruit_classifier, predictions
from image_assets.assets.fruits.raw_images import raw_images
from image_assets.assets.fruits.reduced_features import feature_projection, reduced_features
from image_assets.assets.materialization import provenance
from image_assets.assets.settled import no_vain_retries
from image_assets.contracts import TABLES
from image_assets.report.gather import StageTime, gather
from image_assets.report.page import publish_page, render
from image_assets.report.place import report_address, report_location
from image_assets.resources.source import ImageSourceResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.warehouse.warehouse import Warehouse

STAGES = (
    *(raw_images, decoded_frames, cnn_features, feature_projection, reduced_features),
    *(fruit_classifier, predictions, evaluation, near_duplicates),
)
SHOWN_DIGITS = 3


@asset(
    # ImageNet labels are shown where they are; the report does not wait for them.
    deps=[decoded_frames, evaluation, near_duplicates],
    **unpartitioned({"spark", "html"}, code_version="1"),
)
@no_vain_retries
def report(
    context: AssetExecutionContext,
    source: ImageSourceResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
) -> MaterializeResult[Any]:
    """One self-contained HTML page: counts, failures, pictures, a map of the classes, accuracy, mistakes, times."""
    opened = warehouse.open()
    found = gather(
        spark.session.sparkContext,
        opened,
        source=source.address,
        run=context.run.run_id,
        stages=stage_times(context.instance, opened),
    )
    page = render(found)
    location = report_location(opened.root)
    publish_page(location, page)
    return MaterializeResult(
        metadata={
            "report": MetadataValue.url(report_address(opened.root)),
            "path": MetadataValue.path(location.uri),
            "bytes": len(page.encode()),
            "pictures_on_the_map": len(found.points),
            **provenance(context, {}, {"predictions_version": opened.table("predictions").version()}),
        },
        data_version=DataVersion(found.created.isoformat()),
    )


def stage_times(instance: DagsterInstance, warehouse: Warehouse) -> list[StageTime]:
    """Return when the latest materialization of each asset of the chain began and how long its step took."""
    found = []
    for definition in STAGES:
        key = definition.key
        event = instance.get_latest_materialization_event(AssetKey(key.path))
        if event is None or event.dagster_event is None or event.dagster_event.step_key is None:
            continue
        for step in instance.get_run_step_stats(event.run_id, [event.dagster_event.step_key]):
            if step.start_time is not None:
                ended = step.end_time or event.timestamp
                name = key.to_user_string()
                started = datetime.fromtimestamp(step.start_time, UTC)
                found.append(
                    StageTime(name, round(ended - step.start_time, SHOWN_DIGITS), started, _rows(warehouse, name))
                )
    return found


def _rows(warehouse: Warehouse, name: str) -> int:
    """Count the rows of a table of pictures."""
    if name not in TABLES or name in {"evaluation", "near_duplicates"}:
        return 0
    return sum(counts.rows for counts in warehouse.table(name).counts().values())
