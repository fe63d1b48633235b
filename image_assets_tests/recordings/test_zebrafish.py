"""The zebrafish recording through the stages on Spark: the values of the reference, read back from the tables."""

import numpy as np
import pytest
from pyspark.sql import SparkSession
from sklearn.metrics import adjusted_rand_score

from image_assets.recordings.clusters import assign_clusters, fit_clusters, plan_clusters, store_clusters
from image_assets.recordings.faces import open_images, open_series
from image_assets.recordings.features import compute_features, plan_features
from image_assets.recordings.options import RecordingOptions
from image_assets.signals.kmeans import fit
from image_assets.signals.local import Images
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.recordings.conftest import load, stage
from image_assets_tests.shared import shared_path

OPTIONS = RecordingOptions(period_frames=20, k=6, seed=0, cluster_input="filter(voxel_std > 6).zscore()")
REFERENCE_INERTIA = 38624.848
A, B, C = (0, 38, 43), (1, 33, 64), (1, 20, 50)


@pytest.fixture(scope="module")
def fish(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    path = shared_path("data", "zebrafish", "recording_240.npy")
    warehouse = Warehouse.at(tmp_path_factory.mktemp("fish"))
    load(spark, warehouse, "fish", path)
    return warehouse


def test_the_features_are_those_of_the_reference(spark: SparkSession, fish: Warehouse) -> None:
    series = open_series(spark, fish, "fish")
    assert series.sum().sum() == 168910759
    options = OPTIONS.model_copy(update={"operations": ("normalize().voxel_std()",)})
    stage(spark, fish, "series_features", "fish", lambda name: plan_features(series, name, options), compute_features)
    rows = {(row["z"], row["y"], row["x"]): row for row in fish.table("series_features").read().to_pylist()}
    names = ("mean", "std", "coherence", "phase")
    expected = {
        A: (97.204166667, 6.933912987, 0.583227686, 3.821852917, 0.076113205),
        B: (134.570833333, 16.242023149, 0.545300559, 4.071958455, 0.135237495),
        C: (35.3125, 0.463512405, 0.393145802, 4.133123695, 0.013205482),
    }
    for key, values in expected.items():
        found = [rows[key][name] for name in names] + [dict(rows[key]["operations"])["normalize().voxel_std()"][0]]
        np.testing.assert_allclose(found, values, rtol=1e-8, atol=1e-9)
    assert sum(np.isnan(row["coherence"]) for row in rows.values()) == 4762
    active = [row for row in rows.values() if row["std"] > 6]
    assert len(active) == 1205
    assert np.mean([row["coherence"] for row in active]) == pytest.approx(0.6125, abs=5e-5)


def test_clusters_are_those_of_the_reference(spark: SparkSession, fish: Warehouse) -> None:
    series = open_series(spark, fish, "fish")
    fitted = fit_clusters(series, OPTIONS)
    assert fitted.n_selected == 1205
    assert fitted.clustering.inertia == pytest.approx(REFERENCE_INERTIA, rel=0.01)
    digest, table = store_clusters(fish.artifacts, "fish", fitted, OPTIONS), fish.table("series_clusters")
    stage(
        spark, fish, "series_clusters", "fish",
        lambda name: plan_clusters(series, table, name, fitted, digest), assign_clusters,
    )  # fmt: skip
    rows = sorted(fish.table("series_clusters").read().to_pylist(), key=lambda row: (row["z"], row["y"], row["x"]))
    labels = [row["cluster"] for row in rows if row["selected"]]
    volumes = np.load(shared_path("data", "zebrafish", "recording_240.npy"))
    local = Images(volumes).toseries().filter(lambda block: block.std(axis=1) > 6).zscore().toarray()
    reference = fit(local, 6, seed=0)
    distances = ((local[:, None] - reference.centres) ** 2).sum(axis=2)
    assert adjusted_rand_score(labels, distances.argmin(axis=1)) >= 0.9
    # Voxels that never change have no z-score, and no cluster.
    assert sum(row["cluster"] is None for row in rows) == 4762
    both = np.array([[row["z"], row["y"], row["cluster"]] for row in rows if row["selected"]])
    assert {plane: int((both[:, 0] == plane).sum()) for plane in (0, 1)} == {0: 726, 1: 479}


def test_volumes_on_spark_give_the_spot_values(spark: SparkSession, fish: Warehouse) -> None:
    first = open_images(spark, fish, "fish")[:1]
    at = tuple(np.array([A, B, C]).T)
    assert first.median_filter(3).toarray()[at].tolist() == [104, 138, 34]
    assert first.median_filter(2).toarray()[at].tolist() == [110, 136, 32]
    assert first.median_filter([1, 3, 3]).toarray()[at].tolist() == [102, 140, 36]
    assert first.uniform_filter(3).toarray()[at].tolist() == [107, 134, 35]
    assert first.gaussian_filter(2).toarray()[at].tolist() == [104, 120, 35]
    assert first.max_min_projection(axis=0).toarray()[38, 43] == 225
    assert first.max_min_projection(axis=0).toarray()[33, 64] == 21
