"""The operations on images, one table for every engine.

Each line of `ImageOperations` that reads `per_volume(kernel)` is one operation: that kernel applied to blocks of
volumes, lazily. Its definition is the docstring of the kernel, which is also the docstring of the method.
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import wraps
from types import EllipsisType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

from image_assets.signals import filters, volumes
from image_assets.signals.arrays import Block, Floats
from image_assets.signals.errors import SignalError
from image_assets.signals.local_correlation import LocalCorrelation
from image_assets.signals.records import KeyRange, Records, Transform, bound_arguments

if TYPE_CHECKING:
    from image_assets.signals.series import SeriesOperations

P = ParamSpec("P")
ImagesT = TypeVar("ImagesT", bound="ImageOperations")
Selector = int | slice


def per_volume(kernel: Callable[Concatenate[Block, P], Block]) -> Callable[Concatenate[ImagesT, P], ImagesT]:
    """Return the lazy operation that applies a kernel to blocks of volumes."""

    @wraps(kernel)
    def operation(self: ImagesT, /, *arguments: P.args, **options: P.kwargs) -> ImagesT:
        bound_arguments(kernel, arguments, options)
        return self._then(Transform(kernel, arguments, options))

    return operation


class ImageOperations(Records):
    """Volumes [z, y, x] (or planes [y, x]) over time; the key of a volume is its time t."""

    max_projection = per_volume(volumes.max_projection)
    max_min_projection = per_volume(volumes.max_min_projection)
    subsample = per_volume(volumes.subsample_volumes)
    subtract = per_volume(volumes.subtract)
    median_filter = per_volume(filters.median_filter)
    uniform_filter = per_volume(filters.uniform_filter)
    gaussian_filter = per_volume(filters.gaussian_filter)

    @abstractmethod
    def toseries(self) -> "SeriesOperations":
        """Move time to the last axis: [t, z, y, x] becomes [z, y, x, t], one series per voxel in C order."""

    def localcorr(self, size: int = 2) -> Floats:
        """Return the correlation over time of each voxel with its neighbourhood; see `LocalCorrelation`."""
        return self._reduce(LocalCorrelation(size))

    def map_as_series(self, kernel: Callable[..., Block], *arguments: object, **options: object) -> "ImageOperations":
        """Apply a function to blocks of series, [n, t] in and [n, t'] out, and return the result as images."""
        return self.toseries().map(kernel, *arguments, **options).toimages()

    def __getitem__(self, selectors: Selector | EllipsisType | tuple[Selector, ...]) -> Self:
        """Select times and a box of each volume, as `images[t, z, y, x]` with integers or slices.

        An integer keeps its axis with length 1, so `images[:, 0]` is plane 0. Times are those of the recording,
        counted from 0 and never from the end.

        Raises:
            SignalError: If a time is negative or a step below 1.
        """
        if selectors is ...:
            return self
        time, *box = (_as_slice(one) for one in (selectors if isinstance(selectors, tuple) else (selectors,)))
        start, step = time.start or 0, 1 if time.step is None else time.step
        if start < 0 or step < 1 or (time.stop is not None and time.stop < 0):
            raise SignalError(f"times {time}: choose a range from 0 on that runs forwards")
        chosen = self if time == slice(None) else self._then(KeyRange(start, time.stop, step))
        return chosen._then(Transform(volumes.crop, (tuple(box),))) if box else chosen


def _as_slice(selector: object) -> slice:
    if isinstance(selector, slice):
        return selector
    if isinstance(selector, int):
        return slice(selector, selector + 1 or None)
    raise SignalError(f"cannot select by {selector!r}: use integers and slices")
