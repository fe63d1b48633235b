"""Operations on series against the values of the reference (Thunder 1.x on the zebrafish recording)."""

import numpy as np
import pytest
from numpy.typing import NDArray

from image_assets.signals.local import Images, Series
from image_assets.signals.voxelwise import voxel_std
from image_assets_tests.signals.conftest import VOXELS, at_voxels

Bytes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def series(frames: Bytes) -> Series:
    return Images(frames).toseries()


@pytest.fixture(scope="module")
def long_series(long_frames: Bytes) -> Series:
    return Images(long_frames).toseries()


def at_times(result: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of the three voxels at times 0 and 7."""
    return at_voxels(result)[:, [0, 7]]


def test_statistics_across_voxels(series: Series, frames: Bytes) -> None:
    np.testing.assert_allclose(series.mean()[[0, 7, 19]], [53.83272837, 52.66855717, 54.40154265], rtol=1e-9)
    np.testing.assert_allclose(series.std()[[0, 7, 19]], [32.09861496, 30.6247292, 32.80253554], rtol=1e-9)
    flat = frames.reshape(20, -1)
    np.testing.assert_allclose(series.var(), flat.var(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(series.max(), flat.max(axis=1))
    np.testing.assert_array_equal(series.min(), flat.min(axis=1))
    np.testing.assert_array_equal(series.sum(), flat.sum(axis=1))


def test_statistics_within_voxels_and_the_selection_by_them(series: Series) -> None:
    deviation = series.voxel_std().toarray()
    assert deviation.shape == (2, 76, 87)
    np.testing.assert_allclose(at_voxels(deviation), [4.856696408, 20.809312819, 0.3], rtol=1e-9)
    assert deviation.sum() == pytest.approx(12650.904598, abs=5e-7)
    assert deviation[0, 47, 66] == 4.0
    assert series.filter(lambda block: voxel_std(block) > 6).toarray().shape == (346, 20)
    assert series.filter(lambda block: voxel_std(block) > 4).count() == 782


def test_scaling_within_series(series: Series) -> None:
    scores = series.zscore().toarray()
    expected = [[1.183932352, -0.669179155], [0.487762383, -0.953899832], [0.333333333, 0.333333333]]
    np.testing.assert_allclose(at_times(scores), expected, rtol=1e-8)
    assert int(np.isnan(scores).all(axis=-1).sum()) == int(np.isnan(scores).any(axis=-1).sum()) == 5609
    assert int(np.isposinf(series.standardize().toarray()).all(axis=-1).sum()) == 5609
    assert int((series.center().toarray() == 0).all(axis=-1).sum()) == 5609


def test_scaling_across_series(series: Series, frames: Bytes) -> None:
    flat = frames.reshape(20, -1).T.astype(np.float64)
    np.testing.assert_allclose(series.flatten().center(axis=0).toarray(), flat - flat.mean(axis=0), atol=1e-11)
    scaled = (flat - flat.mean(axis=0)) / flat.std(axis=0)
    np.testing.assert_allclose(series.flatten().zscore(axis=0).toarray(), scaled, atol=1e-12)
    np.testing.assert_allclose(series.flatten().standardize(axis=0).toarray(), flat / flat.std(axis=0), rtol=1e-12)


def test_the_chain_of_squelch_scores_and_selection(series: Series, frames: Bytes) -> None:
    bright = frames.max(axis=0) >= 150
    squelched = series.squelch(150).toarray()
    assert squelched.dtype == np.float64
    np.testing.assert_array_equal(squelched, np.moveaxis(frames * bright, 0, -1))
    chain = series.squelch(150).zscore().filter(lambda block: voxel_std(block) > 0.1)
    assert chain.count() == int((bright & (frames.std(axis=0) > 0)).sum())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0.106269926, 0.010626993], [0.218966847, -0.01233616], [0, 0]]),
        ({"method": "mean"}, [[0.058464667, -0.033045247], [0.068604258, -0.134166948], [0.002777778, 0.002777778]]),
        (
            {"method": "window", "window": 6},
            [[0.019588639, 0.010626993], [0.039447732, 0.015860428], [0, 0]],
        ),
    ],
)
def test_normalization(series: Series, options: dict[str, object], expected: list[list[float]]) -> None:
    result = series.normalize(**options).toarray()  # type: ignore[arg-type]
    np.testing.assert_allclose(at_times(result), expected, rtol=1e-6, atol=5e-10)
    if not options:
        assert result.sum() == pytest.approx(2925.080747, abs=5e-7)


def test_detrending(series: Series) -> None:
    linear = series.detrend("linear").toarray()
    expected = [[104, 93.468421053], [158, 113.057894737], [36, 36.010526316]]
    np.testing.assert_allclose(at_times(linear), expected, rtol=1e-9)
    assert linear.sum() == pytest.approx(13_976_948.0, rel=1e-9)
    nonlinear = series.detrend("nonlinear", order=5).toarray()
    expected = [[104, 105.034884054], [158, 160.11181708], [36, 36.139402097]]
    np.testing.assert_allclose(at_times(nonlinear), expected, rtol=1e-9)
    assert nonlinear.sum() == pytest.approx(14_231_668.479051, abs=1e-5)
    np.testing.assert_allclose(
        series.detrend("nonlinear", order=5).mean(), nonlinear.reshape(-1, 20).mean(axis=0), rtol=1e-12
    )


def test_fourier(series: Series) -> None:
    first = series.fourier(freq=1).toarray()
    expected = [[0.921205909, 4.31204168], [0.946185615, 3.960549894], [0.475528258, 4.71238898]]
    np.testing.assert_allclose(at_voxels(first), expected, rtol=2e-9)
    assert np.nansum(first) == pytest.approx(60984.558301, abs=5e-6)
    assert int(np.isnan(first[..., 0]).sum()) == 5609
    third = at_voxels(series.fourier(freq=3).toarray())
    expected = [[0.131459598, 0.074578205], [0.086379901, 2.454684335], [0.293892626, 4.71238898]]
    np.testing.assert_allclose(third, expected, rtol=1e-8)


def test_correlation(series: Series, frames: Bytes) -> None:
    signals = np.stack([np.arange(20), frames[:, 0, 0, 0], frames[(slice(None), *VOXELS[1])]])
    result = series.correlate(signals).toarray()
    expected = [
        [0.25977432, 0.540490856, 0.908701735],
        [0.591496035, 0.50097762, 1.0],
        [-0.028903666, 0.666666667, 0.325975845],
    ]
    np.testing.assert_allclose(at_voxels(result), expected, rtol=2e-8)
    alone = series.correlate(signals[0]).toarray()
    np.testing.assert_allclose(alone, result[..., 0], atol=1e-14)
    assert int(np.isnan(alone).sum()) == 5609
    lagged = series.crosscorr(signals[0], lag=2).toarray()
    np.testing.assert_allclose(lagged[..., 2], np.nan_to_num(alone), atol=1e-12)


def test_fewer_time_points(series: Series, frames: Bytes) -> None:
    turned = np.moveaxis(frames, 0, -1)
    np.testing.assert_array_equal(series.between(0, 8).toarray(), turned[..., :8])
    np.testing.assert_array_equal(series.subsample(3).toarray(), turned[..., ::3])
    blocks = turned[..., :18].reshape(2, 76, 87, 3, 6)
    np.testing.assert_allclose(series.downsample(6).toarray(), blocks.mean(axis=-1), rtol=1e-14)
    panels = turned.reshape(2, 76, 87, 4, 5)
    np.testing.assert_allclose(series.mean_by_panel(5).toarray(), panels.mean(axis=-2), rtol=1e-14)


def test_covariance_between_time_points(series: Series) -> None:
    covariance = series.flatten().cov()
    assert covariance.shape == (20, 20)
    assert covariance[0, 0] == pytest.approx(1030.399001373, rel=1e-10)
    assert covariance[0, 19] == pytest.approx(1051.446057048, rel=1e-10)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-13)


def test_the_long_recording(long_series: Series) -> None:
    deviation = long_series.voxel_std().toarray()
    np.testing.assert_allclose(at_voxels(deviation), [6.933912987, 16.242023149, 0.463512405], rtol=1e-9)
    means = at_voxels(long_series.voxel_mean().toarray())
    np.testing.assert_allclose(means, [97.204166667, 134.570833333, 35.3125], rtol=1e-9)
    assert int((deviation == 0).sum()) == 4762
    keys = long_series.filter(lambda block: voxel_std(block) > 6).rows().keys
    assert (len(keys), int((keys[:, 0] == 0).sum()), int((keys[:, 0] == 1).sum())) == (1205, 726, 479)
    assert np.ravel_multi_index(tuple(keys[:3].T), (2, 76, 87)).tolist() == [1984, 1985, 2070]


def test_the_stimulus_period_of_the_long_recording(long_series: Series) -> None:
    at_stimulus = long_series.fourier(freq=12).toarray()
    expected = [[0.583227686, 3.821852917], [0.545300559, 4.071958455], [0.393145802, 4.133123695]]
    np.testing.assert_allclose(at_voxels(at_stimulus), expected, rtol=2e-9)
    slowest = long_series.fourier(freq=1).toarray()
    expected = [[0.584189246, 3.120333057], [0.46654225, 3.372301684], [0.44247548, 3.964996873]]
    np.testing.assert_allclose(at_voxels(slowest), expected, rtol=2e-9)
    active = long_series.filter(lambda block: voxel_std(block) > 6).compute()
    coherence = [active.fourier(freq=freq).rows().values[:, 0].mean() for freq in range(1, 120)]
    assert coherence[11] == pytest.approx(0.6125, abs=5e-5)
    assert np.argsort(coherence)[-2:].tolist() == [0, 11]
    assert coherence[0] == pytest.approx(0.5336, abs=5e-5)


def test_normalization_of_the_long_recording(long_series: Series, long_frames: Bytes) -> None:
    normalized = long_series.normalize().compute()
    np.testing.assert_allclose(
        at_voxels(normalized.voxel_std().toarray()), [0.076113205, 0.135237495, 0.013205482], atol=5e-10
    )
    baselines = [np.percentile(long_frames[(slice(None), *voxel)], 20) for voxel in VOXELS]
    assert baselines == [91, 120, 35]
    assert normalized.filter(lambda block: voxel_std(block) > 0.05).count() == 1926


def test_the_definition_of_an_operation_is_its_docstring() -> None:
    assert "p(0)" in (Series.detrend.__doc__ or "")
    assert "Nyquist" in (Series.fourier.__doc__ or "")
