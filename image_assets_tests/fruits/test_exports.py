import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from image_assets.errors import IncompatibleArtifactError, SettingsError, WarehouseError
from image_assets.fruits import exports
from image_assets.fruits.exports import ExportOptions, export_table
from image_assets.spark.stages import StageError
from image_assets.warehouse.exports import Export
from image_assets.warehouse.location import Location
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import append, feature_rows

FEATURES = {name: np.random.default_rng(i).normal(size=(50, 6)) for i, name in enumerate(["Kiwi", 'Pear, "red"'])}
KEYS = ["path", "fruit_class", "label", "split"]
COLUMNS = [*KEYS, "f0", "f1", "f2", "f3", "f4", "f5"]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    reduced = Warehouse.at(tmp_path / "warehouse").table("reduced_features")
    for name, features in FEATURES.items():
        append(reduced, feature_rows(name, features, projection="pca-6/0123"))
    return reduced


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export("reduced_features", Location.of(tmp_path / "exports/reduced_features"))


def expected() -> pd.DataFrame:
    rows = [row for name, features in FEATURES.items() for row in feature_rows(name, features)]
    wide = [{**row, **{f"f{i}": np.float32(value) for i, value in enumerate(row["features"])}} for row in rows]
    return pd.DataFrame(wide)[COLUMNS]


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("path", ignore_index=True)


def test_pandas_reads_both_formats(spark: SparkSession, table: Table, export: Export) -> None:
    manifest = export_table(spark.sparkContext, table, export, ExportOptions())
    assert (manifest["rows"], manifest["columns"], manifest["delta_version"]) == (100, 10, table.version())
    parquet, csv = pd.read_parquet(export.address("parquet")), pd.read_csv(export.address("csv"))
    assert parquet.columns.tolist() == csv.columns.tolist() == COLUMNS
    pd.testing.assert_frame_equal(in_order(parquet), in_order(expected()))
    pd.testing.assert_frame_equal(in_order(csv).astype(parquet.dtypes), in_order(expected()))
    link = Path(export.root.path, "latest")
    pd.testing.assert_frame_equal(pd.read_csv(link / "reduced_features.csv"), csv)
    pd.testing.assert_frame_equal(pd.read_parquet(link / "reduced_features.parquet"), parquet)


def test_features_alone_without_a_header_as_in_the_walk_through(
    spark: SparkSession, table: Table, export: Export
) -> None:
    options = ExportOptions(formats=("csv",), csv_header=False, keys=())
    assert list(export_table(spark.sparkContext, table, export, options)["files"]) == ["csv"]
    values = np.loadtxt(export.address("csv"), delimiter=",")
    np.testing.assert_allclose(values, np.concatenate(list(FEATURES.values())), rtol=1e-6)
    with pytest.raises(WarehouseError, match="was exported as csv, not as parquet: set IMAGE_ASSETS_EXPORT_FORMATS"):
        export.address("parquet")


def test_many_shares_are_one_data_set(
    spark: SparkSession, table: Table, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "SHARE_VALUES", 1)
    monkeypatch.setattr(exports, "BATCH_VALUES", 1)
    export_table(spark.sparkContext, table, export, ExportOptions())
    assert len(list(Path(export.address("parquet")).iterdir())) > 1
    parquet, csv = pd.read_parquet(export.address("parquet")), pd.read_csv(export.address("csv"))
    pd.testing.assert_frame_equal(in_order(parquet), in_order(expected()))
    assert csv["path"].tolist() == parquet["path"].tolist(), "the CSV is in the order of the parts"
    assert {path.name for path in Path(export.root.path, "latest").iterdir()} == {
        "reduced_features.parquet",
        "reduced_features.csv",
    }


def test_predictions_have_a_column_per_place(spark: SparkSession, tmp_path: Path) -> None:
    table = Warehouse.at(tmp_path / "warehouse").table("predictions")
    row: dict[str, Any] = {
        "path": "a.jpg",
        "fruit_class": "Kiwi",
        "label": "Kiwi",
        "split": "test",
        "predicted_label": "Pear",
        "probability": 0.75,
        "top_labels": ["Pear", "Kiwi"],
        "top_probabilities": [0.75, 0.25],
    }
    append(table, [row, {**row, "path": "b.jpg", "top_labels": ["Kiwi", "Pear"]}])
    export = Export("predictions", Location.of(tmp_path / "exports"))
    export_table(spark.sparkContext, table, export, ExportOptions(keys=("path",)))
    found = pd.read_csv(export.address("csv"))
    assert found.columns.tolist() == [
        *("path", "predicted_label", "probability"),
        *("top_label_1", "top_label_2", "top_probability_1", "top_probability_2"),
    ]
    assert found.to_numpy().tolist() == [
        ["a.jpg", "Pear", 0.75, "Pear", "Kiwi", 0.75, 0.25],
        ["b.jpg", "Pear", 0.75, "Kiwi", "Pear", 0.75, 0.25],
    ]


def test_an_export_replaces_the_one_before_and_keeps_it_for_its_readers(
    spark: SparkSession, table: Table, export: Export
) -> None:
    versions = [export_table(spark.sparkContext, table, export, ExportOptions())["written_at"]]
    first = export.address("csv")
    table.commit([], ["Kiwi"])
    for _ in range(2):
        second = Path(export.address("csv"))
        versions.append(export_table(spark.sparkContext, table, export, ExportOptions())["written_at"])
    assert len(pd.read_csv(export.address("csv"))) == len(pd.read_parquet(export.address("parquet"))) == 50
    assert second.exists(), "the one before is still there"
    assert not Path(first).exists()
    folders = [path for path in Path(export.root.path).iterdir() if path.is_dir() and not path.is_symlink()]
    assert len(folders) == 2


def test_a_run_that_fails_leaves_the_export_before_and_nothing_else(
    spark: SparkSession, table: Table, export: Export
) -> None:
    export_table(spark.sparkContext, table, export, ExportOptions())
    before = export.latest()
    append(table, feature_rows("Plum", np.zeros((3, 4)), projection="pca-4/0123"))
    with pytest.raises(StageError, match="lists of 'features' have different lengths, 6 and \\[4\\]: some classes"):
        export_table(spark.sparkContext, table, export, ExportOptions())
    assert export.latest() == before
    assert len(pd.read_parquet(export.address("parquet"))) == 100
    assert {path.name for path in Path(export.root.path).iterdir()} == {"latest.json", "latest", before["version"]}


def test_rows_that_come_meanwhile_are_noticed(
    spark: SparkSession, table: Table, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "aggregate_stage", lambda *_: 99)
    with pytest.raises(WarehouseError, match="has 100 rows and 99 were exported: it changed meanwhile"):
        export_table(spark.sparkContext, table, export, ExportOptions())


def test_what_cannot_be_exported_is_said(spark: SparkSession, tmp_path: Path, export: Export) -> None:
    empty = Warehouse.at(tmp_path / "nothing").table("reduced_features")
    with pytest.raises(WarehouseError, match="has no rows to export: materialize reduced_features first"):
        export_table(spark.sparkContext, empty, export, ExportOptions())
    with pytest.raises(SettingsError, match="export_keys: colour is no key column; choose of path, fruit_class"):
        export_table(spark.sparkContext, empty, export, ExportOptions(keys=("colour",)))
    with pytest.raises(SettingsError, match=r"export_formats is \['xlsx'\]: choose parquet, csv or both"):
        export_table(spark.sparkContext, empty, export, ExportOptions(formats=("xlsx",)))
    with pytest.raises(WarehouseError, match=r"was not exported to .* yet: materialize reduced_features_export"):
        export.address("csv")


def test_the_pointer_names_what_was_exported(spark: SparkSession, table: Table, export: Export) -> None:
    export_table(spark.sparkContext, table, export, ExportOptions())
    pointer = json.loads(Path(export.root.path, "latest.json").read_text())
    assert Path(export.root.path, pointer["files"]["csv"]) == Path(export.address("csv"))
    assert pointer["table"] == "reduced_features"
    assert pointer["csv_header"] is True


def test_mixed_lengths_in_one_batch_are_refused(table: Table) -> None:
    layout = exports.Layout.of(table, ExportOptions())
    rows = feature_rows("Kiwi", np.zeros((1, 6))) + feature_rows("Kiwi", np.zeros((1, 2)))
    batch = pa.RecordBatch.from_pylist(rows, schema=table.schema)
    with pytest.raises(IncompatibleArtifactError, match="6 and \\[2\\]"):
        layout.flat(batch)
