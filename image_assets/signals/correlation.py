"""Correlation of series with given signals.

Source: `Series.correlate` and `Series.crosscorr` of Thunder 1.x (`thunder/series/series.py`).
"""

import numpy as np

from image_assets.signals.arrays import Block, Floats, Integers, as_float, centred, row_norms
from image_assets.signals.errors import SignalError


def correlate(series: Block, signal: Block) -> Floats:
    """Return the Pearson correlation of each series with one or several signals.

    Args:
        series: Block [n, t].
        signal: [t], or [m, t] for several.

    Returns:
        float64 [n, m] (m = 1 for one signal) in [-1, 1]; NaN where the series or the signal is constant.

    Raises:
        SignalError: If a signal is not as long as the series.
    """
    signals = _signals(signal, series.shape[-1])
    deviations = centred(series)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit_signals = signals / row_norms(signals)[:, np.newaxis]
        correlation = (deviations @ unit_signals.T) / row_norms(deviations)[:, np.newaxis]
    return np.clip(correlation, -1.0, 1.0)


def crosscorr(series: Block, signal: Block, lag: int = 0) -> Floats:
    """Return the correlation of each series with a signal shifted by -lag .. lag time points.

    Series and signal lose their mean and get unit norm. For each shift: the dot product of the series and the signal
    shifted right by that many points, filled with zeros and not normalized again.

    Args:
        series: Block [n, t].
        signal: [t].
        lag: Largest shift in time points, at least 0.

    Returns:
        float64 [n, 2 lag + 1]; 0 for a constant series, NaN for a constant signal.

    Raises:
        SignalError: If there are several signals, the signal is not as long as the series, or the lag is negative.
    """
    if lag < 0:
        raise SignalError(f"lag is {lag}: the largest shift is at least 0 time points")
    signals = _signals(signal, series.shape[-1])
    if len(signals) != 1:
        raise SignalError(f"found {len(signals)} signals: the lagged correlation takes one signal [t]")
    deviations = centred(series)
    norms = row_norms(deviations)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit_signal = signals[0] / row_norms(signals)[0]
        correlation = (deviations @ _shifted(unit_signal, lag).T) / norms[:, np.newaxis]
    correlation[norms == 0] = 0.0
    return correlation


def brightness(series: Block, centres: Floats, labels: Integers) -> Floats:
    """Return how well each series follows the centre of its own cluster, for the brightness of a cluster map.

    The Pearson correlation with that centre, 0 where either is constant or the label is negative, negative values
    set to 0 (the old clustering tutorial of Thunder 0.4).

    Args:
        series: Block [n, t].
        centres: [k, t].
        labels: [n], the cluster of each series; negative for none.

    Returns:
        float64 [n] in [0, 1].
    """
    deviations = centred(series)
    centre_deviations = centred(centres)
    own = np.maximum(labels, 0)
    norms = row_norms(deviations) * row_norms(centre_deviations)[own]
    products = np.einsum("ij,ij->i", deviations, centre_deviations[own])
    usable = (norms > 0) & (labels >= 0)
    correlation = np.divide(products, norms, out=np.zeros_like(norms), where=usable)
    return as_float(np.clip(correlation, 0.0, 1.0))


def _signals(signal: Block, n_times: int) -> Floats:
    signals = np.atleast_2d(as_float(signal))
    if signals.ndim != 2 or signals.shape[1] != n_times:
        raise SignalError(f"expected signals [m, {n_times}] as long as the series, found shape {np.shape(signal)}")
    return centred(signals)


def _shifted(signal: Floats, lag: int) -> Floats:
    """Return the signal shifted right by -lag .. lag, zero filled, [2 lag + 1, t]."""
    padded = np.pad(signal, lag)
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(signal))
    return np.ascontiguousarray(windows[::-1])
