"""Array types and the conversions that every kernel of this package shares.

A kernel works on a block: an array whose leading axis counts records. A record is one volume or one series.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from image_assets.signals.errors import SignalError

Block = NDArray[Any]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def as_float(values: Block) -> Floats:
    """Return the values as float64, without a copy where they are float64 already."""
    return np.asarray(values, dtype=np.float64)


def check_series(series: Block) -> None:
    """Raise `SignalError` unless the block is two-dimensional: one series per row."""
    if series.ndim != 2:
        raise SignalError(
            f"expected a block of series [n, t], found an array of shape {series.shape}: "
            "this operation follows one that left no time axis"
        )


def centred(series: Block) -> Floats:
    """Subtract from each series its mean; a constant series becomes exactly zero.

    Args:
        series: Block [n, t].

    Returns:
        float64 [n, t], always a new array.
    """
    check_series(series)
    result = series.astype(np.float64)
    if series.dtype.kind == "f" and series.shape[1]:
        # The mean of n equal floats may be off by one ulp; after this shift a constant series is zero before it
        # is averaged. Integers need no shift: their sums are exact.
        result -= result[:, :1].copy()
    result -= result.mean(axis=1, keepdims=True)
    return result


def row_norms(block: Floats) -> Floats:
    """Return the Euclidean norm of each row [n, t] as float64 [n]."""
    norms: Floats = np.sqrt(np.einsum("ij,ij->i", block, block))
    return norms
