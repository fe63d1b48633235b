from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from pyspark.sql import SparkSession
from sklearn.metrics import adjusted_rand_score

from image_assets.errors import WarehouseError
from image_assets.recordings import clusters
from image_assets.recordings.options import RecordingOptions
from image_assets.recordings.soundness import cluster_problems
from image_assets.sample_data import recording as sample
from image_assets.signals.errors import SignalError
from image_assets.signals.records import Rows
from image_assets.spark.updates import Update
from image_assets_tests.recordings.conftest import NEURONS, Neurons, stage

OPTIONS = RecordingOptions(k=sample.N_GROUPS)


@pytest.fixture(scope="module")
def cluster(spark: SparkSession, neurons: Neurons) -> Callable[[RecordingOptions], clusters.FittedClusters]:
    def run(options: RecordingOptions) -> clusters.FittedClusters:
        fitted = clusters.fit_clusters(neurons.series, options)
        digest = clusters.store_clusters(neurons.warehouse.artifacts, "neurons", fitted, options)
        table = neurons.warehouse.table("series_clusters")
        stage(
            spark, neurons.warehouse, "series_clusters", "neurons",
            lambda name: clusters.plan_clusters(neurons.series, table, name, fitted, digest), clusters.assign_clusters,
        )  # fmt: skip
        return fitted

    return run


def test_the_groups_of_the_sample_are_recovered(
    spark: SparkSession, neurons: Neurons, cluster: Callable[[RecordingOptions], clusters.FittedClusters]
) -> None:
    fitted = cluster(OPTIONS)
    rows = neurons.warehouse.table("series_clusters").read().to_pylist()
    truth = sample.read_truth(NEURONS)
    groups = [truth[row["z"], row["y"], row["x"]] for row in rows if row["selected"]]
    assert len(rows) == truth.size
    assert len(groups) == (truth >= 0).sum() == fitted.n_selected
    labels = [row["cluster"] for row in rows if row["selected"]]
    assert adjusted_rand_score(groups, labels) == 1.0
    assert fitted.clustering.sizes.tolist() == [78] * 4
    inside = [row["correlation"] for row in rows if truth[row["z"], row["y"], row["x"]] >= 0]
    outside = [row["correlation"] for row in rows if truth[row["z"], row["y"], row["x"]] < 0]
    assert min(inside) > 0.85
    assert np.mean(outside) < 0.3
    assert cluster_problems(spark.sparkContext, neurons.warehouse, "neurons") == []


def test_labels_and_centres_are_published_by_one_commit(
    neurons: Neurons, cluster: Callable[[RecordingOptions], clusters.FittedClusters]
) -> None:
    cluster(OPTIONS)
    other = clusters.fit_clusters(neurons.series, OPTIONS.model_copy(update={"k": 2}))
    clusters.store_clusters(neurons.warehouse.artifacts, "neurons", other, OPTIONS)  # and the run is killed here
    assert clusters.load_clusters(neurons.warehouse, "neurons").metadata["k"] == sample.N_GROUPS
    assert len(clusters.load_clusters(neurons.warehouse, "neurons").arrays["centres"]) == sample.N_GROUPS


def test_a_fit_to_a_sample_goes_on_over_all_series(
    neurons: Neurons,
    cluster: Callable[[RecordingOptions], clusters.FittedClusters],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = clusters.fit_clusters(neurons.series, OPTIONS)
    assert whole.n_sample == whole.n_selected
    monkeypatch.setattr(clusters, "SAMPLE_BYTES", 100 * 60 * 8)
    sampled, again = (clusters.fit_clusters(neurons.series, OPTIONS) for _ in range(2))
    assert 60 < sampled.n_sample < 140
    assert sampled.clustering.sizes.tolist() == [78] * 4
    assert sampled.clustering.inertia == pytest.approx(whole.clustering.inertia, rel=1e-9)
    assert sampled.n_sample == again.n_sample
    assert sampled.clustering.inertia == again.clustering.inertia


def test_clusters_that_do_not_add_up_are_found(
    spark: SparkSession, neurons: Neurons, cluster: Callable[[RecordingOptions], clusters.FittedClusters]
) -> None:
    fitted = cluster(OPTIONS)
    digest = clusters.store_clusters(neurons.warehouse.artifacts, "neurons", fitted, OPTIONS)

    def plan_a_part(name: str) -> Update[clusters.ClusterTask]:
        whole = clusters.plan_clusters(neurons.series, neurons.warehouse.table("series_clusters"), name, fitted, digest)
        return replace(whole, tasks=whole.tasks[:1])

    stage(spark, neurons.warehouse, "series_clusters", "neurons", plan_a_part, clusters.assign_clusters)
    problems = cluster_problems(spark.sparkContext, neurons.warehouse, "neurons")
    assert problems[0].endswith("voxels of 2,016")
    assert problems[1].endswith("fitted [78, 78, 78, 78]")


def test_too_few_series_say_what_to_change(neurons: Neurons) -> None:
    options = OPTIONS.model_copy(update={"cluster_input": "filter(voxel_std > 1000).zscore()"})
    with pytest.raises(SignalError, match="selects 0 series, too few for 4 clusters: lower its bound or k"):
        clusters.fit_clusters(neurons.series, options)
    with pytest.raises(WarehouseError, match="was never clustered"):
        clusters.load_clusters(neurons.warehouse, "fly")


def test_the_correlation_with_the_own_centre_is_pearsons() -> None:
    generator = np.random.default_rng(0)
    series, centres = generator.normal(size=(50, 20)), generator.normal(size=(3, 20))
    series[4] = 7.0
    labels = generator.integers(0, 3, 50)
    labels[9] = -1
    found = clusters.own_correlation(series, labels, centres)
    usable = [number for number in range(50) if number not in {4, 9}]
    expected = [np.corrcoef(series[number], centres[labels[number]])[0, 1] for number in usable]
    np.testing.assert_allclose(found[usable], expected, rtol=1e-12)
    assert found[[4, 9]].tolist() == [0.0, 0.0]


def test_a_sample_does_not_depend_on_how_the_records_are_divided() -> None:
    keys = np.stack(np.unravel_index(np.arange(40_000), (4, 100, 100)), axis=1)
    values = np.zeros((40_000, 1))
    sample_of = clusters.Sample(0.1, seed=3)
    whole = sample_of(Rows(keys, values)).keys
    parts = [sample_of(Rows(keys[i : i + 777], values[i : i + 777])).keys for i in range(0, 40_000, 777)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert len(whole) == pytest.approx(4_000, rel=0.05)
    assert len(clusters.Sample(0.1, seed=4)(Rows(keys, values)).keys) != len(whole)
