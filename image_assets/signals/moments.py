"""Sums that give a mean and a variance, exact for integers and mergeable in any order.

Integers of up to 16 bits keep exact sums, so that the result does not depend on how the records were split, and
a standard deviation that is a round number comes out as that number. Everything else keeps a mean and a sum of
squared deviations (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
variances", 1979), which stays accurate where plain sums of squares cancel.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from image_assets.signals.arrays import Block, Floats, Integers, as_float

_LARGEST_EXACT_VALUE = 2**16
_LARGEST_EXACT_SUM = 2**62


def has_exact_sums(values: Block) -> bool:
    """Tell whether squares of these values can be summed exactly: integers below 2**16 in size."""
    if values.dtype.kind not in "iu":
        return False
    if values.dtype.itemsize <= 2 or values.size == 0:
        return True
    return int(values.max()) < _LARGEST_EXACT_VALUE and int(values.min()) > -_LARGEST_EXACT_VALUE


def exact_squared_deviations(count: int, totals: Integers, squares: Integers) -> Floats:
    """Return `count` times the sum of squared deviations from the mean, from exact sums.

    Args:
        count: Number of values n.
        totals: Sums of the values.
        squares: Sums of the squared values.

    Returns:
        float64: n * sum((x - mean)**2), computed in integers while it fits 63 bits.
    """
    quotient, remainder = np.divmod(totals, count)
    around_quotient = squares - quotient * (totals + remainder)
    if around_quotient.size and int(around_quotient.max()) > _LARGEST_EXACT_SUM // count:
        return as_float(around_quotient) * count - as_float(remainder) ** 2
    return as_float(around_quotient * count - remainder**2)


@dataclass(frozen=True)
class Moments:
    """Count, first and second moment of records, element by element.

    `first` and `second` hold sums and sums of squares (int64) for exact integers, means and sums of squared
    deviations (float64) otherwise.
    """

    count: int
    first: Block
    second: Block

    @classmethod
    def of(cls, values: Block) -> Self:
        """Return the moments of a block over its leading axis."""
        count = len(values)
        if has_exact_sums(values):
            wide = values.astype(np.int64)
            return cls(count, wide.sum(axis=0), np.einsum("i...,i...->...", wide, wide))
        wide_floats = as_float(values)
        # Averaging differences from one record keeps an element that is constant exactly constant.
        mean = wide_floats[0] + (wide_floats - wide_floats[0]).mean(axis=0)
        deviations = wide_floats - mean
        return cls(count, mean, np.einsum("i...,i...->...", deviations, deviations))

    @property
    def is_exact(self) -> bool:
        """Whether the moments are exact integer sums."""
        return self.first.dtype.kind == "i"

    def merge(self, other: Self) -> Self:
        """Return the moments of the records of both."""
        if self.is_exact and other.is_exact and self._has_room and other._has_room:
            return type(self)(self.count + other.count, self.first + other.first, self.second + other.second)
        mine, theirs = self._as_floats(), other._as_floats()
        count = mine.count + theirs.count
        step = theirs.first - mine.first
        mean = mine.first + step * (theirs.count / count)
        second = mine.second + theirs.second + step**2 * (mine.count * theirs.count / count)
        return type(self)(count, mean, second)

    def mean(self) -> Floats:
        """Return the mean of each element, float64."""
        return as_float(self.first / self.count if self.is_exact else self.first)

    def variance(self) -> Floats:
        """Return the population variance (divided by n) of each element, float64."""
        if self.is_exact:
            return exact_squared_deviations(self.count, self.first, self.second) / self.count**2
        return as_float(self.second / self.count)

    @property
    def _has_room(self) -> bool:
        return self.second.size == 0 or int(self.second.max()) < _LARGEST_EXACT_SUM // 2

    def _as_floats(self) -> Self:
        if not self.is_exact:
            return self
        return type(self)(self.count, self.mean(), self.variance() * self.count)
