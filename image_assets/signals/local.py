"""The notebook faces: `Images` and `Series` over NumPy arrays, in one process, block by block.

Example:
    images = Images(volumes)                     # [t, z, y, x]
    active = images.toseries().filter(lambda block: voxel_std(block) > 6)
    scores = active.zscore().toarray()           # only now is anything computed
"""

from collections.abc import Callable, Iterator
from copy import copy
from typing import Self, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from image_assets.signals.arrays import Block
from image_assets.signals.errors import SignalError
from image_assets.signals.faces import SourcedRecords, SourcedSeries
from image_assets.signals.images import ImageOperations
from image_assets.signals.records import Rows, run_steps
from image_assets.signals.reductions import Reduction, reduce_blocks
from image_assets.signals.sources import ArraySource, DeferredSource, Source, VoxelSource

ResultT = TypeVar("ResultT")

BLOCK_VALUES = 2**18  # 2 MiB of float64: a block and its temporaries stay near the processor's cache


class LocalRecords(SourcedRecords[Source]):
    """The engine of the notebook faces: sends the blocks of a source through the steps."""

    def _reduce(self, reduction: Reduction[ResultT]) -> ResultT:
        return reduce_blocks(reduction, (rows.values for rows in self._blocks()))

    def rows(self) -> Rows:
        """Run the steps and return all records with their keys, in C order of their keys."""
        if not self._steps:
            return self._source.read(0, self._source.n_records)
        blocks = list(self._blocks())
        keys = np.concatenate([rows.keys for rows in blocks])
        return Rows(keys, np.concatenate([rows.values for rows in blocks]))

    def count(self) -> int:
        """Return the number of records; the steps run only if one of them selects."""
        if self._only_transforms:
            return self._source.n_records
        return sum(len(rows.keys) for rows in self._blocks())

    def compute(self) -> Self:
        """Run the steps now and return the same records without steps; useful before using them twice."""
        computed = copy(self)
        keys, values = self.rows()
        computed._source = ArraySource(values, self._source.grid, keys)
        computed._steps = ()
        return computed

    def _blocks(self) -> Iterator[Rows]:
        n_records = self._source.n_records
        n_values = self._source.read(0, 1).values.size if n_records else 1
        size = max(1, BLOCK_VALUES // max(1, n_values))
        for start in range(0, n_records, size):
            yield run_steps(self._source.read(start, min(start + size, n_records)), self._steps)


class Images(LocalRecords, ImageOperations):
    """Volumes over time in this process: [t, z, y, x], or [t, y, x] for planes.

    Args:
        volumes: An array with time as first axis, or a `Source` of volumes such as a recording on disk.
    """

    def __init__(self, volumes: ArrayLike | Source) -> None:
        super().__init__(_as_source(volumes, grid_axes=1))

    def toseries(self) -> "Series":
        """Move time to the last axis: [t, z, y, x] becomes [z, y, x, t], one series per voxel in C order.

        Once a result is asked for, all volumes are held in memory; `transpose` turns larger recordings by blocks.
        """
        return Series(DeferredSource(lambda: VoxelSource(self.rows().values)), lambda: np.arange(self.count()))


class Series(LocalRecords, SourcedSeries[Source]):
    """Series of voxels in this process: [z, y, x, t] or [n, t].

    Args:
        series: An array with time as last axis, or a `Source` of series.
        index: Labels of the time points, or a function that returns them; 0 .. t - 1 without.
    """

    def __init__(self, series: ArrayLike | Source, index: ArrayLike | Callable[[], Block] | None = None) -> None:
        super().__init__(_as_source(series, grid_axes=-1))
        self._index = index if index is None or callable(index) else lambda: np.asarray(index)

    def toimages(self) -> Images:
        """Move time to the first axis: [z, y, x, t] becomes [t, z, y, x].

        Raises:
            SignalError: If voxels were filtered out or the series flattened.
        """
        self._check_fills_grid()
        return Images(DeferredSource(self._turned))

    def _first(self) -> Rows:
        return self._source.read(0, 1)

    def _turned(self) -> ArraySource:
        values = self.rows().values.reshape(*self._source.grid, -1)
        return ArraySource(np.moveaxis(values, -1, 0), (values.shape[-1],))


def _as_source(values: ArrayLike | Source, grid_axes: int) -> Source:
    """Return a source of records along the first `grid_axes` axes (or all but the last ones, if negative)."""
    # Asked of the type: a deferred source must not be built to find out what it is.
    if hasattr(type(values), "n_records"):
        return cast("Source", values)
    array = np.asarray(values)
    if array.ndim < 2:
        raise SignalError(f"expected an array of at least 2 axes, found shape {array.shape}")
    grid = array.shape[:grid_axes]
    return ArraySource(array.reshape(-1, *array.shape[grid_axes:]), grid)
