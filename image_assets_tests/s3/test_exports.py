"""Exports and the report on S3."""

from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow.csv as pacsv
import pyarrow.dataset as ds
import pytest
from pyspark.sql import SparkSession

from image_assets.fruits.exports import ExportOptions, export_table
from image_assets.report.page import publish_page
from image_assets.report.place import report_location
from image_assets.spark.stages import StageError
from image_assets.warehouse.exports import Export
from image_assets.warehouse.location import Location
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import append, feature_rows
from image_assets_tests.s3.server import S3Server
from image_assets_tests.s3.test_source import connection


@pytest.fixture
def warehouse(s3_server: S3Server) -> Warehouse:
    return Warehouse.at(f"{s3_server.bucket(f'exports-{uuid4().hex}')}/some/where", s3=connection(s3_server))


def rows_of(export: Export) -> tuple[int, int]:
    """Count the rows of both formats as a reader that follows the pointer does."""
    parquet = Location.of(export.address("parquet"), export.root.s3)
    csv = Location.of(export.address("csv"), export.root.s3)
    with csv.open_input() as source:
        lines: pd.DataFrame = pacsv.read_csv(source).to_pandas()
    return ds.dataset(parquet.path, filesystem=parquet.filesystem).count_rows(), len(lines)


def test_one_object_switches_both_formats(spark: SparkSession, warehouse: Warehouse) -> None:
    table, export = warehouse.table("reduced_features"), Export("reduced_features", warehouse.root.join("exports"))
    append(table, feature_rows("Kiwi", np.ones((5, 3)), projection="pca-3/0"))
    export_table(spark.sparkContext, table, export, ExportOptions())
    assert rows_of(export) == (5, 5)
    append(table, feature_rows("Pear", np.ones((2, 3)), projection="pca-3/0"))
    export_table(spark.sparkContext, table, export, ExportOptions())
    assert rows_of(export) == (7, 7)
    before = export.latest()
    append(table, feature_rows("Plum", np.ones((2, 4)), projection="pca-4/0"))
    with pytest.raises(StageError, match="some classes come from another fit"):
        export_table(spark.sparkContext, table, export, ExportOptions())
    assert export.latest() == before
    assert rows_of(export) == (7, 7)


def test_a_browser_is_told_that_the_report_is_a_page(s3_server: S3Server, warehouse: Warehouse) -> None:
    place = report_location(warehouse.root)
    publish_page(place, "<!doctype html>")
    assert place.read_bytes() == b"<!doctype html>"
    bucket, _, key = place.path.partition("/")
    assert s3_server.client().head_object(Bucket=bucket, Key=key)["ContentType"] == "text/html; charset=utf-8"
