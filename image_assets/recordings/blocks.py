"""Where the records of the Spark faces come from: tables of frames and series, or files (`task_files`).

A source is a small picklable value. Its tasks are handed to Spark; in a worker, `read` turns a task into blocks of
records, each small enough for the processor's cache.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from image_assets.errors import WarehouseError
from image_assets.signals.arrow import series_block, volume_block
from image_assets.signals.local import BLOCK_VALUES
from image_assets.signals.records import Rows, Step, run_steps
from image_assets.warehouse.parquet import MEBIBYTE
from image_assets.warehouse.reading import Fragment, read_fragment, split_files
from image_assets.warehouse.table import Table

TASK_BYTES = 64 * MEBIBYTE
"""Of decoded records that a task holds at most when it must hold all of its records at once."""
FRAME_BATCH_BYTES = 8 * MEBIBYTE
KEYS = ("z", "y", "x")


class BlockSource(Protocol):
    """Records in shares for tasks, in ascending order of their keys."""

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape that the records fill in C order: (t,) for volumes, (z, y, x) for series."""
        ...

    @property
    def n_records(self) -> int:
        """Number of records."""
        ...

    def tasks(self) -> list["BlockTask"]:
        """Divide the records into shares."""
        ...

    def read(self, task: Any) -> Iterator[Rows]:
        """Read the records of a share, block by block."""
        ...


@dataclass(frozen=True)
class BlockTask:
    """A share of a source and the steps that await it: all that a worker needs.

    Attributes:
        source: where the records come from.
        share: which of them; only the source knows what it means.
        rows: about how many.
        steps: what is done with them.
    """

    source: "BlockSource"
    share: Any
    rows: int
    steps: tuple[Step, ...] = ()

    def blocks(self) -> Iterator[Rows]:
        """Read the records of the share and send them through the steps."""
        for rows in self.source.read(self.share):
            yield run_steps(rows, self.steps)


@dataclass(frozen=True)
class FrameBlocks:
    """The volumes of a recording in the table `recording_frames`.

    Attributes:
        table: the table.
        recording: its partition.
        shape: (z, y, x).
        dtype: of the volumes.
        n_times: number of time points.
        min_tasks: number of shares at least, if there are as many files and row groups.
    """

    table: Table
    recording: str
    shape: tuple[int, ...]
    dtype: str
    n_times: int
    min_tasks: int = 1

    @property
    def grid(self) -> tuple[int, ...]:
        """(t,)."""
        return (self.n_times,)

    @property
    def n_records(self) -> int:
        """Number of time points."""
        return self.n_times

    @property
    def _volume_bytes(self) -> int:
        return max(1, math.prod(self.shape) * np.dtype(self.dtype).itemsize)

    def tasks(self) -> list[BlockTask]:
        """Divide the files into shares of consecutive time points."""
        per_task = max(1, min(TASK_BYTES // self._volume_bytes, -(-self.n_times // self.min_tasks)))
        fragments = split_files(self.table.files([self.recording]), per_task)
        return [BlockTask(self, fragment, fragment.rows) for fragment in fragments]

    def read(self, share: Fragment) -> Iterator[Rows]:
        """Read volumes."""
        rows = max(1, FRAME_BATCH_BYTES // self._volume_bytes)
        columns = ["t", "volume"]
        for batch in read_fragment(self.table.root, share, columns, self.table.partition_column, rows):
            times = np.asarray(batch["t"]).astype(np.int64)
            yield Rows(times[:, np.newaxis], volume_block(batch["volume"], self.shape, self.dtype))


@dataclass(frozen=True)
class SeriesBlocks:
    """The series of a recording in the table `pixel_series`.

    Attributes:
        table: the table.
        recording: its partition.
        grid: (z, y, x).
        dtype: of the recording; the table holds every number as a double.
        n_times: length of a series.
        min_tasks: number of shares at least, if there are as many row groups.
    """

    table: Table
    recording: str
    grid: tuple[int, ...]
    dtype: str
    n_times: int
    min_tasks: int = 1

    @property
    def n_records(self) -> int:
        """Number of voxels."""
        return math.prod(self.grid)

    def tasks(self) -> list[BlockTask]:
        """Divide the files into shares."""
        per_task = max(1, min(TASK_BYTES // (8 * self.n_times), -(-self.n_records // self.min_tasks)))
        fragments = split_files(self.table.files([self.recording]), per_task)
        return [BlockTask(self, fragment, fragment.rows) for fragment in fragments]

    def read(self, share: Fragment) -> Iterator[Rows]:
        """Read series."""
        rows = max(1, BLOCK_VALUES // self.n_times)
        for batch in read_fragment(self.table.root, share, [*KEYS, "series"], self.table.partition_column, rows):
            keys = np.stack([np.asarray(batch[name]) for name in KEYS], axis=1).astype(np.int64)
            yield Rows(keys, series_block(batch["series"]).astype(self.dtype))


class DeferredBlocks:
    """A source that is built when something is asked of it, once."""

    def __init__(self, build: Callable[[], BlockSource]) -> None:
        self._build = build

    @cached_property
    def resolved(self) -> BlockSource:
        """The source itself."""
        return self._build()

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape that the records fill."""
        return self.resolved.grid

    @property
    def n_records(self) -> int:
        """Number of records."""
        return self.resolved.n_records

    def tasks(self) -> list[BlockTask]:
        """Shares of the source itself."""
        return self.resolved.tasks()

    def read(self, share: Any) -> Iterator[Rows]:
        """Read a share of the source itself."""
        return self.resolved.read(share)


def first_record(source: BlockSource) -> Rows:
    """Read one record into this process, to learn what its kind looks like.

    Raises:
        WarehouseError: if there is none.
    """
    for task in source.tasks():
        for rows in task.blocks():
            if len(rows.keys):
                return Rows(rows.keys[:1], rows.values[:1])
    raise WarehouseError("there is no record to look at: every one was filtered out")
