"""Every operation gives on Spark what it gives in one process: same name, same result."""

import gc
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from image_assets.errors import WarehouseError
from image_assets.recordings import turning
from image_assets.recordings.faces import open_images, open_series
from image_assets.signals.chains import Chain
from image_assets.signals.correlation import correlate
from image_assets.signals.errors import SignalError
from image_assets.signals.voxelwise import voxel_std
from image_assets_tests.recordings.conftest import Neurons

RAMP = list(range(60))

SERIES = [
    "voxel_std()",
    "voxel_max()",
    "voxel_sum()",
    "center()",
    "standardize()",
    "zscore()",
    "zscore(axis=0)",
    "squelch(90)",
    "normalize()",
    "normalize('mean')",
    "normalize('window', window=6)",
    "normalize('window-exact', window=7)",
    "detrend('linear')",
    "detrend('nonlinear', order=5)",
    "fourier(freq=6)",
    f"crosscorr({RAMP}, lag=2)",
    "downsample(7)",
    "subsample(7).zscore()",
    "between(10, 30)",
    "select([3, 5, 8])",
    "mean_by_panel(10)",
    "mean_by_window([10, 30], 6)",
    "filter(voxel_std > 6).zscore()",
    "flatten().filter(voxel_max >= 100).normalize()",
    "toimages()",
    "toimages().toseries().voxel_std()",
]
REDUCED = ["mean()", "std()", "var()", "max()", "min()", "sum()"]
IMAGES = [
    "max_projection(axis=0)",
    "max_min_projection(axis=1)",
    "subsample([1, 5, 5])",
    "median_filter([1, 3, 3])",
    "gaussian_filter(2)",
    "uniform_filter(3)",
    "subtract(30)",
    "[:, 0].max_projection(axis=2)",
    "[5:50:7]",
    "toseries()",
    "[5:50:7].toseries().zscore()",
]


@pytest.mark.parametrize("text", SERIES)
def test_series_operations_are_identical(neurons: Neurons, text: str) -> None:
    expected, found = Chain(text)(neurons.local_series).toarray(), Chain(text)(neurons.series).toarray()
    assert found.dtype == expected.dtype
    if "axis=0" in text:  # moments across voxels, merged in another order
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("text", IMAGES)
def test_image_operations_are_identical(neurons: Neurons, text: str) -> None:
    expected, found = Chain(text)(neurons.local_images).toarray(), Chain(text)(neurons.images).toarray()
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("text", REDUCED)
def test_reductions_of_whole_numbers_are_identical(neurons: Neurons, text: str) -> None:
    for local, spark in ((neurons.local_series, neurons.series), (neurons.local_images, neurons.images)):
        expected, found = Chain(text)(local), Chain(text)(spark)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_reductions_of_fractions_agree_to_rounding(neurons: Neurons) -> None:
    for text in ("flatten().cov()", "zscore().filter(voxel_std > 0).mean()"):
        expected = Chain(text)(neurons.local_series)
        np.testing.assert_allclose(Chain(text)(neurons.series), expected, rtol=1e-10, atol=1e-12)
    expected = neurons.local_images.localcorr(2)
    np.testing.assert_allclose(neurons.images.localcorr(2), expected, rtol=1e-10)


def test_functions_of_ones_own_and_labels_go_to_the_workers(neurons: Neurons) -> None:
    bound = 5.5
    signal = np.sin(np.arange(60))
    active = neurons.series.filter(lambda block: voxel_std(block) > bound).between(10, 50)
    expected = neurons.local_series.filter(lambda block: voxel_std(block) > bound).between(10, 50)
    np.testing.assert_array_equal(active.index, np.arange(10, 50))
    np.testing.assert_array_equal(active.rows().keys, expected.rows().keys)
    assert active.count() == expected.count() == len(expected.rows().keys)
    np.testing.assert_array_equal(
        neurons.series.map(correlate, signal).toarray(), neurons.local_series.map(correlate, signal).toarray()
    )
    doubled = neurons.images.map_as_series(lambda block: block[:, ::2] * 2.0)
    np.testing.assert_array_equal(
        doubled.toarray(), neurons.local_images.map_as_series(lambda block: block[:, ::2] * 2.0).toarray()
    )


def test_nothing_runs_before_it_is_asked_for(spark: SparkSession, neurons: Neurons) -> None:
    tracker = spark.sparkContext.statusTracker()
    before = len(tracker.getJobIdsForGroup())
    chain = neurons.images.median_filter(3).toseries().detrend().filter(lambda block: voxel_std(block) > 4).zscore()
    assert len(tracker.getJobIdsForGroup()) == before
    assert chain.count() > 0
    assert len(tracker.getJobIdsForGroup()) > before


def test_series_that_lost_voxels_do_not_become_images(neurons: Neurons) -> None:
    with pytest.raises(SignalError, match="do not fill a volume"):
        neurons.series.filter(lambda block: voxel_std(block) > 4).toimages()
    with pytest.raises(SignalError, match="every record was filtered out"):
        neurons.series.filter(lambda block: voxel_std(block) > 1e9).mean()
    assert neurons.series.filter(lambda block: voxel_std(block) > 1e9).count() == 0


def test_computed_records_are_used_twice_and_leave_nothing(neurons: Neurons) -> None:
    root = Path(neurons.warehouse.root.path)
    active = neurons.series.filter(lambda block: voxel_std(block) > 6).zscore().compute()
    assert active.steps == ()
    assert len(list(root.glob("_scratch/*/*"))) > 0
    expected = neurons.local_series.filter(lambda block: voxel_std(block) > 6).zscore()
    np.testing.assert_array_equal(active.toarray(), expected.toarray())
    np.testing.assert_allclose(active.mean(), expected.mean(), atol=1e-12)
    del active
    gc.collect()
    assert not (root / "_scratch").exists()


def test_many_small_blocks_are_turned_like_one(neurons: Neurons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning, "BLOCKS_PER_CORE", 40)
    series = neurons.images.toseries()
    assert len(series.tasks()) > 70
    np.testing.assert_array_equal(series.toarray(), neurons.local_series.toarray())


def test_a_recording_that_is_not_there_is_named(spark: SparkSession, neurons: Neurons) -> None:
    with pytest.raises(WarehouseError, match="does not hold the recording 'fly'"):
        open_images(spark, neurons.warehouse, "fly")
    with pytest.raises(WarehouseError, match="materialize recording_frames for it first"):
        open_series(spark, neurons.warehouse, "fly")
