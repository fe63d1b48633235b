import numpy as np
import pytest

from image_assets.signals import voxelwise
from image_assets.signals.errors import SignalError

GENERATOR = np.random.default_rng(11)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_statistics_within_a_series_are_those_of_numpy(dtype: str) -> None:
    series = GENERATOR.integers(0, 120, size=(7, 23)).astype(dtype)
    np.testing.assert_allclose(voxelwise.voxel_mean(series), series.mean(axis=1, dtype=np.float64), rtol=1e-14)
    np.testing.assert_allclose(voxelwise.voxel_std(series), series.std(axis=1, dtype=np.float64), rtol=1e-13)
    np.testing.assert_allclose(voxelwise.voxel_variance(series), series.var(axis=1, dtype=np.float64), rtol=1e-13)
    np.testing.assert_array_equal(voxelwise.voxel_max(series), series.max(axis=1))
    np.testing.assert_array_equal(voxelwise.voxel_min(series), series.min(axis=1))
    np.testing.assert_array_equal(voxelwise.voxel_sum(series), series.sum(axis=1, dtype=np.float64))


def test_a_deviation_of_exactly_four_is_four() -> None:
    series = np.array([[10, 18] * 30, [11, 19] * 30], dtype=np.uint8)
    assert voxelwise.voxel_std(series).tolist() == [4.0, 4.0]


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e12 + 0.7])
def test_a_constant_series_has_deviation_zero(value: float) -> None:
    assert voxelwise.voxel_std(np.full((1, 49), value)).tolist() == [0.0]


def test_values_beyond_sixteen_bits_are_not_summed_as_squares() -> None:
    series = np.array([[2**40, 2**40 + 2, 2**40 + 4]], dtype=np.int64)
    assert voxelwise.voxel_variance(series)[0] == pytest.approx(8 / 3, rel=1e-12)


def test_one_axis_too_few_is_refused_by_name() -> None:
    with pytest.raises(SignalError, match=r"block of series \[n, t\]"):
        voxelwise.voxel_std(np.ones(4))
