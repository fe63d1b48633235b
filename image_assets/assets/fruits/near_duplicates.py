"""Asset `near_duplicates`: what stands on both sides of the split."""

from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, DataVersion, MaterializeResult, ResourceParam, asset

from image_assets.assets.fruits.cnn_features import cnn_features
from image_assets.assets.fruits.declaration import unpartitioned
from image_assets.assets.materialization import StageProgress, provenance
from image_assets.assets.metadata import picture, table_schema
from image_assets.assets.settled import no_vain_retries
from image_assets.contracts import TABLES
from image_assets.fruits.near_duplicates import closest_pairs, count_duplicates, find_duplicates, pairs_sheet
from image_assets.progress import Progress
from image_assets.resources.spark import SparkResource
from image_assets.resources.stages import DuplicateResource
from image_assets.resources.warehouse import WarehouseResource


@asset(
    deps=[cnn_features],
    metadata={"dagster/column_schema": table_schema(TABLES["near_duplicates"])},
    **unpartitioned({"spark", "deltalake", "numpy"}, code_version="1"),
)
@no_vain_retries
def near_duplicates(
    context: AssetExecutionContext,
    duplicates: DuplicateResource,
    spark: SparkResource,
    warehouse: WarehouseResource,
    progress: ResourceParam[Progress],
) -> MaterializeResult[Any]:
    """Pictures of the test split that are in the training split too: accuracy on them says nothing.

    Exact duplicates have the same digest; near ones have features closer than a threshold, by cosine distance.
    """
    opened = warehouse.open()
    features, table = opened.table("cnn_features"), opened.table("near_duplicates")
    known = provenance(context, {"distance": duplicates.distance}, {"cnn_features_version": features.version()})
    with StageProgress(progress, table.name) as on_progress:
        version = find_duplicates(
            spark.session.sparkContext,
            features,
            table,
            duplicates.distance,
            {"dagster_run": context.run.run_id},
            on_progress,
        )
    counts = count_duplicates(table)
    sheet = pairs_sheet(opened.table("decoded_frames"), closest_pairs(table))
    return MaterializeResult(
        metadata={
            **asdict(counts),
            "dagster/row_count": counts.exact + counts.near,
            "delta_version": version,
            **({} if sheet is None else {"closest_pairs": picture(sheet, "the closest pairs")}),
            **known,
        },
        data_version=DataVersion(str(version)),
    )
