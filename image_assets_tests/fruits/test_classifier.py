from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from image_assets.contracts import PREDICTIONS, REDUCED_FEATURES
from image_assets.errors import IncompatibleArtifactError, SettingsError
from image_assets.fruits.blocks import training_values
from image_assets.fruits.classifier import (
    ClassifierOptions,
    fit_classifier,
    load_classifier,
    predict_batch,
    prediction_kernel,
)
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import append, feature_rows

PROJECTION = "pca-2/0123456789ab"
CENTRES = {"Apple_1": (0, 0), "Apple_2": (0, 6), "Cherry": (6, 0), "Kiwi": (6, 6), "Pear": (12, 0), "Fig": (12, 6)}


def cloud(name: str, n: int = 30, seed: int = 0) -> np.ndarray:
    return np.array(CENTRES[name]) + np.random.default_rng(seed).normal(size=(n, 2))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Six classes in the plane; those of the test split say nothing but nonsense."""
    warehouse = Warehouse.at(tmp_path)
    table = warehouse.table("reduced_features")
    for i, name in enumerate(CENTRES):
        append(table, feature_rows(name, cloud(name, seed=i), projection=PROJECTION))
    append(table, feature_rows("Grape", np.full((9, 2), 1e6), split="test", projection=PROJECTION))
    return warehouse


def publish(spark: SparkSession, warehouse: Warehouse, options: ClassifierOptions) -> str:
    artifact = fit_classifier(spark.sparkContext, warehouse.table("reduced_features"), options)
    return warehouse.artifacts.publish("classifier", "fruit_classifier", artifact)


def test_classes_are_those_with_training_pictures(warehouse: Warehouse) -> None:
    table = warehouse.table("reduced_features")
    assert training_values(table, "fruit_class") == sorted(CENTRES)
    assert training_values(table, "label") == ["Apple", "Cherry", "Fig", "Kiwi", "Pear"]


@pytest.mark.parametrize("method", ["logistic_regression", "linear_discriminant"])
def test_a_fitted_classifier_finds_the_clouds(spark: SparkSession, warehouse: Warehouse, method: str) -> None:
    options = ClassifierOptions(method=method, c=0.1)  # type: ignore[arg-type] # few iterations
    digest = publish(spark, warehouse, options)
    rows = [row for name in CENTRES for row in feature_rows(name, cloud(name, seed=99), projection=PROJECTION)]
    batch = pa.RecordBatch.from_pylist(rows, schema=REDUCED_FEATURES)
    (found,) = prediction_kernel(warehouse.artifacts, digest)(iter([batch]))
    assert found.schema.equals(PREDICTIONS)
    right = [row["predicted_label"] == row["fruit_class"] for row in found.to_pylist()]
    assert np.mean(right) > 0.97
    best = found.to_pylist()[0]
    assert len(best["top_labels"]) == len(best["top_probabilities"]) == 5
    assert best["top_labels"][0] == best["predicted_label"] == "Apple_1"
    assert sum(best["top_probabilities"]) <= 1 + 1e-6


def test_fitting_again_gives_the_same_bytes(spark: SparkSession, warehouse: Warehouse) -> None:
    options = ClassifierOptions(c=0.01)
    assert publish(spark, warehouse, options) == publish(spark, warehouse, options)


def test_a_classifier_knows_its_projection_and_target(spark: SparkSession, warehouse: Warehouse) -> None:
    digest = publish(spark, warehouse, ClassifierOptions("linear_discriminant", target="label"))
    fitted = load_classifier(warehouse.artifacts, digest)
    assert (fitted.projection, fitted.target) == (PROJECTION, "label")
    assert list(fitted.classifier.classes) == ["Apple", "Cherry", "Fig", "Kiwi", "Pear"]


def test_features_of_another_projection_are_refused(spark: SparkSession, warehouse: Warehouse) -> None:
    fitted = load_classifier(warehouse.artifacts, publish(spark, warehouse, ClassifierOptions("linear_discriminant")))
    rows = feature_rows("Kiwi", cloud("Kiwi"), projection="pca-2/fedcba987654")
    batch = pa.RecordBatch.from_pylist(rows, schema=REDUCED_FEATURES)
    expected = f"fitted on features of {PROJECTION}, and these are of pca-2/fedcba987654: materialize fruit_classifier"
    with pytest.raises(IncompatibleArtifactError, match=expected):
        predict_batch(batch, fitted)


def test_one_class_is_not_enough(spark: SparkSession, tmp_path: Path) -> None:
    table = Warehouse.at(tmp_path).table("reduced_features")
    append(table, feature_rows("Kiwi", cloud("Kiwi"), projection=PROJECTION))
    with pytest.raises(SettingsError, match=r"at least two classes.* found only Kiwi: add training pictures"):
        fit_classifier(spark.sparkContext, table, ClassifierOptions())
