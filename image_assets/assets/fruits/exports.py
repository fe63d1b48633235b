"""Assets `reduced_features_export` and `predictions_export`: files for readers that know no Delta."""

from collections.abc import Sequence
from typing import Any

from dagster import AssetExecutionContext, AssetsDefinition, DataVersion, MaterializeResult, MetadataValue, asset

from image_assets.assets.fruits.declaration import unpartitioned
from image_assets.assets.fruits.predictions import predictions
from image_assets.assets.fruits.reduced_features import reduced_features
from image_assets.assets.materialization import provenance
from image_assets.assets.settled import no_vain_retries
from image_assets.fruits.exports import export_table
from image_assets.resources.exports import ExportResource
from image_assets.resources.spark import SparkResource
from image_assets.resources.warehouse import WarehouseResource
from image_assets.warehouse.exports import Export

READERS = {"parquet": "read_parquet", "csv": "read_csv"}


def _export_asset(table: str, upstream: AssetsDefinition, description: str) -> AssetsDefinition:
    @asset(
        name=f"{table}_export",
        deps=[upstream],
        description=description,
        **unpartitioned({"spark", "parquet", "csv"}, code_version="1"),
    )
    @no_vain_retries
    def export(
        context: AssetExecutionContext,
        exports: ExportResource,
        spark: SparkResource,
        warehouse: WarehouseResource,
    ) -> MaterializeResult[Any]:
        opened = warehouse.open()
        target, options = exports.open(table, opened), exports.options
        manifest = export_table(spark.session.sparkContext, opened.table(table), target, options)
        return MaterializeResult(
            metadata={
                "dagster/row_count": manifest["rows"],
                "columns": manifest["columns"],
                **{name: MetadataValue.path(target.address(name)) for name in options.formats},
                "read": MetadataValue.md(_how_to_read(target, options.formats, header=options.csv_header)),
                **provenance(
                    context,
                    {**_plain(options.formats, options.keys), "csv_header": options.csv_header},
                    {f"{table}_version": manifest["delta_version"]},
                ),
            },
            data_version=DataVersion(manifest["version"]),
        )

    definition: AssetsDefinition = export
    return definition


def _plain(formats: Sequence[str], keys: Sequence[str]) -> dict[str, Any]:
    return {"formats": list(formats), "keys": list(keys)}


def _how_to_read(export: Export, formats: Sequence[str], *, header: bool) -> str:
    """Return the lines that read the latest export."""
    arguments = {"parquet": "", "csv": "" if header else ", header=None"}
    lines = [f'pandas.{READERS[name]}("{export.address(name)}"{arguments[name]})' for name in formats]
    return "\n".join(["```python", *lines, "```"])


reduced_features_export = _export_asset(
    "reduced_features",
    reduced_features,
    "The reduced features of all classes as one Parquet data set and one CSV file, a column per feature (f0, f1, ...). "
    "Replaced as a whole; a run that fails leaves the export before.",
)
predictions_export = _export_asset(
    "predictions",
    predictions,
    "The predictions of all classes as one Parquet data set and one CSV file, the most probable classes in columns of "
    "their own. Replaced as a whole; a run that fails leaves the export before.",
)
