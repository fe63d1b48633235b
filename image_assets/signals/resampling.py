"""Fewer time points: selection, downsampling, means over panels and windows.

Source: `Series.select`, `mean_by_panel`, `mean_by_window` and `subsample` of Thunder 1.x
(`thunder/series/series.py`); `downsample` of Thunder 0.4.
"""

import numpy as np

from image_assets.signals.arrays import Block, Floats, Integers, as_float, check_series
from image_assets.signals.errors import SignalError


def take(series: Block, positions: Integers) -> Block:
    """Return the time points at the given positions (from 0), in the input dtype: [n, len(positions)]."""
    check_series(series)
    return series[:, positions]


def downsample(series: Block, factor: int) -> Floats:
    """Return the means of consecutive blocks of `factor` time points; a shorter tail is dropped.

    Returns:
        float64 [n, t // factor].

    Raises:
        SignalError: If the factor is below 1 or above t.
    """
    check_series(series)
    n_blocks = series.shape[1] // factor if factor >= 1 else 0
    if not n_blocks:
        raise SignalError(f"factor is {factor}: choose 1 to {series.shape[1]}, the number of time points")
    blocks = series[:, : n_blocks * factor].reshape(len(series), n_blocks, factor)
    return as_float(blocks.mean(axis=2, dtype=np.float64))


def subsample_series(series: Block, factor: int) -> Block:
    """Return every `factor`-th time point from 0 on, in the input dtype: [n, ceil(t / factor)]."""
    check_series(series)
    if factor < 1:
        raise SignalError(f"factor is {factor}: it is at least 1")
    return series[:, ::factor]


def mean_by_panel(series: Block, length: int) -> Floats:
    """Cut each series into panels of `length` time points and return the mean over the panels.

    Returns:
        float64 [n, length].

    Raises:
        SignalError: If the panels do not divide the series exactly.
    """
    check_series(series)
    n_times = series.shape[1]
    if length < 1 or n_times % length:
        raise SignalError(f"length is {length}: panels must divide the {n_times} time points exactly")
    panels = series.reshape(len(series), n_times // length, length)
    return as_float(panels.mean(axis=1, dtype=np.float64))


def mean_by_window(series: Block, centers: Integers, window: int) -> Floats:
    """Return the mean over windows around several time points.

    Args:
        series: Block [n, t].
        centers: Positions c of the window centres, from 0.
        window: Number of time points w; a window covers c - w // 2 .. c + w - w // 2 - 1.

    Returns:
        float64 [n, window].

    Raises:
        SignalError: If there is no window, or one reaches beyond the series.
    """
    check_series(series)
    starts = np.atleast_1d(np.asarray(centers, dtype=np.int64)) - window // 2
    n_times = series.shape[1]
    if window < 1 or not starts.size or starts.min() < 0 or starts.max() + window > n_times:
        raise SignalError(f"windows of {window} around {centers} do not fit into {n_times} time points")
    total = np.zeros((len(series), window))
    for start in starts:
        total += series[:, start : start + window]
    return total / starts.size
