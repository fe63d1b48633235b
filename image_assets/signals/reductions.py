"""Reductions over records that can be computed in parts: across volumes for images, across voxels for series.

A reduction turns a block into a partial result, merges two partial results, and finishes the last one. A partial
result is a tuple of arrays, so that any engine can move it (`pack`, `unpack`).
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from image_assets.signals.arrays import Block, Floats, as_float, check_series
from image_assets.signals.errors import SignalError
from image_assets.signals.moments import Moments

Partial = tuple[Block, ...]
ResultT = TypeVar("ResultT")
ResultT_co = TypeVar("ResultT_co", covariant=True)


class Reduction(Protocol[ResultT_co]):
    """What an engine needs to know to reduce blocks of records to one result."""

    def partial(self, values: Block) -> Partial:
        """Reduce one block with at least one record."""
        ...

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Combine the partial results of two sets of records."""
        ...

    def finish(self, partial: Partial) -> ResultT_co:
        """Turn the partial result of all records into the result."""
        ...


def reduce_blocks(reduction: Reduction[ResultT], blocks: Iterable[Block]) -> ResultT:
    """Reduce blocks in one process; blocks without records are passed over.

    Raises:
        SignalError: If no block has a record.
    """
    return finish_partials(reduction, (reduction.partial(values) for values in blocks if len(values)))


def merge_blocks(reduction: Reduction[ResultT], blocks: Iterable[Block]) -> Partial | None:
    """Return the merged partial result of the blocks of one task, None if they have no record."""
    return _merged(reduction, (reduction.partial(values) for values in blocks if len(values)))


def finish_partials(reduction: Reduction[ResultT], partials: Iterable[Partial]) -> ResultT:
    """Merge the partial results of all tasks, in the order given, and finish.

    Raises:
        SignalError: If there is none.
    """
    merged = _merged(reduction, partials)
    if merged is None:
        raise SignalError(f"{type(reduction).__name__} of no records: every record was filtered out")
    return reduction.finish(merged)


def pack(partial: Partial) -> bytes:
    """Return a partial result as bytes (npz, no pickle)."""
    buffer = io.BytesIO()
    np.savez(buffer, *partial)
    return buffer.getvalue()


def unpack(content: bytes) -> Partial:
    """Return the partial result that `pack` wrote."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return tuple(arrays[f"arr_{i}"] for i in range(len(arrays.files)))


@dataclass(frozen=True)
class Fold:
    """An associative ufunc over the leading axis, in the dtype that NumPy gives it.

    `np.maximum` and `np.minimum` keep the dtype; `np.add` widens integers to 64 bits (uint8 to uint64).
    """

    ufunc: np.ufunc

    def partial(self, values: Block) -> Partial:
        """Fold one block."""
        return (np.asarray(self.ufunc.reduce(values if values.dtype.kind != "f" else as_float(values), axis=0)),)

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Fold two results."""
        return (self.ufunc(left[0], right[0]),)

    def finish(self, partial: Partial) -> Block:
        """Return the folded values."""
        return partial[0]


class MomentReduction:
    """Mean and variance over the leading axis."""

    def partial(self, values: Block) -> Partial:
        """Return the moments of one block."""
        return _as_partial(Moments.of(values))

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Merge two sets of moments."""
        return _as_partial(_as_moments(left).merge(_as_moments(right)))

    def finish(self, partial: Partial) -> Moments:
        """Return the moments of all records."""
        return _as_moments(partial)


class Covariance:
    """Covariance between time points across series: C'C / (n - 1), C without the mean of each time point.

    The result is float64 [t, t]. Partial results merge as in `moments`, so a large common offset does not cancel.
    """

    def partial(self, values: Block) -> Partial:
        """Return count, mean [t] and co-deviations [t, t] of one block [n, t]."""
        check_series(values)
        series = as_float(values)
        mean = series.mean(axis=0)
        deviations = series - mean
        return np.asarray(len(series)), mean, deviations.T @ deviations

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Merge two counts, means and co-deviations."""
        count = left[0] + right[0]
        step = right[1] - left[1]
        weight = left[0] * right[0] / count
        return count, left[1] + step * (right[0] / count), left[2] + right[2] + weight * np.outer(step, step)

    def finish(self, partial: Partial) -> Floats:
        """Divide by n - 1.

        Raises:
            SignalError: If there is only one series.
        """
        count = int(partial[0])
        if count < 2:
            raise SignalError("the covariance between time points needs at least 2 series, found 1")
        return as_float(partial[2]) / (count - 1)


def _merged(reduction: Reduction[ResultT], partials: Iterable[Partial]) -> Partial | None:
    merged: Partial | None = None
    for part in partials:
        merged = part if merged is None else reduction.merge(merged, part)
    return merged


def _as_partial(moments: Moments) -> Partial:
    return np.asarray(moments.count), moments.first, moments.second


def _as_moments(partial: Partial) -> Moments:
    return Moments(int(partial[0]), partial[1], partial[2])
