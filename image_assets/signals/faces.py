"""What the faces of all engines share: a source of records, the steps that await them, and what is known of both."""

from abc import abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from image_assets.signals.arrays import Block
from image_assets.signals.errors import SignalError
from image_assets.signals.records import Records, Rows, Step, Transform, run_steps
from image_assets.signals.series import SeriesOperations


class Grid(Protocol):
    """A source of records, as far as every engine knows it."""

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape that the records fill in C order: (t,) for volumes, (z, y, x) for series."""
        ...


SourceT = TypeVar("SourceT", bound=Grid)


class SourcedRecords(Records, Generic[SourceT]):
    """Records of a source, and steps to run on them."""

    def __init__(self, source: SourceT) -> None:
        self._source = source
        self._steps: tuple[Step, ...] = ()
        self._fills_grid = True

    def _then(self, step: Step) -> Self:
        changed = copy(self)
        changed._steps = (*self._steps, step)
        changed._fills_grid = self._fills_grid and isinstance(step, Transform)
        return changed

    @property
    def _only_transforms(self) -> bool:
        return all(isinstance(step, Transform) for step in self._steps)

    def toarray(self) -> Block:
        """Run the steps and return the records as one array without axes of length 1.

        Volumes are [t, z, y, x]; series are [z, y, x, t], or [n, t] once filtered or flattened.
        """
        values = self.rows().values
        if self._fills_grid:
            values = values.reshape(self._source.grid + values.shape[1:])
        return np.squeeze(values)


class SourcedSeries(SourcedRecords[SourceT], SeriesOperations):
    """Series of a source, with the labels of their time points."""

    _index: Callable[[], Block] | None = None

    @abstractmethod
    def _first(self) -> Rows:
        """Return the first record of the source, without steps."""

    @property
    def index(self) -> Block:
        """Labels of the time points [t]."""
        if self._index is not None:
            return self._index()
        first = run_steps(self._first(), [step for step in self._steps if isinstance(step, Transform)])
        return np.arange(first.values.shape[1] if first.values.ndim > 1 else 1)

    def _labelled(self, index: Callable[[], Block] | None) -> Self:
        changed = copy(self)
        changed._index = index
        return changed

    def flatten(self) -> Self:
        """Return the series as one list, voxels in C order: [z, y, x, t] becomes [z * y * x, t]."""
        changed = copy(self)
        changed._fills_grid = False
        return changed

    def _check_fills_grid(self) -> None:
        if not self._fills_grid:
            raise SignalError("filtered or flattened series do not fill a volume: turn all voxels into images")
