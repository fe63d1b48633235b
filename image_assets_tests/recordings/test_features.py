from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from image_assets.recordings.covariance import plan_covariance, write_covariance
from image_assets.recordings.faces import open_series
from image_assets.recordings.features import SCALARS, compute_features, plan_features
from image_assets.recordings.options import RecordingOptions
from image_assets.recordings.projections import plan_projections, project
from image_assets.recordings.soundness import feature_problems
from image_assets.sample_data import recording as sample
from image_assets.signals.correlation import correlate
from image_assets.signals.errors import SignalError
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.recordings.conftest import Neurons, load, stage

SIGNAL = tuple(np.sin(2 * np.pi * np.arange(60) / 10 - 0.5).tolist())
OPTIONS = RecordingOptions(
    period_frames=10,
    signal=SIGNAL,
    operations=("zscore()", "voxel_max()", "mean_by_panel(10)"),
)


def volume_of(rows: list[dict[str, Any]], name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    found = np.full(shape, np.nan)
    for row in rows:
        found[row["z"], row["y"], row["x"]] = row[name]
    return found


@pytest.fixture(scope="module")
def rows(spark: SparkSession, neurons: Neurons) -> list[dict[str, Any]]:
    stage(
        spark, neurons.warehouse, "series_features", "neurons",
        lambda name: plan_features(neurons.series, name, OPTIONS), compute_features,
    )  # fmt: skip
    return list(neurons.warehouse.table("series_features").read().to_pylist())


def test_scalars_are_those_of_the_kernels(neurons: Neurons, rows: list[dict[str, Any]]) -> None:
    local = neurons.local_series
    response = local.fourier(sample.FREQUENCY).toarray()
    expected = {
        "mean": local.voxel_mean().toarray(),
        "std": local.voxel_std().toarray(),
        "minimum": local.voxel_min().toarray(),
        "maximum": local.voxel_max().toarray(),
        "coherence": response[..., 0],
        "phase": response[..., 1],
        "correlation": local.map(correlate, np.array(SIGNAL)).toarray(),
    }
    assert set(expected) == set(SCALARS)
    for name, volume in expected.items():
        np.testing.assert_array_equal(volume_of(rows, name, sample.SHAPE), volume, err_msg=name)


def test_results_of_operations_stand_under_their_text(neurons: Neurons, rows: list[dict[str, Any]]) -> None:
    operations = {(row["z"], row["y"], row["x"]): dict(row["operations"]) for row in rows}
    scores = neurons.local_series.zscore().toarray()
    panels = neurons.local_series.mean_by_panel(10).toarray()
    for key in [(0, 0, 0), (1, 27, 35), (0, 13, 7)]:
        found = operations[key]
        assert list(found) == ["zscore()", "voxel_max()", "mean_by_panel(10)"]
        np.testing.assert_array_equal(found["zscore()"], scores[key])
        np.testing.assert_array_equal(found["mean_by_panel(10)"], panels[key])
        assert len(found["voxel_max()"]) == 1


def test_features_are_finite_where_they_are_defined(
    spark: SparkSession, neurons: Neurons, rows: list[dict[str, Any]]
) -> None:
    assert feature_problems(spark.sparkContext, neurons.warehouse, "neurons") == []


def test_constant_voxels_have_no_coherence_and_that_is_no_problem(spark: SparkSession, tmp_path: Path) -> None:
    volumes = np.random.default_rng(0).integers(0, 9, (16, 1, 4, 4)).astype(np.uint8)
    volumes[:, 0, 1, 2] = 5
    np.save(tmp_path / "fly.npy", volumes)
    warehouse = Warehouse.at(tmp_path / "warehouse")
    load(spark, warehouse, "fly", tmp_path / "fly.npy")
    stage(
        spark, warehouse, "series_features", "fly",
        lambda name: plan_features(
            open_series(spark, warehouse, name), name, RecordingOptions(period_frames=4, operations=())
        ),
        compute_features,
    )  # fmt: skip
    rows = warehouse.table("series_features").read().to_pylist()
    assert [(row["y"], row["x"]) for row in rows if np.isnan(row["coherence"])] == [(1, 2)]
    (constant,) = [row for row in rows if row["std"] == 0]
    assert constant["phase"] == 3 * np.pi / 2
    assert constant["correlation"] is None
    assert constant["operations"] == []
    assert feature_problems(spark.sparkContext, warehouse, "fly") == []
    stage(
        spark, warehouse, "series_features", "fly",
        lambda name: plan_features(open_series(spark, warehouse, name), name, RecordingOptions())[:1],
        compute_features,
    )  # fmt: skip
    (problem,) = feature_problems(spark.sparkContext, warehouse, "fly")
    assert problem.endswith(" voxels of 16")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"operations": ("filter(voxel_std > 4)",)}, "does not give each voxel a result"),
        ({"operations": ("mean()",)}, "does not give each voxel a result"),
        ({"operations": ("max_projection()",)}, "has no operation 'max_projection'"),
        ({"operations": ("zscore(1, 2, 3)",)}, "positional arguments"),
        ({"signal": (1.0, 2.0)}, "has 2 values, the recording 60 time points"),
        ({"period_frames": 1.5}, "expected 1 to 29"),
    ],
)
def test_options_that_do_not_fit_are_refused(neurons: Neurons, options: dict[str, object], reason: str) -> None:
    with pytest.raises(SignalError, match=reason):
        plan_features(neurons.series, "neurons", RecordingOptions.model_validate(options))


def test_projections_have_a_row_per_frame_or_one_for_all(spark: SparkSession, neurons: Neurons) -> None:
    chains = ("max_projection()", "[0:3, 1]", "std()", "localcorr(2)", "toseries().zscore().toimages()")
    stage(
        spark, neurons.warehouse, "frame_projections", "neurons",
        lambda name: plan_projections(neurons.images, name, chains), project,
    )  # fmt: skip
    rows = neurons.warehouse.table("frame_projections").read().to_pylist()
    found = {
        (row["operation"], row["t"]): np.frombuffer(row["pixels"], row["dtype"]).reshape(row["shape"]) for row in rows
    }
    assert len(found) == len(rows) == 60 + 3 + 1 + 1 + 60
    local = neurons.local_images
    for t, projection in enumerate(local.max_projection().toarray()):
        np.testing.assert_array_equal(found["max_projection()", t], projection)
    np.testing.assert_array_equal(found["[0:3, 1]", 2], local[2, 1].toarray()[None])
    np.testing.assert_array_equal(found["std()", None], local.std())
    np.testing.assert_allclose(found["localcorr(2)", None], local.localcorr(2), rtol=1e-10)
    expected = local.toseries().zscore().toimages().toarray()
    np.testing.assert_array_equal(found["toseries().zscore().toimages()", 59], expected[59])
    with pytest.raises(SignalError, match="makes series of the volumes"):
        plan_projections(neurons.images, "neurons", ["toseries()"])


def test_covariance_has_a_row_per_frame(spark: SparkSession, neurons: Neurons) -> None:
    stage(
        spark, neurons.warehouse, "time_covariance", "neurons",
        lambda name: plan_covariance(neurons.series, name), write_covariance,
    )  # fmt: skip
    rows = sorted(neurons.warehouse.table("time_covariance").read().to_pylist(), key=lambda row: row["t"])
    flat = neurons.local_series.flatten().toarray().astype(float)
    np.testing.assert_allclose([row["covariance"] for row in rows], np.cov(flat.T), rtol=1e-10)
