"""Statistics within each series: block [n, t] in, one value per series [n] out."""

import numpy as np

from image_assets.signals.arrays import Block, Floats, as_float, centred, check_series
from image_assets.signals.moments import exact_squared_deviations, has_exact_sums


def voxel_mean(series: Block) -> Floats:
    """Return the mean of each series, float64."""
    check_series(series)
    return as_float(series.mean(axis=1, dtype=np.float64))


def voxel_variance(series: Block) -> Floats:
    """Return the population variance (divided by t) of each series, float64; 0 exactly for a constant series."""
    check_series(series)
    count = series.shape[1]
    if not has_exact_sums(series):
        deviations = centred(series)
        return as_float(np.einsum("ij,ij->i", deviations, deviations) / count)
    floats = series.astype(np.float64)
    # Squares below 2**32 add up exactly in float64 for two million time points.
    squares = np.einsum("ij,ij->i", floats, floats).astype(np.int64)
    totals = series.sum(axis=1, dtype=np.int64)
    return as_float(exact_squared_deviations(count, totals, squares) / count**2)


def voxel_std(series: Block) -> Floats:
    """Return the population standard deviation (divided by t) of each series, float64.

    Exact for integers below 2**16: a series whose deviation is 4 gives 4.0, so `std > 4` excludes it.
    """
    return as_float(np.sqrt(voxel_variance(series)))


def voxel_max(series: Block) -> Block:
    """Return the largest value of each series, in the input dtype."""
    check_series(series)
    return np.asarray(series.max(axis=1))


def voxel_min(series: Block) -> Block:
    """Return the smallest value of each series, in the input dtype."""
    check_series(series)
    return np.asarray(series.min(axis=1))


def voxel_sum(series: Block) -> Block:
    """Return the sum of each series: uint64 or int64 for integers, float64 for floats."""
    check_series(series)
    return np.asarray(series.sum(axis=1) if series.dtype.kind != "f" else as_float(series).sum(axis=1))
