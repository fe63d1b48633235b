"""Records and the steps that await them: what the faces of this package have in common, whatever engine runs them.

A face is lazy: `map` and `filter` add a step, and nothing is computed until an array, a count or a reduction is
asked for. Every engine then sends its blocks of records through the same steps (`run_steps`) and the same reductions
(`reductions`), so results do not depend on the engine. An engine is a class that implements `_then` and `_reduce`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from image_assets.signals.arrays import Block, Floats, Integers
from image_assets.signals.errors import SignalError
from image_assets.signals.reductions import Fold, MomentReduction, Reduction

ResultT = TypeVar("ResultT")


class Rows(NamedTuple):
    """Records and where they come from.

    `keys` is int64 [n, k]: t for volumes, the coordinates (z, y, x) for series. `values` is [n, ...].
    """

    keys: Integers
    values: Block


class Step(Protocol):
    """One step of a chain: rows in, rows out. Steps are picklable if their functions are."""

    def __call__(self, rows: Rows) -> Rows:
        """Apply the step to one block."""
        ...


@dataclass(frozen=True)
class Transform:
    """A kernel applied to the values; keys stay."""

    kernel: Callable[..., Block]
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, rows: Rows) -> Rows:
        """Apply the kernel to one block.

        Raises:
            SignalError: If the kernel changes the number of records.
        """
        values = np.asarray(self.kernel(rows.values, *self.arguments, **self.options))
        if values.shape[:1] != rows.values.shape[:1]:
            raise SignalError(
                f"{getattr(self.kernel, '__name__', self.kernel)} turned {len(rows.values)} records into an array of "
                f"shape {values.shape}: a kernel returns one result per record along the leading axis"
            )
        return Rows(rows.keys, values)


@dataclass(frozen=True)
class Selection:
    """Keeps the records whose values satisfy a predicate: block [n, ...] in, bool [n] out."""

    predicate: Callable[[Block], NDArray[np.bool_]]

    def __call__(self, rows: Rows) -> Rows:
        """Keep the records of one block that satisfy the predicate."""
        return _keep(rows, self.predicate(rows.values))


@dataclass(frozen=True)
class KeyRange:
    """Keeps the records whose first key is start, start + step, ... below stop (None: without end)."""

    start: int
    stop: int | None
    step: int

    def __call__(self, rows: Rows) -> Rows:
        """Keep the records of one block that lie in the range."""
        key = rows.keys[:, 0]
        inside = (key >= self.start) & ((key - self.start) % self.step == 0)
        return _keep(rows, inside if self.stop is None else inside & (key < self.stop))


def bound_arguments(
    kernel: Callable[..., Block], arguments: tuple[Any, ...], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a kernel by name, defaults included, so that a wrong call fails where it stands.

    Raises:
        TypeError: If they do not fit the signature of the kernel.
    """
    bound = signature(kernel).bind(None, *arguments, **options)
    bound.apply_defaults()
    return bound.arguments


def run_steps(rows: Rows, steps: Sequence[Step]) -> Rows:
    """Send one block through the steps; a block that lost all its records still takes part, so its shape is known."""
    for step in steps:
        rows = step(rows)
    return rows


class Records(ABC):
    """A set of records and the operations that mean the same for volumes and for series.

    Reductions run over the records: across volumes for images, across voxels for series.
    """

    @abstractmethod
    def _then(self, step: Step) -> Self:
        """Return the same records with one more step to run."""

    @abstractmethod
    def _reduce(self, reduction: Reduction[ResultT]) -> ResultT:
        """Run the steps and reduce the records."""

    @abstractmethod
    def rows(self) -> Rows:
        """Run the steps and return all records with their keys, in the order of their keys, in this process."""

    @abstractmethod
    def toarray(self) -> Block:
        """Run the steps and return the records as one array without axes of length 1, in this process.

        Volumes are [t, z, y, x]; series are [z, y, x, t], or [n, t] once filtered or flattened.
        """

    @abstractmethod
    def compute(self) -> Self:
        """Run the steps now and return the same records without steps; useful before using them twice."""

    @abstractmethod
    def count(self) -> int:
        """Run the steps and return the number of records."""

    def map(self, kernel: Callable[..., Block], *arguments: Any, **options: Any) -> Self:
        """Apply a function to blocks of records: block [n, ...] and the further arguments in, [n, ...] out."""
        return self._then(Transform(kernel, arguments, options))

    def filter(self, predicate: Callable[[Block], NDArray[np.bool_]]) -> Self:
        """Keep the records for which a function of a block [n, ...] returns True: bool [n].

        Example: `series.filter(lambda block: voxel_std(block) > 6)`.
        """
        return self._then(Selection(predicate))

    def reduce(self, reduction: Reduction[ResultT]) -> ResultT:
        """Reduce the records by a reduction of one's own, such as `reductions.Covariance()`."""
        return self._reduce(reduction)

    def mean(self) -> Floats:
        """Return the mean over the records, float64."""
        return self._reduce(MomentReduction()).mean()

    def var(self) -> Floats:
        """Return the population variance (divided by n) over the records, float64."""
        return self._reduce(MomentReduction()).variance()

    def std(self) -> Floats:
        """Return the population standard deviation (divided by n) over the records, float64."""
        return np.sqrt(self._reduce(MomentReduction()).variance())

    def max(self) -> Block:
        """Return the largest value over the records, in their dtype."""
        return self._reduce(Fold(np.maximum))

    def min(self) -> Block:
        """Return the smallest value over the records, in their dtype."""
        return self._reduce(Fold(np.minimum))

    def sum(self) -> Block:
        """Return the sum over the records: uint64 or int64 for integers, float64 for floats."""
        return self._reduce(Fold(np.add))


def _keep(rows: Rows, mask: NDArray[np.bool_]) -> Rows:
    kept = np.asarray(mask)
    if kept.shape != rows.values.shape[:1] or kept.dtype != np.bool_:
        raise SignalError(
            f"a predicate returns one bool per record: expected shape {rows.values.shape[:1]}, "
            f"found {kept.dtype} of shape {kept.shape}"
        )
    return Rows(rows.keys[kept], rows.values[kept])
