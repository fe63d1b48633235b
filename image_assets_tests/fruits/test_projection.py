from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from image_assets.contracts import CNN_FEATURES, REDUCED_FEATURES
from image_assets.errors import IncompatibleArtifactError, SettingsError, WarehouseError
from image_assets.fruits.projection import (
    ProjectionOptions,
    fit_projection,
    load_projection,
    reduce_batch,
    reduction_kernel,
)
from image_assets.warehouse.artifacts import Artifact
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import BACKBONE, append, feature_rows

WIDTH = 12


@pytest.fixture
def training(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(60, WIDTH)) * np.arange(1, WIDTH + 1) + 5


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def warehouse(tmp_path: Path, training: np.ndarray) -> Warehouse:
    """Features of two classes, and of a test split that lies far away."""
    warehouse = Warehouse.at(tmp_path)
    table = warehouse.table("cnn_features")
    append(table, feature_rows("Kiwi", training[:25], backbone=BACKBONE))
    append(table, feature_rows("Pear", training[25:], backbone=BACKBONE))
    append(table, feature_rows("Pear", np.full((40, WIDTH), 1e4), split="test", backbone=BACKBONE))
    return warehouse


def fit(spark: SparkSession, warehouse: Warehouse, options: ProjectionOptions) -> Artifact:
    return fit_projection(spark.sparkContext, warehouse.table("cnn_features"), options)


def test_pca_is_fitted_to_the_training_split_of_all_classes(
    spark: SparkSession, warehouse: Warehouse, training: np.ndarray
) -> None:
    artifact = fit(spark, warehouse, ProjectionOptions(n_components=4))
    centred = training - training.mean(axis=0)
    _, singular, components = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(artifact.arrays["mean"], training.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.abs(artifact.arrays["components"]), np.abs(components[:4]), atol=1e-4)
    np.testing.assert_allclose(artifact.arrays["explained_variance"], singular[:4] ** 2 / 59, rtol=1e-4)
    assert (artifact.metadata["n_samples"], artifact.metadata["backbone"]) == (60, BACKBONE)
    assert artifact.metadata["features_version"] == warehouse.table("cnn_features").version()


def test_a_fraction_of_variance_chooses_the_components(
    spark: SparkSession, warehouse: Warehouse, training: np.ndarray
) -> None:
    artifact = fit(spark, warehouse, ProjectionOptions(n_components=0.8))
    spectrum = np.linalg.svd(training - training.mean(axis=0), compute_uv=False) ** 2
    expected = int(np.searchsorted(np.cumsum(spectrum) / spectrum.sum(), 0.8)) + 1
    assert artifact.arrays["components"].shape == (expected, WIDTH)


def test_a_random_projection_counts_the_pictures_for_its_bound(spark: SparkSession, warehouse: Warehouse) -> None:
    options = ProjectionOptions("sparse_random_projection", n_components=6)
    artifact = fit(spark, warehouse, options)
    assert fit(spark, warehouse, options).to_bytes() == artifact.to_bytes()
    with pytest.raises(SettingsError, match="100"):  # 4 ln(100) / (eps^2 / 2 - eps^3 / 3) dimensions are more than 12
        fit(spark, warehouse, ProjectionOptions("sparse_random_projection"))


def test_a_published_projection_comes_back_and_reduces_rows(
    spark: SparkSession, warehouse: Warehouse, training: np.ndarray
) -> None:
    artifact = fit(spark, warehouse, ProjectionOptions(n_components=4))
    digest = warehouse.artifacts.publish("projection", "feature_projection", artifact)
    fitted = load_projection(warehouse.artifacts, digest)
    assert (fitted.name, fitted.backbone) == (f"pca-4/{digest[:12]}", BACKBONE)

    batch = pa.RecordBatch.from_pylist(feature_rows("Kiwi", training[:3], backbone=BACKBONE), schema=CNN_FEATURES)
    (reduced,) = reduction_kernel(warehouse.artifacts, digest)(iter([batch]))
    assert reduced.schema.equals(REDUCED_FEATURES)
    assert reduced["path"].to_pylist() == batch["path"].to_pylist()
    assert set(reduced["projection"].to_pylist()) == {fitted.name}
    expected = (training[:3] - artifact.arrays["mean"]) @ artifact.arrays["components"].T
    np.testing.assert_allclose(reduced["features"].to_pylist(), expected, atol=1e-3)


def test_features_of_another_backbone_are_refused(spark: SparkSession, warehouse: Warehouse) -> None:
    digest = warehouse.artifacts.publish(
        "projection", "feature_projection", fit(spark, warehouse, ProjectionOptions(n_components=2))
    )
    rows = feature_rows("Kiwi", np.ones((1, WIDTH)), backbone="resnet50/pooled/fedcba987654")
    batch = pa.RecordBatch.from_pylist(rows, schema=CNN_FEATURES)
    expected = (
        f"fitted on features of {BACKBONE}, and these are of resnet50/pooled/fedcba987654: "
        "materialize feature_projection again"
    )
    with pytest.raises(IncompatibleArtifactError, match=expected):
        reduce_batch(batch, load_projection(warehouse.artifacts, digest))


def test_a_table_of_two_backbones_is_refused(spark: SparkSession, warehouse: Warehouse) -> None:
    append(warehouse.table("cnn_features"), feature_rows("Fig", np.ones((1, WIDTH)), backbone="resnet50/pooled/x"))
    with pytest.raises(
        IncompatibleArtifactError, match=rf"\({BACKBONE}, resnet50/pooled/x\): materialize cnn_features"
    ):
        fit(spark, warehouse, ProjectionOptions())


def test_a_projection_that_was_never_fitted_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"no projection was fitted yet.*materialize the asset feature_projection"):
        Warehouse.at(tmp_path).artifacts.latest("projection", "feature_projection")
