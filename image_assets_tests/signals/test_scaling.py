import numpy as np
import pytest

from image_assets.signals import scaling

SERIES = np.array([[1.0, 2.0, 3.0, 6.0], [5.0, 5.0, 5.0, 5.0], [-2.0, -2.0, -2.0, -2.0], [0.0, 0.0, 0.0, 0.0]])


def test_center_subtracts_the_mean_of_each_series() -> None:
    assert scaling.center(SERIES).tolist() == [[-2.0, -1.0, 0.0, 3.0], *[[0.0] * 4] * 3]


def test_standardize_divides_by_the_population_deviation() -> None:
    result = scaling.standardize(SERIES)
    np.testing.assert_allclose(result[0], SERIES[0] / np.sqrt(3.5), rtol=1e-15)
    assert np.isposinf(result[1]).all()
    assert np.isneginf(result[2]).all()
    assert np.isnan(result[3]).all()


def test_zscore_of_a_constant_series_is_nan() -> None:
    result = scaling.zscore(SERIES)
    np.testing.assert_allclose(result[0], np.array([-2, -1, 0, 3]) / np.sqrt(3.5), rtol=1e-15)
    assert np.isnan(result[1:]).all()


@pytest.mark.parametrize("value", [0.1, 1e9 + 0.1])
def test_zscore_of_a_constant_float_series_is_nan_whatever_its_rounding(value: float) -> None:
    assert np.isnan(scaling.zscore(np.full((1, 241), value))).all()


def test_across_series_each_time_point_has_its_own_mean_and_deviation() -> None:
    series = np.array([[1, 10], [3, 10]], dtype=np.uint8)
    result = scaling.shift_and_scale(series, series.mean(axis=0), series.std(axis=0))
    assert result[:, 0].tolist() == [-1.0, 1.0]
    assert np.isnan(result[:, 1]).all()


def test_squelch_is_strict_and_gives_floats() -> None:
    series = np.array([[1, 150], [1, 149], [0, 151]], dtype=np.uint8)
    result = scaling.squelch(series, 150)
    assert result.dtype == np.float64
    assert result.tolist() == [[1.0, 150.0], [0.0, 0.0], [0.0, 151.0]]


def test_kernels_leave_their_input_alone() -> None:
    series = SERIES.copy()
    for kernel in (scaling.center, scaling.standardize, scaling.zscore):
        kernel(series)
    scaling.squelch(series, 4.0)
    np.testing.assert_array_equal(series, SERIES)
