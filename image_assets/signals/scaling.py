"""Centre, standardize, z-score and squelch series.

Within a series (`axis=1` of the operations) a kernel needs only its block. Across series (`axis=0`) the mean and
the standard deviation of each time point come from a reduction over all series and are handed in.

Source: `Series.center`, `standardize`, `zscore` and `squelch` of Thunder 1.x (`thunder/series/series.py`).
"""

import numpy as np

from image_assets.signals.arrays import Block, Floats, as_float, centred, check_series, row_norms
from image_assets.signals.voxelwise import voxel_std


def center(series: Block) -> Floats:
    """Subtract from each series its own mean: x - mean(x), float64 [n, t]."""
    return centred(series)


def standardize(series: Block) -> Floats:
    """Divide each series by its own population standard deviation: x / std(x), float64 [n, t].

    A constant series gives +inf, -inf or, where it is 0, NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return as_float(series) / voxel_std(series)[:, np.newaxis]


def zscore(series: Block) -> Floats:
    """Return (x - mean(x)) / std(x) of each series, population deviation, float64 [n, t]; constant gives NaN."""
    result = centred(series)
    deviation = row_norms(result) / np.sqrt(result.shape[1])
    with np.errstate(invalid="ignore"):
        result /= deviation[:, np.newaxis]
    return result


def shift_and_scale(series: Block, location: Block, scale: Block) -> Floats:
    """Return (x - location) / scale with one location and one scale per time point.

    Args:
        series: Block [n, t].
        location: [t] or a scalar.
        scale: [t] or a scalar.

    Returns:
        float64 [n, t]; division by 0 gives inf or NaN.
    """
    check_series(series)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (as_float(series) - location) / scale


def squelch(series: Block, threshold: float) -> Floats:
    """Set a series to 0 where its maximum is below the threshold (strictly); others stay as they are.

    Args:
        series: Block [n, t].
        threshold: In the unit of the series.

    Returns:
        float64 [n, t].
    """
    check_series(series)
    result = series.astype(np.float64)
    result[series.max(axis=1) < threshold] = 0.0
    return result
