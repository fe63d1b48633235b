"""Baselines of a series and its change relative to them.

Source: `Series.normalize` of Thunder 1.x (`thunder/series/series.py`), in its Python 3 arithmetic.
"""

import numpy as np
from scipy import ndimage

from image_assets.signals.arrays import Block, Floats, as_float, check_series
from image_assets.signals.errors import SignalError
from image_assets.signals.voxelwise import voxel_mean

BASELINES = ("percentile", "mean", "window", "window-exact")


def normalize(
    series: Block,
    method: str = "percentile",
    window: int | None = None,
    perc: float = 20,
    offset: float = 0.1,
) -> Floats:
    """Return (x - b) / (b + offset) for a baseline b of each series.

    Args:
        series: Block [n, t].
        method: The baseline. `percentile`: the linearly interpolated percentile of the series. `mean`: its mean.
            `window`: see `window_baseline`. `window-exact`: see `window_exact_baseline`.
        window: Number of time points of a window; only for the two windowed baselines, which require it.
        perc: Percentile, 0 to 100; not used by `mean`.
        offset: Added to the divisor, in the unit of the series.

    Returns:
        float64 [n, t].

    Raises:
        SignalError: If the method is unknown, `perc` is outside 0..100, or a window is missing, below 1, or given
            to a method without one.
    """
    check_series(series)
    baseline = _baseline(series, method, window, perc)
    result = as_float(series) - baseline
    with np.errstate(divide="ignore", invalid="ignore"):
        result /= baseline + offset
    return result


def _baseline(series: Block, method: str, window: int | None, perc: float) -> Floats:
    if method not in BASELINES:
        raise SignalError(f"unknown baseline {method!r}: choose one of {', '.join(BASELINES)}")
    if not 0 <= perc <= 100:
        raise SignalError(f"perc is {perc}: a percentile lies between 0 and 100")
    if method in {"percentile", "mean"}:
        if window is not None:
            raise SignalError(f"window={window} has no meaning for the baseline {method!r}: leave it out")
        return percentile_baseline(series, perc) if method == "percentile" else voxel_mean(series)[:, np.newaxis]
    if window is None or window < 1:
        raise SignalError(f"the baseline {method!r} needs a window of at least 1 time point, found {window}")
    return window_baseline(series, window, perc) if method == "window" else window_exact_baseline(series, window, perc)


def percentile_baseline(series: Block, perc: float) -> Floats:
    """Return the percentile at position perc / 100 * (t - 1) of the sorted series, linearly interpolated: [n, 1]."""
    values = as_float(series) if series.dtype.kind == "f" else series
    return as_float(np.percentile(values, perc, axis=1, keepdims=True))


def window_baseline(series: Block, window: int, perc: float) -> Floats:
    """Return a running order statistic without interpolation.

    At time i: number int(window * perc / 100) (from 0; the last one for 100) of the sorted values at
    i - window // 2 .. i - window // 2 + window - 1, where positions beyond an end hold the value at that end. A window
    with a NaN gives NaN.

    Returns:
        float64 [n, t].
    """
    rank = min(int(window * perc / 100), window - 1)
    return _running_rank(as_float(series), rank, window)


def window_exact_baseline(series: Block, window: int, perc: float) -> Floats:
    """Return a running percentile, linearly interpolated, over windows that shrink at the ends.

    At time i: the percentile of x[max(i - l, 0) : min(i + r + 1, t)], with l = r = window / 2 for an even window
    (window + 1 points) and l = (window + 1) / 2, r = l + 1 for an odd one (window + 3 points).

    Returns:
        float64 [n, t].
    """
    values = as_float(series)
    n_times = values.shape[1]
    left = (window + 1) // 2
    right = left + window % 2
    width = left + right + 1
    result = np.empty_like(values)
    if n_times >= width:
        running = _running_percentile(values, width, perc)
        # The filter counts its output from the middle of a window, this baseline from `left`.
        result[:, left : n_times - right] = running[:, width // 2 : width // 2 + n_times - width + 1]
    shortened = (i for i in range(n_times) if i < left or i + right >= n_times)
    for i in shortened:
        result[:, i] = np.percentile(values[:, max(i - left, 0) : i + right + 1], perc, axis=1)
    return result


def _running_percentile(values: Floats, width: int, perc: float) -> Floats:
    """Interpolate between two running order statistics; only outputs whose window is complete are meaningful."""
    position = perc / 100 * (width - 1)
    rank = min(int(position), width - 1)
    low = _running_rank(values, rank, width)
    if position == rank:
        return low
    high = _running_rank(values, rank + 1, width)
    return low + (high - low) * (position - rank)


def _running_rank(values: Floats, rank: int, width: int) -> Floats:
    """Return an order statistic of the window around each time point, ends clamped; NaN where it holds a NaN.

    SciPy's filter for one axis updates the window instead of sorting each one, so all series are put in one line,
    each with its ends repeated so far that no window reaches the next.
    """
    missing = np.isnan(values)
    # A NaN has no place in the order that the filter keeps, and would spoil the series that follow.
    ordered = np.where(missing, 0.0, values) if missing.any() else values
    padded = np.pad(ordered, ((0, 0), (width, width)), mode="edge")
    line = ndimage.rank_filter(padded.ravel(), rank, size=width, mode="nearest")
    result: Floats = line.reshape(padded.shape)[:, width:-width]
    result[ndimage.maximum_filter1d(missing, width, axis=1, mode="nearest")] = np.nan
    return result
