"""The operations on series, one table for every engine.

Each line of `SeriesOperations` that reads `per_series(kernel)` is one operation: that kernel applied to blocks of
series, lazily. Its definition is the docstring of the kernel, which is also the docstring of the method. Where the
kernel changes the time points, a second function says what becomes of their labels (`index`).
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

import numpy as np

from image_assets.signals import baseline, correlation, resampling, scaling, spectrum, trend, voxelwise
from image_assets.signals.arrays import Block, Floats, Integers
from image_assets.signals.errors import SignalError
from image_assets.signals.records import Records, Transform, bound_arguments
from image_assets.signals.reductions import Covariance, MomentReduction

if TYPE_CHECKING:
    from image_assets.signals.images import ImageOperations

P = ParamSpec("P")
SeriesT = TypeVar("SeriesT", bound="SeriesOperations")
Labels = Callable[[Block, Mapping[str, Any]], Block]


def per_series(
    kernel: Callable[Concatenate[Block, P], Block], labels: Labels | None = None
) -> Callable[Concatenate[SeriesT, P], SeriesT]:
    """Return the lazy operation that applies a kernel to blocks of series.

    Args:
        kernel: Block [n, t] and arguments in, [n, ...] out.
        labels: Labels of the time points and the arguments by name in, new labels out; without it they stay.
    """

    @wraps(kernel)
    def operation(self: SeriesT, /, *arguments: P.args, **options: P.kwargs) -> SeriesT:
        given = bound_arguments(kernel, arguments, options)
        result = self._then(Transform(kernel, arguments, options))
        return result if labels is None else result._labelled(lambda: labels(self.index, given))

    return operation


def _every(index: Block, given: Mapping[str, Any]) -> Block:
    return index[:: given["factor"]]


def _lags(_index: Block, given: Mapping[str, Any]) -> Block:
    return np.arange(-given["lag"], given["lag"] + 1)


def _one(_index: Block, _given: Mapping[str, Any]) -> Block:
    return np.arange(1)


def _signals(_index: Block, given: Mapping[str, Any]) -> Block:
    return np.arange(len(np.atleast_2d(given["signal"])))


class SeriesOperations(Records):
    """Series of voxels, each with the same time points; the key of a series is its place (z, y, x)."""

    normalize = per_series(baseline.normalize)
    detrend = per_series(trend.detrend)
    squelch = per_series(scaling.squelch)
    fourier = per_series(spectrum.fourier, lambda _index, _given: np.array(spectrum.FOURIER_COLUMNS))
    correlate = per_series(correlation.correlate, _signals)
    crosscorr = per_series(correlation.crosscorr, _lags)
    downsample = per_series(resampling.downsample, lambda index, given: np.arange(len(index) // given["factor"]))
    subsample = per_series(resampling.subsample_series, _every)
    mean_by_panel = per_series(resampling.mean_by_panel, lambda _index, given: np.arange(given["length"]))
    voxel_mean = per_series(voxelwise.voxel_mean, _one)
    voxel_std = per_series(voxelwise.voxel_std, _one)
    voxel_var = per_series(voxelwise.voxel_variance, _one)
    voxel_max = per_series(voxelwise.voxel_max, _one)
    voxel_min = per_series(voxelwise.voxel_min, _one)
    voxel_sum = per_series(voxelwise.voxel_sum, _one)

    @property
    @abstractmethod
    def index(self) -> Block:
        """Labels of the time points [t]: 0 .. t - 1 unless an operation selected or renamed them."""

    @abstractmethod
    def _labelled(self, index: Callable[[], Block] | None) -> Self:
        """Return the same series with labels made when they are asked for; None for 0 .. t - 1."""

    @abstractmethod
    def flatten(self) -> Self:
        """Return the series as one list, voxels in C order: [z, y, x, t] becomes [z * y * x, t]."""

    @abstractmethod
    def toimages(self) -> "ImageOperations":
        """Move time to the first axis: [z, y, x, t] becomes [t, z, y, x].

        Raises:
            SignalError: If voxels were filtered out or the series flattened.
        """

    def map(self, kernel: Callable[..., Block], *arguments: Any, **options: Any) -> Self:
        """Apply a function to blocks of series: block [n, t] and the further arguments in, [n, ...] out."""
        return super().map(kernel, *arguments, **options)._labelled(None)

    def center(self, axis: int = 1) -> Self:
        """Subtract the mean of each series (axis=1) or of each time point across the series (axis=0).

        The result is float64. The meaning of the axis is that of Thunder 1.x, the reverse of 0.4.
        """
        if _is_within(axis):
            return self._then(Transform(scaling.center))
        return self._then(Transform(scaling.shift_and_scale, (self.mean(), 1.0)))

    def standardize(self, axis: int = 1) -> Self:
        """Divide by the population standard deviation of each series (axis=1) or each time point (axis=0).

        The result is float64; a constant series gives +-inf, or NaN where it is 0.
        """
        if _is_within(axis):
            return self._then(Transform(scaling.standardize))
        return self._then(Transform(scaling.shift_and_scale, (0.0, self.std())))

    def zscore(self, axis: int = 1) -> Self:
        """Subtract the mean and divide by the population deviation of each series (axis=1) or time point (axis=0).

        The result is float64; a constant series gives NaN.
        """
        if _is_within(axis):
            return self._then(Transform(scaling.zscore))
        moments = self._reduce(MomentReduction())
        return self._then(Transform(scaling.shift_and_scale, (moments.mean(), np.sqrt(moments.variance()))))

    def cov(self) -> Floats:
        """Return the covariance between time points across series, float64 [t, t]; see `Covariance`."""
        return self._reduce(Covariance())

    def select(self, wanted: int | str | Sequence[Any] | Callable[[Any], bool]) -> Self:
        """Keep time points by their label: one label, several, or those for which a function returns True.

        Raises:
            SignalError: If no label fits.
        """
        index = self.index
        if callable(wanted):
            chosen = np.array([bool(wanted(label)) for label in index.tolist()], dtype=np.bool_)
        else:
            chosen = np.isin(index, np.atleast_1d(np.asarray(wanted)))
        positions = np.flatnonzero(chosen)
        if not positions.size:
            raise SignalError(f"no time point fits {wanted!r}: the labels are {index[:3]} to {index[-3:]}")
        return self._then(Transform(resampling.take, (positions,)))._labelled(lambda: index[positions])

    def between(self, left: float, right: float) -> Self:
        """Keep the time points with left <= label < right (Thunder 0.4 included the right end)."""
        return self.select(lambda label: left <= label < right)

    def mean_by_window(self, centers: Sequence[int] | Integers, window: int) -> Self:
        """Return the mean over windows around the time points with the given labels.

        A window covers positions c - window // 2 .. c + window - window // 2 - 1 around that c of its label; the
        result has the time points 0 .. window - 1.

        Raises:
            SignalError: If a label does not exist or a window reaches beyond the series.
        """
        positions = [np.flatnonzero(self.index == center) for center in centers]
        missing = [center for center, found in zip(centers, positions, strict=True) if not found.size]
        if missing or not positions:
            raise SignalError(f"no time points are labelled {missing or centers}: windows need centres of the index")
        centers_at = np.array([found[0] for found in positions])
        result = self._then(Transform(resampling.mean_by_window, (centers_at, window)))
        return result._labelled(lambda: np.arange(window))


def _is_within(axis: int) -> bool:
    if axis not in {0, 1}:
        raise SignalError(f"axis is {axis}: 1 works within each series, 0 across series at each time point")
    return axis == 1
