"""Where the records of the notebook faces come from: arrays, files, and other faces. Read block by block."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from image_assets.signals.arrays import Block, Integers
from image_assets.signals.records import Rows
from image_assets.signals.transpose import voxel_keys


class Source(Protocol):
    """Records that can be read by range."""

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape that the records fill in C order: (t,) for volumes, (z, y, x) for series."""
        ...

    @property
    def n_records(self) -> int:
        """Number of records."""
        ...

    def read(self, start: int, stop: int) -> Rows:
        """Return records start .. stop - 1."""
        ...


@dataclass(frozen=True)
class ArraySource:
    """Records along the leading axes of an array.

    Attributes:
        values: [n, ...], one record per entry of the leading axis.
        grid: Shape that the n records fill in C order.
        keys: int64 [n, k]; without them, the coordinates in the grid.
    """

    values: Block
    grid: tuple[int, ...]
    keys: Integers | None = None

    @property
    def n_records(self) -> int:
        """Number of records."""
        return len(self.values)

    def read(self, start: int, stop: int) -> Rows:
        """Return records start .. stop - 1, as a view."""
        keys = voxel_keys(start, stop, self.grid) if self.keys is None else self.keys[start:stop]
        return Rows(keys, self.values[start:stop])


@dataclass(frozen=True)
class VoxelSource:
    """The series of the voxels of volumes [t, z, y, x], turned block by block."""

    volumes: Block

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape of one volume."""
        return self.volumes.shape[1:]

    @property
    def n_records(self) -> int:
        """Number of voxels."""
        return int(np.prod(self.grid))

    def read(self, start: int, stop: int) -> Rows:
        """Return the series of voxels start .. stop - 1, C-contiguous [stop - start, t]."""
        flat = self.volumes.reshape(len(self.volumes), -1)
        return Rows(voxel_keys(start, stop, self.grid), np.ascontiguousarray(flat[:, start:stop].T))


@dataclass(frozen=True)
class DeferredSource:
    """A source that is built when it is first read, once."""

    build: Callable[[], Source]

    @cached_property
    def _source(self) -> Source:
        return self.build()

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape that the records fill."""
        return self._source.grid

    @property
    def n_records(self) -> int:
        """Number of records."""
        return self._source.n_records

    def read(self, start: int, stop: int) -> Rows:
        """Return records start .. stop - 1."""
        return self._source.read(start, stop)
