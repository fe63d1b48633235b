"""Each check, on tables that are right and on tables that are not."""

from typing import Any

import pyarrow as pa
import pytest
from dagster import AssetKey, AssetMaterialization
from deltalake import DeltaTable
from deltalake.schema import Field, PrimitiveType
from pyspark.sql import SparkSession

from image_assets.fruits.soundness import repeated_paths, unknown_labels, unlearned_classes, unsound_rows
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.table import Table
from image_assets_tests.assets.project import Project, Run
from image_assets_tests.checks.evaluating import evaluate


def results(run: Run) -> dict[tuple[str, str], Any]:
    return {
        (found.asset_key.to_user_string(), found.check_name): found
        for found in run.result.get_asset_check_evaluations()
    }


def rewrite(table: Table, name: str, change: Any) -> None:
    rows = [change(dict(row)) for row in table.read(partitions=[name]).to_pylist()]
    batch = pa.RecordBatch.from_pylist([row for row in rows if row], schema=table.schema)
    files = write_batches(table.root, table.schema, table.partition_column, [batch], table.write_options)
    table.commit(files, [name])


def test_a_good_chain_passes_every_check(chain: Run) -> None:
    found = results(chain)
    assert {name for _, name in found} >= {
        "counts_balance",
        "schema",
        "one_row_per_picture",
        "few_undecodable",
        "features_are_sound",
        "one_backbone",
        "little_drift",
        "labels_are_known",
        "accuracy_holds",
    }
    assert [key for key, result in found.items() if not result.passed and key[1] != "no_leakage"] == []
    assert found["reduced_features", "little_drift"].metadata["drift"].value == pytest.approx(0, abs=1e-4)
    assert found["cnn_features", "features_are_sound"].blocking


@pytest.mark.parametrize("value", [float("nan"), 0.0])
def test_features_that_no_stage_can_use_are_found(project: Project, spark: SparkSession, value: float) -> None:
    def spoil(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "features": [value] * len(row["features"])} if row["path"].endswith("0_100.jpg") else row

    rewrite(project.table("cnn_features"), "Cherry", spoil)
    found = unsound_rows(spark.sparkContext, project.table("cnn_features"), ["Cherry", "Apple_Red_1"])
    assert (found.not_finite, found.all_zero) == ((2, 0) if value else (0, 2))
    assert found.examples


def test_a_corrupt_delivery_is_told_and_does_not_stop_the_others(project: Project) -> None:
    for number in (0, 1, 2, 3):
        (project.source / f"Training/Cherry/{number}_100.jpg").write_text("no picture")
    run = project.run("raw_images", "decoded_frames", classes=["Apple_Red_1", "Cherry"])
    assert run.result.success, run.failure
    check = results(run)["decoded_frames", "few_undecodable"]
    assert not check.passed
    assert check.metadata["over"].value == {"Cherry": pytest.approx(5 / 7, abs=1e-3)}


def test_another_schema_is_told(project: Project) -> None:
    table = project.table("predictions")
    DeltaTable(table.root.uri).alter.add_columns([Field("extra", PrimitiveType("string"))])
    result = evaluate(project, "predictions", "schema")
    assert not result.passed
    assert result.metadata["differences"].value == ["extra: string is not expected"]


def test_labels_and_classes_that_the_classifier_does_not_know_are_found(project: Project) -> None:
    rewrite(project.table("predictions"), "Cherry", lambda row: {**row, "predicted_label": "Pineapple"})
    assert unknown_labels(project.warehouse, ["Apple_Red_1"]) == []
    assert unknown_labels(project.warehouse, ["Apple_Red_1", "Cherry"]) == ["Pineapple"]
    assert unlearned_classes(project.warehouse, ["Cherry", "Quince"]) == ["Quince"]


def test_a_path_that_stands_twice_is_found(project: Project) -> None:
    def same(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "path": "Training/Cherry/0_100.jpg"}

    rewrite(project.table("raw_images"), "Cherry", same)
    assert repeated_paths(project.table("raw_images"), ["Apple_Red_1", "Cherry"]) == ["Cherry"]


def test_features_of_two_backbones_are_told(project: Project) -> None:
    rewrite(project.table("cnn_features"), "Cherry", lambda row: {**row, "backbone": "another"})
    result = evaluate(project, "feature_projection", "one_backbone")
    assert not result.passed
    assert "another" in str(result.metadata["features"].value)


def test_features_that_have_moved_are_told(project: Project) -> None:
    for name in ("Apple_Red_1", "Apple_Red_2", "Cherry"):
        rewrite(
            project.table("reduced_features"),
            name,
            lambda row: {**row, "features": [value + 100 for value in row["features"]]},
        )
    result = evaluate(project, "reduced_features", "little_drift")
    assert not result.passed
    assert float(str(result.metadata["drift"].value)) > 1


def test_a_drop_of_the_accuracy_is_told(project: Project) -> None:
    for accuracy in (0.9, 0.8):
        event = AssetMaterialization(AssetKey("evaluation"), metadata={"accuracy": accuracy})
        project.instance.report_runless_asset_event(event)
    result = evaluate(project, "evaluation", "accuracy_holds")
    assert not result.passed
    assert (result.metadata["accuracy"].value, result.metadata["accuracy_before"].value) == (0.8, 0.9)
